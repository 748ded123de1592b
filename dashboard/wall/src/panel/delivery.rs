use carillon_kit::{
    format::per_cent,
    text::{fill, t},
};
use leptos::prelude::*;

use super::{class_of_age, rem};
use crate::{
    screen::Screen,
    slots::slots,
    view::{DotRow, KIND_ROWS_MAX, delivery},
};

/// How much of today's messages has arrived.
#[component]
pub fn Delivery(screen: Screen) -> impl IntoView {
    let view = screen.memo(|state| delivery(&state.panels.totals.data));
    let all = screen.moving(|panels| &panels.totals, |data| data.delivery_rate);
    let rows = Memo::new(move |_| view.with(|view| view.rows.clone()));
    let target = Memo::new(move |_| view.with(|view| view.target));
    let freshness = screen.freshness(|panels| &panels.totals);
    let age = screen.age(|panels| &panels.totals);
    let row = move |row: Memo<DotRow>| {
        view! {
            <div class="dots-row" class:below=move || row.with(|row| row.is_below)>
                <span class="name cut">{move || row.with(|row| row.name.clone())}</span>
                <span class="range">
                    <Show when=move || row.with(|row| row.at.is_some())>
                        <i style:left=move || format!("{:.2}%", row.with(|row| row.at).unwrap_or(0.0) * 100.0)></i>
                    </Show>
                </span>
                <b class="figure">
                    <Show when=move || row.with(|row| row.is_below)>
                        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="M1 3h22L12 22z" /></svg>
                    </Show>
                    {move || row.with(|row| row.rate.clone())}
                </b>
            </div>
        }
    };
    view! {
        <section
            class=move || format!("panel delivery {}", class_of_age(freshness.get()))
            style:height=move || rem(f64::from(screen.layout.get().delivery))
        >
            <div class="total">
                <div class="label">{t("delivery.today")} <br /> {t("delivery.rate")}</div>
                <Show
                    when=move || view.with(|view| view.is_known)
                    fallback=|| view! { <div class="nothing">{t("delivery.none")}</div> }
                >
                    <div class="key figure strong">{move || per_cent(all.get())} <small>"%"</small></div>
                </Show>
            </div>
            <span class="age">{move || age.get()}</span>
            <div class="dots" class:bare=move || rows.with(Vec::is_empty)>
                <div class="ruler"><i class="target" style:left=move || format!("{:.2}%", target.get() * 100.0)></i></div>
                {slots(rows, KIND_ROWS_MAX, row)}
                <div class="axis figure">
                    <span class="from">{move || view.with(|view| view.low)}</span>
                    <span class="target" style:left=move || format!("{:.2}%", target.get() * 100.0)>
                        {fill("delivery.target", &[("n", &95)])}
                    </span>
                    <span class="to">"100"</span>
                </div>
            </div>
        </section>
    }
}
