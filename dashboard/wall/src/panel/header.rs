use carillon_kit::{
    Bells, Shape, class_of,
    format::{Moment, clock, date_text},
    live::LinkView,
    text::t,
};
use leptos::prelude::*;

use crate::{
    screen::Screen,
    view::{Counter, link_line, lost, overall},
};

/// Product, organisation, state, alarm counters, link, clock. While the link is lost a banner takes the place of all that
/// would be guesswork; nothing else moves.
#[component]
pub fn Header(screen: Screen) -> impl IntoView {
    let state = screen.memo_of(|panels| &panels.overview, overall);
    let scope = screen.memo(|state| state.scope.clone());
    let at_ms = screen.memo(|state| state.at_ms);
    let line =
        Memo::new(move |_| link_line(screen.link(), screen.paused_at_ms(), at_ms.get(), screen.now_ms()));
    let banner = Memo::new(move |_| lost(screen.link(), at_ms.get()));
    let is_lost = Memo::new(move |_| matches!(screen.link(), LinkView::Lost { .. }));
    let counter = move |label: &'static str,
                        counter: fn(&crate::view::Overall) -> &Counter,
                        class: &'static str| {
        view! {
            <span class=format!("counter {class}") class:any=move || state.with(|state| counter(state).health.is_some())>
                <Shape health=Signal::derive(move || {
                    let shape = if class == "critical" { carillon_api::live::Health::Failed } else { carillon_api::live::Health::Degraded };
                    state.with(|state| counter(state).health.unwrap_or(shape))
                }) />
                <span>{label}</span>
                <b class="figure strong">{move || state.with(|state| counter(state).figure.clone())}</b>
            </span>
        }
    };
    view! {
        <header class="head">
            <div class="brand">
                <Bells />
                <div>
                    <div class="wordmark">{t("product.name")}</div>
                    <div class="line">{t("product.line")}</div>
                </div>
                <div class="scope cut">
                    {move || {
                        let scope = scope.get();
                        if scope.is_empty() { t("head.whole").to_owned() } else { scope }
                    }}
                </div>
            </div>
            <Show
                when=move || !is_lost.get()
                fallback=move || {
                    view! {
                        <div class="banner" role="alert">
                            <Shape health=Signal::derive(|| carillon_api::live::Health::Failed) />
                            <b>{t("lost.title")}</b>
                            <span class="figure">{move || banner.get().unwrap_or_default().stopped}</span>
                            <span class="retry figure">
                                {move || banner.get().unwrap_or_default().retry} " · " {t("lost.polling")}
                            </span>
                        </div>
                    }
                }
            >
                <div class=move || format!("state {}", class_of(state.with(|state| state.health)))>
                    <Shape health=Signal::derive(move || state.with(|state| state.health)) />
                    <b class="word">{move || state.with(|state| state.word)}</b>
                    <span class="since figure">{move || state.with(|state| state.since.clone())}</span>
                </div>
                <div class="counters">
                    {counter(t("head.critical"), |state| &state.critical, "critical")}
                    {counter(t("head.warning"), |state| &state.warning, "warning")}
                </div>
                <div class="link">
                    <Shape health=Signal::derive(move || line.with(|line| line.health)) />
                    <span>{move || line.with(|line| line.word)}</span>
                    <span class="figure">{move || line.with(|line| line.age.clone())}</span>
                </div>
            </Show>
            <div class="clock">
                <div class="time figure strong">{move || clock(screen.now_ms())}</div>
                <div class="date">{move || date_text(Moment::of(screen.now_ms()))}</div>
            </div>
        </header>
    }
}
