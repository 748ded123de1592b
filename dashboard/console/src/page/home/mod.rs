//! Home: what is wrong, what became of today, what runs, and what runs out.

mod alarmed;
mod banner;
mod details;
mod figures;
mod pace;
mod running;
mod stores;
mod troubled;

use crate::console::use_console;
use crate::model::beijing;
use crate::part::{Icon, Sign};
use crate::text::t;
use leptos::prelude::*;

pub use banner::LinkBanner;

/// Rows of a card; the rest is on its page.
const ROWS_MAX: usize = 6;

#[component]
pub fn Home() -> impl IntoView {
    let console = use_console();
    let headline = move || beijing::headline(console.now_ms());
    view! {
        <div class="page-head">
            <h1>{t("page.home")}</h1>
            <span class="sub figure">{headline}</span>
            <span class="spring"></span>
            <a class="button" href="/wall/" target="_blank" rel="noopener" data-test="open-wall">
                <Icon sign=Sign::Screen />
                {t("home.wall")}
            </a>
        </div>
        <LinkBanner />
        <figures::Figures />
        <div class="two">
            <troubled::Troubled />
            <alarmed::Alarmed />
            <pace::Pace />
            <running::Running />
        </div>
        <stores::Stores />
        <details::Details />
    }
}
