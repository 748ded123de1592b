use carillon_kit::text::t;
use leptos::prelude::*;

use super::Frame;
use crate::{
    screen::Screen,
    slots::slots,
    view::{KIND_ROWS_MAX, KindLine, totals},
};

/// Today by channel kind.
#[component]
pub fn Totals(screen: Screen) -> impl IntoView {
    let lines = screen.memo(move |state| totals(&state.panels.totals.data, screen.layout.get().kind_rows));
    let row = move |line: Memo<KindLine>| {
        view! {
            <div class="kind">
                <span class="name cut">{move || line.with(|line| line.name.clone())}</span>
                <span class="track">
                    <span class="bar" style:width=move || format!("{:.2}%", line.with(|line| line.share) * 100.0)></span>
                </span>
                <b class="figure">{move || line.with(|line| line.accepted.clone())}</b>
                <span class="detail cut">{move || line.with(|line| line.detail.clone())}</span>
            </div>
        }
    };
    view! {
        <Frame
            class="totals"
            height=Signal::derive(move || screen.layout.get().totals)
            freshness=screen.freshness(|panels| &panels.totals)
            age=screen.age(|panels| &panels.totals)
            title=t("totals.title")
        >
            <div class="kinds" class:detailed=move || screen.layout.get().details>
                {slots(lines, KIND_ROWS_MAX, row)}
                <Show when=move || lines.with(Vec::is_empty)>
                    <p class="nothing">{t("totals.none")}</p>
                </Show>
            </div>
        </Frame>
    }
}
