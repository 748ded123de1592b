use carillon_kit::{
    format::{Freshness, count},
    text::t,
};
use leptos::prelude::*;

use super::{class_of_age, rem};
use crate::{screen::Screen, view::backlog};

/// What waits and how long it will.
#[component]
pub fn Backlog(screen: Screen) -> impl IntoView {
    let view = screen.memo(|state| backlog(&state.panels.backlog.data, &state.panels.alarms.data.alarms));
    let waiting = screen.moving(|panels| &panels.backlog, |data| Some(data.waiting as f64));
    let freshness = screen.freshness(|panels| &panels.backlog);
    // One text: a second one would lose its words whenever the first changes.
    let class = move || {
        let warns = freshness.get().is_current() && view.with(|view| view.warns);
        format!(
            "panel backlog {}{}{}",
            class_of_age(freshness.get()),
            if view.with(|view| view.uncertain.is_some()) {
                " crowded"
            } else {
                ""
            },
            if warns { " warns" } else { "" },
        )
    };
    view! {
        <section
            class=class
            style:height=move || rem(f64::from(screen.layout.get().backlog))
        >
            <div>
                <div class="label">{t("backlog.waiting")}</div>
                <div class="key figure strong" class:long=move || view.with(|view| view.waiting.len() > 7)>
                    {move || count(waiting.get().round() as u64)} <small>{t("backlog.messages")}</small>
                </div>
            </div>
            <div>
                <div class="label">{t("backlog.drain")}</div>
                <div class="key figure strong" class:words=move || view.with(|view| view.drain_unit.is_empty())>
                    {move || view.with(|view| view.drain.clone())} <small>{move || view.with(|view| view.drain_unit)}</small>
                </div>
            </div>
            <Show when=move || view.with(|view| view.uncertain.is_some())>
                <div class="uncertain">
                    <div class="label">{t("backlog.uncertain")}</div>
                    <div class="figure">
                        {move || view.with(|view| view.uncertain.clone())} <small>{t("backlog.segments")}</small>
                    </div>
                </div>
            </Show>
            <Show when=move || freshness.get() == Freshness::Never>
                <span class="age">{t("panel.never")}</span>
            </Show>
        </section>
    }
}
