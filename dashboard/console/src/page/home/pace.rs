use crate::console::use_console;
use crate::text::{fill, t};
use carillon_api::live::{POINTS_MAX, RatePoint};
use carillon_kit::chart::{Curve, Scale, round_top};
use carillon_kit::format::rate;
use leptos::prelude::*;

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;

/// What is accepted a second, over half an hour, with the day before as a ghost. A gap stays a gap.
#[component]
pub fn Pace() -> impl IntoView {
    let console = use_console();
    let rates = Memo::new(move |_| console.live.state.with(|state| state.panels.rates.clone()));
    let now = |point: &RatePoint| point.now.map(|rates| rates.accepted);
    let yesterday = |point: &RatePoint| point.yesterday.map(|rates| rates.accepted);
    let top = Memo::new(move |_| {
        rates.with(|panel| {
            let points = panel.data.points.iter();
            let highest = points
                .flat_map(|point| [now(point), yesterday(point)])
                .flatten()
                .fold(1.0, f64::max);
            round_top(highest)
        })
    });
    let curve = move |read: fn(&RatePoint) -> Option<f64>| {
        let scale = Scale::new(0.0, top.get(), HEIGHT);
        rates.with(|panel| {
            let points = panel.data.points.iter().map(read);
            Curve::draw(points, POINTS_MAX, WIDTH, |value| HEIGHT - scale.at(value)).path
        })
    };
    let sub = move || {
        rates.with(|panel| match panel.at_ms {
            0 => String::new(),
            _ => fill("home.pace_now", &[("rate", &rate(panel.data.now.accepted))]),
        })
    };
    view! {
        <section class="card" data-test="home-pace">
            <header><h2>{t("home.pace")}</h2><span class="sub">{sub}</span><span class="spring"></span>
                <span class="sub">{t("home.pace_ghost")}</span></header>
            <div class="pace">
                <span class="figure top-tick">{move || rate(top.get())}</span>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                    <path class="grid" d=format!("M0 0H{WIDTH}M0 {0}H{WIDTH}M0 {HEIGHT}H{WIDTH}", HEIGHT / 2.0) />
                    <path class="ghost" d=move || curve(yesterday) />
                    <path class="now" d=move || curve(now) />
                </svg>
                <span class="ticks"><i>{t("home.pace_begin")}</i><i>{t("home.pace_end")}</i></span>
            </div>
        </section>
    }
}
