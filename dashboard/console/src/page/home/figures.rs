use crate::console::use_console;
use crate::model::beijing::duration_s;
use crate::model::number::{NONE, percent, share};
use crate::text::{fill, t};
use carillon_api::live::TotalsPanel;
use carillon_kit::format::count;
use leptos::prelude::*;

/// The figures of today.
#[component]
pub fn Figures() -> impl IntoView {
    let console = use_console();
    let totals = Memo::new(move |_| console.live.state.with(|state| state.panels.totals.clone()));
    let backlog = Memo::new(move |_| console.live.state.with(|state| state.panels.backlog.clone()));
    let figure = |name: &'static str,
                  value: Signal<String>,
                  unit: &'static str,
                  more: Signal<String>,
                  test: &'static str| {
        view! {
            <div class="key" data-test=test>
                <h2>{t(name)}</h2>
                <p><b class="figure">{move || value.get()}</b><small>{t(unit)}</small></p>
                <small class="more">{move || more.get()}</small>
            </div>
        }
    };
    // Nothing heard is not nothing counted.
    let of = move |read: fn(&TotalsPanel) -> String| {
        Signal::derive(move || totals.with(|panel| known(panel.at_ms, || read(&panel.data))))
    };
    let waiting = Signal::derive(move || {
        totals.with(|panel| {
            known(panel.at_ms, || {
                let ended = panel.data.segments_delivered + panel.data.segments_failed;
                count(panel.data.segments_submitted.saturating_sub(ended))
            })
        })
    });
    let queue = Signal::derive(move || {
        backlog.with(|panel| {
            known(panel.at_ms, || match (panel.data.waiting, panel.data.drain_s) {
                (0, _) => t("home.no_queue").to_owned(),
                (waiting, Some(seconds)) => fill(
                    "home.queue",
                    &[("n", &count(waiting)), ("time", &duration_s(seconds))],
                ),
                (waiting, None) => fill("home.queue_stands", &[("n", &count(waiting))]),
            })
        })
    });
    let uncertain = Signal::derive(move || {
        backlog.with(|panel| match panel.data.uncertain {
            0 => t("home.none_uncertain").to_owned(),
            n => fill("home.uncertain", &[("n", &count(n))]),
        })
    });
    let delivered_share = of(|totals| {
        totals.delivery_rate.map_or_else(String::new, |rate| {
            fill("home.delivery_rate", &[("rate", &percent(Some(rate)))])
        })
    });
    let failed_share = of(|totals| {
        let ended = totals.delivered + totals.failed;
        fill(
            "home.failed_share",
            &[(
                "share",
                &percent((ended > 0).then(|| share(totals.failed, ended))),
            )],
        )
    });
    view! {
        <section class="card keys-row">
            {figure("home.accepted", of(|totals| count(totals.accepted)), "unit.messages", queue, "key-accepted")}
            {figure("home.delivered", of(|totals| count(totals.delivered)), "unit.messages", delivered_share, "key-delivered")}
            {figure("home.failed", of(|totals| count(totals.failed)), "unit.messages", failed_share, "key-failed")}
            {figure("home.waiting", waiting, "unit.segments", uncertain, "key-waiting")}
        </section>
    }
}

fn known(at_ms: u64, figure: impl FnOnce() -> String) -> String {
    if at_ms == 0 { NONE.to_owned() } else { figure() }
}
