use crate::console::use_console;
use crate::model::number::share;
use crate::part::LoadBar;
use crate::text::{fill, t, word};
use carillon_api::live::StoreRow;
use carillon_kit::format::{bytes, count};
use leptos::prelude::*;

/// Above this share of its disk a store is loud.
const FULL_PERCENT: f64 = 90.0;

/// What runs out, and when.
#[component]
pub fn Stores() -> impl IntoView {
    let console = use_console();
    let stores = Memo::new(move |_| {
        console
            .live
            .state
            .with(|state| state.panels.hosts.data.stores.clone())
    });
    view! {
        <section class="card stores" hidden=move || stores.with(Vec::is_empty) data-test="home-stores">
            <h2>{t("home.stores")}</h2>
            {move || stores.get().iter().map(store).collect_view()}
        </section>
    }
}

fn store(row: &StoreRow) -> impl IntoView + use<> {
    let used = share(row.bytes, row.bytes + row.free_bytes.unwrap_or_default());
    let is_full = used >= FULL_PERCENT;
    let until = match row.days_left {
        Some(days) => fill("home.days_left", &[("n", &count(u64::from(days)))]),
        None => row
            .free_bytes
            .map_or_else(String::new, |free| fill("home.free", &[("bytes", &bytes(free))])),
    };
    view! {
        <div>
            <span>{word("store", &row.store)}</span>
            <LoadBar load=used at_limit=is_full />
            <b class="figure">{bytes(row.bytes)}</b>
            <span class="more">{until}</span>
        </div>
    }
}
