use carillon_api::live::Health;
use carillon_kit::{
    Bells, Shape,
    format::Freshness,
    text::{fill, t},
};
use leptos::prelude::*;

use super::Frame;
use crate::{
    screen::Screen,
    slots::slots,
    view::{AlarmCard, alarms},
};

/// More than there is ever room for.
const CARDS_MAX: usize = 8;
/// Head and padding of the panel.
const FRAME: u32 = 60;

/// The alarms that stand.
#[component]
pub fn Alarms(screen: Screen) -> impl IntoView {
    let height = Memo::new(move |_| screen.layout.get().alarms);
    let freshness = screen.freshness(|panels| &panels.alarms);
    let uncertain = screen.memo(|state| state.panels.backlog.data.uncertain);
    let view = screen.memo_of(
        |panels| &panels.alarms,
        move |panel, _, now_ms| alarms(panel, uncertain.get(), height.get().saturating_sub(FRAME), now_ms),
    );
    let cards = Memo::new(move |_| view.with(|view| view.cards.clone()));
    let counts = move || {
        view.with(|view| match view.unacknowledged + view.acknowledged {
            0 => String::new(),
            _ => fill(
                "alarms.counts",
                &[("open", &view.unacknowledged), ("known", &view.acknowledged)],
            ),
        })
    };
    let is_known = Memo::new(move |_| freshness.get().is_current());
    view! {
        <Frame
            class="alarms"
            height=height
            freshness=freshness
            age=screen.age(|panels| &panels.alarms)
            title=t("alarms.title")
            note=Signal::derive(move || if is_known.get() { counts() } else { String::new() })
        >
            <Show
                when=move || is_known.get()
                fallback=move || {
                    view! {
                        <div class="calm">
                            <Shape health=Signal::derive(|| Health::None) />
                            <div>
                                <b>{t("alarms.unknown")}</b>
                                <Show when=move || freshness.get() != Freshness::Never>
                                    <span>{t("alarms.unknown_hint")}</span>
                                </Show>
                            </div>
                        </div>
                    }
                }
            >
                <div class="cards">
                    {slots(cards, CARDS_MAX, |card| view! { <Card card=card /> })}
                    <Show when=move || view.with(|view| view.more > 0)>
                        <div class="more">{move || fill("alarms.more", &[("n", &view.with(|view| view.more))])}</div>
                    </Show>
                </div>
                <Show when=move || cards.with(Vec::is_empty)>
                    <div class="calm">
                        <Bells />
                        <div>
                            <b>{t("alarms.none")}</b>
                            <span class="cut">{move || view.with(|view| view.last.clone())}</span>
                        </div>
                    </div>
                </Show>
                <Show when=move || view.with(|view| view.shelved.is_some())>
                    <div class="shelved">
                        <Shape health=Signal::derive(|| Health::Off) />
                        <span class="cut">{move || view.with(|view| view.shelved.clone())}</span>
                    </div>
                </Show>
            </Show>
        </Frame>
    }
}

#[component]
fn Card(card: Memo<AlarmCard>) -> impl IntoView {
    let class = move || {
        let blinks = if card.with(|card| card.blinks) {
            " blinks"
        } else {
            ""
        };
        format!("card {}{blinks}", card.with(|card| card.look).class())
    };
    view! {
        <div class=class>
            <div class="card-head">
                <Shape health=Signal::derive(move || card.with(|card| card.health)) />
                <Show when=move || card.with(|card| !card.severity.is_empty())>
                    <span class="severity">{move || card.with(|card| card.severity.clone())}</span>
                </Show>
                <b class="cut">{move || card.with(|card| card.title.clone())}</b>
                <span class="card-state">{move || card.with(|card| card.state.clone())}</span>
                <span class="span figure">{move || card.with(|card| card.span.clone())}</span>
            </div>
            <Show when=move || card.with(|card| !card.consequence.is_empty())>
                <div class="consequence cut">{move || card.with(|card| card.consequence.clone())}</div>
            </Show>
        </div>
    }
}
