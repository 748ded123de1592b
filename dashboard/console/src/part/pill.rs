use crate::model::tone::Tone;
use crate::text::find;
use carillon_api::live::Health;
use carillon_kit::{Shape, class_of};
use leptos::prelude::*;

/// A state in words; a good, doubtful or bad one has its shape before them.
#[component]
pub fn Pill(tone: Tone, #[prop(into)] words: String) -> impl IntoView {
    view! {
        <span class=format!("pill {}", tone.class())>
            {tone.shape().map(|health| view! { <Shape health /> })}
            {words}
        </span>
    }
}

/// What became of a message: shape and word, quieter than a pill, because it stands on every row.
#[component]
pub fn OutcomeMark(tone: Tone, #[prop(into)] words: String) -> impl IntoView {
    let health = tone.shape().unwrap_or_default();
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
