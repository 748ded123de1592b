use crate::model::beijing::{duration, moment};
use crate::model::journey::{JourneyLine, Leg, Told};
use crate::model::number::share;
use crate::model::tone::Tone;
use crate::text::t;
use carillon_api::live::Health;
use carillon_kit::Shape;
use leptos::prelude::*;

/// The attempts to scale, then every step with its time, its reason and the raw code.
#[component]
pub fn Journey(story: Told) -> impl IntoView {
    let whole: i64 = story.legs.iter().map(|leg| leg.ms).sum();
    let is_short = story.legs.len() < 2;
    view! {
        <div class="strip" hidden=is_short data-test="strip">
            {story.legs.into_iter().map(|leg| one_leg(leg, whole)).collect_view()}
        </div>
        <ol class="journey" data-test="journey">{story.lines.into_iter().map(step).collect_view()}</ol>
    }
}

/// A short one still shows its words.
const LEG_MIN_PERCENT: f64 = 22.0;

fn one_leg(leg: Leg, whole_ms: i64) -> impl IntoView {
    let width = share(leg.ms.unsigned_abs(), whole_ms.unsigned_abs()).max(LEG_MIN_PERCENT);
    view! {
        <span class=format!("leg cut {}", leg.tone.class()) style=format!("flex:{width:.1} 1 0") title=leg.words.clone()>
            {leg.words.clone()}
        </span>
    }
}

fn step(line: JourneyLine) -> impl IntoView {
    let time = line
        .at_ms
        .map_or_else(|| t("journey.no_time").to_owned(), |at| moment(at).time_ms());
    let offset = match line.offset_ms {
        Some(0) => "0".to_owned(),
        Some(offset) => format!("+{}", duration(offset)),
        None => String::new(),
    };
    let mark = match line.tone {
        Tone::Ok => Some(Health::Ok),
        Tone::Warn => Some(Health::Degraded),
        Tone::Crit => Some(Health::Failed),
        Tone::Plain | Tone::Info | Tone::Bronze if line.at_ms.is_none() => Some(Health::None),
        Tone::Plain | Tone::Info | Tone::Bronze => None,
    };
    view! {
        <li class=line.tone.class()>
            <span class="when figure"><b>{time}</b><small>{offset}</small></span>
            <span class="node">
                {match mark {
                    Some(health) => view! { <Shape health /> }.into_any(),
                    None => view! { <i></i> }.into_any(),
                }}
            </span>
            <span class="told">
                <b>{line.title}</b>
                <span hidden=line.why.is_empty()>{line.why.clone()}</span>
                <code hidden=line.raw.is_empty()>{line.raw.clone()}</code>
            </span>
        </li>
    }
}
