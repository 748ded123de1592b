use carillon_kit::{Shape, class_of};
use leptos::prelude::*;

use crate::{
    screen::Screen,
    slots::slots,
    view::{Cell, Gauge, Line, strip},
};

const CELLS_MAX: usize = 10;

/// Hosts, stores, accounts.
#[component]
pub fn Strip(screen: Screen) -> impl IntoView {
    let hosts = screen.freshness(|panels| &panels.hosts);
    let accounts = screen.freshness(|panels| &panels.accounts);
    let view = screen.memo(move |state| {
        let freshness = (hosts.get(), accounts.get());
        strip(&state.panels.hosts.data, &state.panels.accounts.data, freshness)
    });
    let cells = Memo::new(move |_| view.with(|(cells, _)| cells.clone()));
    view! {
        <footer class="strip" style:grid-template-columns=move || format!("repeat({}, 1fr)", view.with(|(_, columns)| *columns))>
            {slots(cells, CELLS_MAX, |cell| view! { <StripCell cell=cell /> })}
        </footer>
    }
}

#[component]
fn StripCell(cell: Memo<Cell>) -> impl IntoView {
    let gauges = Memo::new(move |_| cell.with(|cell| cell.gauges.clone()));
    let lines = Memo::new(move |_| cell.with(|cell| cell.lines.clone()));
    let gauge = |gauge: Memo<Gauge>| {
        view! {
            <div class="gauge" class:over=move || gauge.with(|gauge| gauge.is_over)>
                <span>{move || gauge.with(|gauge| gauge.label)}</span>
                <b class="figure">{move || gauge.with(|gauge| gauge.figure.clone())}</b>
                <span class="track">
                    <span
                        class="bar"
                        style:width=move || format!("{:.2}%", gauge.with(|gauge| gauge.share).unwrap_or(0.0) * 100.0)
                    ></span>
                    <i style:left=move || format!("{:.2}%", gauge.with(|gauge| gauge.limit) * 100.0)></i>
                </span>
            </div>
        }
    };
    let line = |line: Memo<Line>| {
        view! {
            <div class="cell-line">
                <span class="cut">{move || line.with(|line| line.label.clone())}</span>
                <b class="figure">{move || line.with(|line| line.figure.clone())}</b>
            </div>
        }
    };
    view! {
        <section
            class=move || format!("panel cell {}", class_of(cell.with(|cell| cell.health)))
            style:grid-column=move || format!("span {}", cell.with(|cell| cell.columns))
        >
            <div class="cell-head">
                <Shape health=Signal::derive(move || cell.with(|cell| cell.health)) />
                <b class="cut">{move || cell.with(|cell| cell.title.clone())}</b>
                <span class="word figure">{move || cell.with(|cell| cell.word.clone())}</span>
            </div>
            <div class="gauges">{slots(gauges, 4, gauge)}</div>
            {slots(lines, 2, line)}
        </section>
    }
}
