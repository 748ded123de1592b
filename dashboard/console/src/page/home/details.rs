use crate::console::use_console;
use crate::model::beijing::duration;
use crate::model::number::{NONE, percent, share};
use crate::part::LoadBar;
use crate::text::{fill, t, word};
use carillon_api::live::Panels;
use carillon_kit::format::count;
use leptos::prelude::*;

/// A share of a host above which it is loud.
const BUSY: f64 = 0.9;

/// The next things one asks, where the screen has room for them.
#[component]
pub fn Details() -> impl IntoView {
    view! {
        <div class="details" data-test="home-details">
            {card("home.kinds", kinds)}
            {card("home.latency", latency)}
            {card("home.hosts", hosts)}
        </div>
    }
}

/// What it is, how much of its bar is filled and whether that is loud, and the figure.
type Line = (String, f64, bool, String);

fn card(title: &'static str, lines: fn(&Panels) -> Vec<Line>) -> impl IntoView {
    let console = use_console();
    let lines = Memo::new(move |_| console.live.state.with(|state| lines(&state.panels)));
    view! {
        <section class="card">
            <header><h2>{t(title)}</h2></header>
            <dl>
                {move || lines.get().into_iter().map(|(name, load, at_limit, figure)| view! {
                    <dt>{name}</dt>
                    <dd><LoadBar load at_limit /></dd>
                    <dd class="figure number">{figure}</dd>
                }).collect_view()}
            </dl>
        </section>
    }
}

fn kinds(panels: &Panels) -> Vec<Line> {
    let kinds = &panels.totals.data.kinds;
    let most = kinds.iter().map(|kind| kind.accepted).max().unwrap_or_default();
    let line = |kind: &carillon_api::live::KindRow| {
        let accepted = count(kind.accepted);
        let figure = match kind.delivery_rate {
            Some(rate) => fill(
                "home.kind_figure",
                &[("n", &accepted), ("rate", &percent(Some(rate)))],
            ),
            None => fill("home.kind_accepted", &[("n", &accepted)]),
        };
        (
            word("kind", &kind.kind),
            share(kind.accepted, most),
            false,
            figure,
        )
    };
    kinds.iter().map(line).collect()
}

fn latency(panels: &Panels) -> Vec<Line> {
    let now = &panels.latency.data.now;
    let most = now.p99_ms.unwrap_or_default();
    let line = |name: &str, ms: Option<u64>| {
        let figure = ms.map_or_else(
            || NONE.to_owned(),
            |ms| duration(i64::try_from(ms).unwrap_or(i64::MAX)),
        );
        (
            name.to_owned(),
            share(ms.unwrap_or_default(), most),
            false,
            figure,
        )
    };
    vec![
        line("p50", now.p50_ms),
        line("p95", now.p95_ms),
        line("p99", now.p99_ms),
    ]
}

fn hosts(panels: &Panels) -> Vec<Line> {
    let line = |name: &str, key: &'static str, part: Option<f64>| {
        let figure = part.map_or_else(
            || NONE.to_owned(),
            |part| format!("{}%", percent(Some(part * 100.0))),
        );
        let of: [(&str, &dyn std::fmt::Display); 2] = [("host", &name), ("what", &t(key))];
        let busy = part.is_some_and(|part| part >= BUSY);
        (
            fill("home.host", &of),
            part.unwrap_or_default() * 100.0,
            busy,
            figure,
        )
    };
    let hosts = panels.hosts.data.hosts.iter();
    hosts
        .flat_map(|host| {
            [
                line(&host.name, "home.cpu", host.cpu),
                line(&host.name, "home.memory", host.memory),
                line(&host.name, "home.disk", host.disk),
            ]
        })
        .collect()
}
