use carillon_kit::text::t;
use leptos::prelude::*;

use super::{Frame, rem};
use crate::{
    screen::Screen,
    slots::slots,
    view::{LatencyLine, LatencyView, Tick, latency},
};

const WIDTH: f64 = 262.0;
/// Head and padding of the panel.
const FRAME: f64 = 82.0;

/// From submission to receipt.
#[component]
pub fn Latency(screen: Screen) -> impl IntoView {
    let height = Memo::new(move |_| f64::from(screen.layout.get().latency) - FRAME);
    let view = screen.memo(move |state| latency(&state.panels.latency.data, WIDTH, height.get()));
    let ticks = Memo::new(move |_| view.with(|view: &LatencyView| view.ticks.clone()));
    let lines = Memo::new(move |_| view.with(|view| view.lines.clone()));
    let name = |line: Memo<LatencyLine>| move || line.with(|line| line.name);
    view! {
        <Frame
            class="latency"
            height=Signal::derive(move || screen.layout.get().latency)
            freshness=screen.freshness(|panels| &panels.latency)
            age=screen.age(|panels| &panels.latency)
            title=t("latency.title")
            note=t("latency.unit")
        >
            <div class="plot" style:height=move || rem(height.get())>
                <div class="marks figure">
                    {slots(ticks, 5, |tick: Memo<Tick>| {
                        view! {
                            <span style:top=move || rem(tick.with(|tick| tick.y))>{move || tick.with(|tick| tick.text.clone())}</span>
                        }
                    })}
                </div>
                <svg
                    viewBox=move || format!("0 0 {WIDTH} {}", height.get())
                    style:width=rem(WIDTH)
                    style:height=move || rem(height.get())
                    aria-hidden="true"
                >
                    <path
                        class="floor"
                        d=move || ticks.with(|ticks| ticks.iter().map(|tick| format!("M0 {:.1}H{WIDTH}", tick.y)).collect::<String>())
                    />
                    {(0..3)
                        .map(|index| {
                            let line = Memo::new(move |_| lines.with(|lines| lines.get(index).cloned().unwrap_or_default()));
                            view! {
                                <path
                                    class=move || format!("line {}", name(line)())
                                    d=move || line.with(|line| line.curve.path.clone())
                                />
                            }
                        })
                        .collect_view()}
                </svg>
                <div class="ends">
                    {slots(lines, 3, move |line: Memo<LatencyLine>| {
                        view! {
                            <div class=name(line) style:top=move || rem(line.with(|line| line.label_y))>
                                <span class="figure">{name(line)}</span>
                                <b class="figure strong">{move || line.with(|line| line.figure.clone())}</b>
                            </div>
                        }
                    })}
                </div>
            </div>
        </Frame>
    }
}
