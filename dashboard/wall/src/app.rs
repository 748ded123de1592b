//! The page: the way in, the panels in their places, the keyboard.

use carillon_kit::live::{LinkView, Live};
use leptos::{ev, prelude::*};

use crate::{
    entry::{Entry, enter},
    keys, panel,
    screen::Screen,
    shift::shift,
};

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    #[cfg(feature = "fixtures")]
    if let Some(live) = crate::fixture::asked_for() {
        return view! { <Wall live=live /> }.into_any();
    }
    let entry = RwSignal::new(None);
    leptos::task::spawn_local(async move { entry.set(Some(enter().await)) });
    view! {
        {move || match entry.get() {
            None => ().into_any(),
            Some(Entry::Refused) => view! { <panel::Gate token_is_refused=true /> }.into_any(),
            Some(Entry::Open { as_wall: true }) => view! { <Wall live=Live::start_as_wall(None) /> }.into_any(),
            Some(Entry::Open { as_wall: false }) => view! { <Wall live=Live::start(None) /> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn Wall(live: Live) -> impl IntoView {
    let screen = Screen::new(live);
    let keyboard = window_event_listener(ev::keydown, move |event| {
        let has_modifier = event.ctrl_key() || event.alt_key() || event.meta_key();
        if let Some(command) = keys::command(&event.key(), has_modifier) {
            event.prevent_default();
            screen.perform(command);
        }
    });
    on_cleanup(move || keyboard.remove());
    Effect::new(move |_| {
        if let Some(page) = document().document_element() {
            // Without its skin the page has the one it was delivered with.
            let _ = page.set_attribute("data-skin", screen.skin.get().word());
        }
    });
    let may_look = Memo::new(move |_| screen.link() != LinkView::Refused);
    let place = Memo::new(move |_| shift(screen.now_ms()));
    view! {
        <Show when=move || may_look.get() fallback=|| view! { <panel::Gate token_is_refused=false /> }>
            <main
                class="wall"
                class:lost=move || matches!(screen.link(), LinkView::Lost { .. })
                style:left=move || format!("{}px", place.get().0)
                style:top=move || format!("{}px", place.get().1)
            >
                <panel::Header screen=screen />
                <div class="columns">
                    <div class="column side">
                        <panel::Rates screen=screen />
                        <panel::Backlog screen=screen />
                        <panel::Totals screen=screen />
                        <panel::Campaigns screen=screen />
                    </div>
                    <div class="column middle">
                        <panel::Map screen=screen />
                        <panel::Matrix screen=screen />
                    </div>
                    <div class="column side">
                        <panel::Delivery screen=screen />
                        <panel::Latency screen=screen />
                        <panel::Alarms screen=screen />
                    </div>
                </div>
                <panel::Strip screen=screen />
                <panel::Help screen=screen />
            </main>
        </Show>
    }
}
