use super::icon::{Icon, Sign};
use crate::model::tone::Tone;
use crate::text::find;
use carillon_api::live::Health;
use carillon_kit::{Shape, class_of};
use leptos::prelude::*;

/// A state in words, with its sign.
#[component]
pub fn Pill(
    tone: Tone,
    #[prop(into)] words: String,
    #[prop(optional, into)] sign: Option<Sign>,
) -> impl IntoView {
    view! {
        <span class=format!("pill {}", tone.class())>
            {sign.map(|sign| view! { <Icon sign /> })}
            {words}
        </span>
    }
}

/// What became of a message: shape and word, quieter than a pill, because it stands on every row.
#[component]
pub fn OutcomeMark(tone: Tone, #[prop(into)] words: String) -> impl IntoView {
    let health = match tone {
        Tone::Ok => Health::Ok,
        Tone::Warn => Health::Degraded,
        Tone::Crit => Health::Failed,
        Tone::Plain | Tone::Info | Tone::Bronze => Health::None,
    };
    view! {
        <span class=format!("outcome {}", tone.class())>
            <Shape health />
            {words}
        </span>
    }
}

/// One of the five words, with its shape.
#[component]
pub fn HealthMark(health: Health) -> impl IntoView {
    view! {
        <span class=format!("health {}", class_of(health)) data-health=class_of(health)>
            <Shape health />
            <span class="word">{health_word(health)}</span>
        </span>
    }
}

pub fn health_word(health: Health) -> &'static str {
    find(&format!("health.{}", class_of(health))).unwrap_or_default()
}
