use super::ROWS_MAX;
use crate::console::{Console, use_console};
use crate::model::beijing::short_minute;
use crate::model::connection_line::{ConnectionLine, by_urgency};
use crate::model::place::{OPEN, Page, Place};
use crate::part::{Empty, HealthMark, PlaceLink};
use crate::text::{fill, t};
use leptos::prelude::*;

/// Connections that are not as they should be.
#[component]
pub fn Troubled() -> impl IntoView {
    let console = use_console();
    let rows = Memo::new(move |_| {
        console.live.state.with(|state| {
            let mut lines: Vec<_> = state
                .panels
                .connections
                .data
                .connections
                .iter()
                .map(ConnectionLine::of_live)
                .collect();
            by_urgency(&mut lines);
            lines
        })
    });
    let wrong = Memo::new(move |_| {
        rows.with(|rows| {
            rows.iter()
                .filter(|row| row.is_in_trouble())
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let sub = move || {
        let (all, wrong) = (rows.with(Vec::len), wrong.with(Vec::len));
        fill("home.of_all", &[("all", &all), ("n", &wrong)])
    };
    view! {
        <section class="card" data-test="home-connections">
            <header><h2>{t("home.troubled")}</h2><span class="sub">{sub}</span><span class="spring"></span>
                <PlaceLink place=Place::of(Page::Connections)>{t("home.all_connections")}</PlaceLink></header>
            <ul class="rows">
                {move || wrong.get().into_iter().take(ROWS_MAX).map(|line| trouble(console, line)).collect_view()}
            </ul>
            <Show when=move || wrong.with(Vec::is_empty)>
                {move || match rows.with(Vec::len) {
                    0 => view! { <Empty words=t("home.no_connection") more=t("home.no_connection_more") /> }.into_any(),
                    n => view! { <Empty words=fill("home.all_well", &[("n", &n)]) more=t("home.all_well_more") /> }.into_any(),
                }}
            </Show>
        </section>
    }
}

fn trouble(console: Console, line: ConnectionLine) -> impl IntoView {
    let since = line.since_ms.map(|since| {
        fill(
            "home.since",
            &[("at", &short_minute(since, console.now_ms_untracked()))],
        )
    });
    let place = Place::of(Page::Connections).with(OPEN, line.name.as_str());
    view! {
        <li>
            <HealthMark health=line.health />
            <b>{line.name.clone()}</b>
            <span class="cut spring">{[Some(line.state_words()), since].into_iter().flatten().collect::<Vec<_>>().join(" · ")}</span>
            <PlaceLink place class="button">{t("home.look")}</PlaceLink>
        </li>
    }
}
