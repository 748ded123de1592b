//! The shapes of the five states. Colour never stands alone: ● ▲ ■ ◌ and two bars.

use carillon_api::live::Health;
use leptos::prelude::*;

/// The class that gives a state's colour, which is also its key below `health.`.
pub fn class_of(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Off => "off",
        Health::None => "none",
        Health::Degraded => "degraded",
        Health::Failed => "failed",
    }
}

/// A state's shape in the size of the text and in its colour. The word beside it is the caller's.
#[component]
pub fn Shape(#[prop(into)] health: Signal<Health>) -> impl IntoView {
    let filled = move || match health.get() {
        Health::Ok => "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18z",
        Health::Degraded => "M12 2.5L23 21.5H1z",
        Health::Failed => "M3.5 3.5h17v17h-17z",
        Health::Off => "M6 4h4.2v16H6zM13.8 4H18v16h-4.2z",
        Health::None => "",
    };
    let ring = move || {
        if health.get() == Health::None {
            "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17z"
        } else {
            ""
        }
    };
    view! {
        <svg class=move || format!("shape {}", class_of(health.get())) viewBox="0 0 24 24" aria-hidden="true">
            <path d=filled stroke="none" />
            <path d=ring fill="none" stroke-width="4" stroke-dasharray="4.9 4" />
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Language, Messages, find, load};

    #[test]
    fn every_state_has_a_word() {
        load(Language::Zh, Messages { zh: "", en: "" });
        let all = [
            Health::Ok,
            Health::Off,
            Health::None,
            Health::Degraded,
            Health::Failed,
        ];
        let words: Vec<_> = all
            .iter()
            .filter_map(|health| find(&format!("health.{}", class_of(*health))))
            .collect();
        assert_eq!(words, ["正常", "停用", "无数据", "降级", "故障"]);
    }
}
