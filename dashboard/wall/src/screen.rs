//! What all panels share: the live state, time, and what the keyboard chose.

use carillon_api::live::{LiveState, Panel, Panels};
use carillon_kit::{
    format::{Freshness, clock},
    live::{LinkView, Live},
    moving,
    settings::{keep, kept},
    text::{fill, t},
};
use leptos::prelude::*;

use crate::{
    keys::{Command, LANGUAGE, SKIN},
    scenes,
    skin::Skin,
    view::{Layout, layout},
};

/// One screen. It lives as long as the page.
#[derive(Clone, Copy)]
pub struct Screen {
    live: Live,
    /// The picture that stays while somebody points at it.
    frozen: RwSignal<Option<LiveState>>,
    pub skin: RwSignal<Skin>,
    pub shows_help: RwSignal<bool>,
    /// Since when each scene is followed by the next.
    pub rotates_since_ms: RwSignal<Option<u64>>,
    pub layout: Memo<Layout>,
}

impl Screen {
    /// A screen over a feed.
    pub fn new(live: Live) -> Self {
        let frozen = RwSignal::new(None);
        let with =
            move |read: fn(&Panels) -> (usize, usize)| with_state(live, frozen, |state| read(&state.panels));
        let screen = Self {
            live,
            frozen,
            skin: RwSignal::new(Skin::parse(&kept(SKIN).unwrap_or_default())),
            shows_help: RwSignal::new(false),
            rotates_since_ms: RwSignal::new(None),
            layout: Memo::new(move |_| {
                let (kinds, campaigns) = with(|panels| {
                    (
                        panels.totals.data.kinds.len(),
                        panels.campaigns.data.campaigns.len(),
                    )
                });
                layout(kinds, campaigns)
            }),
        };
        screen.rotate_when_due();
        screen
    }

    /// Something computed from the state.
    pub fn memo<T: PartialEq + Send + Sync + 'static>(
        self,
        read: impl Fn(&LiveState) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |_| with_state(self.live, self.frozen, &read))
    }

    /// Something computed from a panel, how fresh it is, and time.
    pub fn memo_of<D: 'static, T: PartialEq + Send + Sync + 'static>(
        self,
        panel: fn(&Panels) -> &Panel<D>,
        read: impl Fn(&D, Freshness, u64) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        let freshness = self.freshness(panel);
        Memo::new(move |_| {
            let (freshness, now_ms) = (freshness.get(), self.now_ms());
            with_state(self.live, self.frozen, |state| {
                read(&panel(&state.panels).data, freshness, now_ms)
            })
        })
    }

    /// A figure of a panel that moves to each new value; `None` while none is known.
    pub fn moving<D: 'static>(
        self,
        panel: fn(&Panels) -> &Panel<D>,
        read: impl Fn(&D) -> Option<f64> + Send + Sync + 'static,
    ) -> ReadSignal<f64> {
        moving(self.memo(move |state| {
            let panel = panel(&state.panels);
            (panel.at_ms > 0).then(|| read(&panel.data)).flatten()
        }))
    }

    /// How old a panel is. Without a link nothing is current, however young.
    pub fn freshness<D: 'static>(self, panel: fn(&Panels) -> &Panel<D>) -> Memo<Freshness> {
        Memo::new(move |_| {
            let at_ms = with_state(self.live, self.frozen, |state| panel(&state.panels).at_ms);
            match (Freshness::of(at_ms, self.now_ms()), self.link()) {
                (Freshness::Never, _) => Freshness::Never,
                (_, LinkView::Lost { .. } | LinkView::Refused) => Freshness::Stale,
                (freshness, _) => freshness,
            }
        })
    }

    /// What a panel says of its age.
    pub fn age<D: 'static>(self, panel: fn(&Panels) -> &Panel<D>) -> Memo<String> {
        let freshness = self.freshness(panel);
        Memo::new(move |_| {
            let at_ms = with_state(self.live, self.frozen, |state| panel(&state.panels).at_ms);
            match freshness.get() {
                Freshness::Live | Freshness::Late => {
                    carillon_kit::format::ago(self.now_ms().saturating_sub(at_ms))
                }
                Freshness::Stale => fill("panel.stopped", &[("time", &clock(at_ms))]),
                Freshness::Never => t("panel.never").to_owned(),
            }
        })
    }

    /// The server's clock.
    pub fn now_ms(self) -> u64 {
        self.live.now_ms.get()
    }

    /// How the link is.
    pub fn link(self) -> LinkView {
        self.live.link.get()
    }

    /// When the picture was paused.
    pub fn paused_at_ms(self) -> Option<u64> {
        self.frozen
            .with(|frozen| frozen.as_ref().map(|state| state.at_ms))
    }

    /// Does what a key asks for.
    pub fn perform(self, command: Command) {
        match command {
            Command::Help => self.shows_help.update(|shown| *shown = !*shown),
            Command::CloseHelp => self.shows_help.set(false),
            Command::Skin => {
                self.skin.update(|skin| *skin = skin.other());
                keep(SKIN, self.skin.get_untracked().word());
            }
            Command::FullScreen => toggle_full_screen(),
            Command::Scene(scene) => {
                let scope = self
                    .live
                    .state
                    .with_untracked(|state| scenes::scope_of(scene, &state.scopes));
                if let Some(scope) = scope {
                    self.live.show(scope);
                }
            }
            Command::Rotate => {
                let now_ms = self.live.now_ms.get_untracked();
                self.rotates_since_ms
                    .update(|since| *since = since.is_none().then_some(now_ms));
            }
            Command::Pause => {
                let state = self
                    .frozen
                    .with_untracked(Option::is_none)
                    .then(|| self.live.state.get_untracked());
                self.frozen.set(state);
            }
            Command::Language => {
                let is_english = kept(LANGUAGE).as_deref() == Some("en");
                keep(LANGUAGE, if is_english { "zh" } else { "en" });
                // Without a reload the language stays as it is.
                let _ = window().location().reload();
            }
        }
    }

    /// A paused picture does not rotate.
    fn rotate_when_due(self) {
        Effect::new(move |_| {
            let now_ms = self.now_ms();
            let Some(since_ms) = self.rotates_since_ms.get() else {
                return;
            };
            if now_ms.saturating_sub(since_ms) >= scenes::ROTATE_EVERY_MS && self.paused_at_ms().is_none() {
                let scope = self
                    .live
                    .state
                    .with_untracked(|state| scenes::next(&state.scope, &state.scopes));
                self.live.show(scope);
                self.rotates_since_ms.set(Some(now_ms));
            }
        });
    }
}

fn with_state<T>(live: Live, frozen: RwSignal<Option<LiveState>>, read: impl FnOnce(&LiveState) -> T) -> T {
    frozen.with(|frozen| match frozen {
        Some(state) => read(state),
        None => live.state.with(read),
    })
}

/// A browser may refuse; the key then does nothing, as for any other page.
fn toggle_full_screen() {
    let document = document();
    if document.fullscreen_element().is_some() {
        document.exit_fullscreen();
    } else if let Some(page) = document.document_element() {
        let _ = page.request_fullscreen();
    }
}
