use carillon_api::live::Rates as Figures;
use carillon_kit::{format::rate, text::t};
use leptos::prelude::*;

use super::{Frame, rem};
use crate::{
    screen::Screen,
    view::{RateRow, rates},
};

const CHART_WIDTH: f64 = 226.0;
/// What a panel has besides its three charts: head, and a line of words below each.
const HEAD: f64 = 58.0;
const WORDS: f64 = 42.0;
/// Where charts are lower than this, figures are smaller.
const COMPACT_BELOW: f64 = 66.0;

/// Accepted, submitted, receipts: now, the last half hour, and yesterday.
#[component]
pub fn Rates(screen: Screen) -> impl IntoView {
    let height = Memo::new(move |_| ((f64::from(screen.layout.get().rates) - HEAD) / 3.0 - WORDS).floor());
    let rows = screen.memo(move |state| rates(&state.panels.rates.data, CHART_WIDTH, height.get()));
    let is_compact = Memo::new(move |_| height.get() < COMPACT_BELOW);
    let row = move |index: usize, label: &'static str, of: fn(&Figures) -> f64| {
        let row = Memo::new(move |_| rows.with(|rows: &[RateRow; 3]| rows[index].clone()));
        let now = screen.moving(|panels| &panels.rates, move |data| Some(of(&data.now)));
        view! { <Row row=row now=now label=label height=height is_compact=is_compact /> }
    };
    view! {
        <Frame
            class="rates"
            height=Signal::derive(move || screen.layout.get().rates)
            freshness=screen.freshness(|panels| &panels.rates)
            age=screen.age(|panels| &panels.rates)
            title=t("rates.title")
            note=t("rates.note")
        >
            {row(0, t("rates.accepted"), |now| now.accepted)}
            {row(1, t("rates.submitted"), |now| now.submitted)}
            {row(2, t("rates.receipts"), |now| now.receipts)}
        </Frame>
    }
}

#[component]
fn Row(
    row: Memo<RateRow>,
    now: ReadSignal<f64>,
    label: &'static str,
    height: Memo<f64>,
    is_compact: Memo<bool>,
) -> impl IntoView {
    let end = move || row.with(|row| row.line.end);
    view! {
        <div class="rate" class:compact=move || is_compact.get()>
            <div class="rate-figure">
                <div class="label">{label}</div>
                <div
                    class="key figure strong"
                    class:long=move || row.with(|row| row.figure.len() > 5)
                    class:longer=move || row.with(|row| row.figure.len() > 6)
                >
                    {move || rate(now.get())}
                </div>
            </div>
            <div class="rate-chart">
                <svg
                    viewBox=move || format!("0 0 {CHART_WIDTH} {}", height.get())
                    style:width=rem(CHART_WIDTH)
                    style:height=move || rem(height.get())
                    aria-hidden="true"
                >
                    <path class="area" d=move || row.with(|row| row.area.clone()) />
                    <path class="floor" d=move || format!("M0 {0}H{CHART_WIDTH}", height.get()) />
                    <path class="ghost" d=move || row.with(|row| row.ghost.clone()) />
                    <path class="now" d=move || row.with(|row| row.line.path.clone()) />
                    <circle
                        class="end"
                        r=move || if end().is_some() { "5" } else { "0" }
                        cx=move || end().unwrap_or_default().0.to_string()
                        cy=move || end().unwrap_or_default().1.to_string()
                    />
                </svg>
                <div class="yesterday">
                    <Show when=move || row.with(|row| row.yesterday.is_some())>
                        <svg class="dash" viewBox="0 0 30 4" aria-hidden="true"><path d="M0 2h30" /></svg>
                        <span>{t("rates.yesterday")}</span>
                        <b class="figure">{move || row.with(|row| row.yesterday.clone())}</b>
                        <span class="change figure">{move || row.with(|row| row.change.clone())}</span>
                    </Show>
                </div>
            </div>
        </div>
    }
}
