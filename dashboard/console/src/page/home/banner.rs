use crate::console::use_console;
use crate::model::beijing::short;
use crate::part::{Icon, Sign};
use crate::text::{fill, t};
use carillon_kit::live::LinkView;
use leptos::prelude::*;

/// Figures without a link are of the past; that is said before they are shown.
#[component]
pub fn LinkBanner() -> impl IntoView {
    let console = use_console();
    move || {
        let words = match console.live.link.get() {
            LinkView::Live | LinkView::Connecting => return None,
            LinkView::Polling => t("home.polling").to_owned(),
            LinkView::Refused => t("home.refused").to_owned(),
            LinkView::Lost { .. } => {
                let at = console.live.state.with(|state| state.at_ms as i64);
                let at = if at > 0 {
                    short(at, console.now_ms())
                } else {
                    t("home.never").to_owned()
                };
                fill("home.lost", &[("at", &at)])
            }
        };
        Some(
            view! { <p class="banner warn" role="status" data-test="link-banner"><Icon sign=Sign::Warning />{words}</p> },
        )
    }
}
