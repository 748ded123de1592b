use super::filters::switch_plain;
use super::journey::Journey;
use super::route::Route;
use crate::asked::Asked;
use crate::console::{Right, use_console};
use crate::model::beijing::{duration, moment, parse_rfc3339};
use crate::model::journey::told;
use crate::model::number::NONE;
use crate::model::place::{OPEN, Page, Place};
use crate::model::record_filter::RecordFilter;
use crate::model::tone::Tone;
use crate::part::{Button, Drawer, FailureLine, Pill, PlaceLink, Sign};
use crate::rest;
use crate::text::{fill, t, word};
use carillon_api::MessageView;
use leptos::prelude::*;
use std::time::Duration;

/// A message that has not ended is asked for again.
const ASKED_EVERY: Duration = Duration::from_secs(2);

/// A message in the drawer: its journey.
#[component]
pub fn Detail(id: String, filter: Memo<RecordFilter>) -> impl IntoView {
    let console = use_console();
    let has_ended = RwSignal::new(false);
    let plain = Memo::new(move |_| filter.get().plain);
    // Whom it is for is asked in full once: each time is written down.
    let whole = StoredValue::new(None);
    let asked = Asked::new(move || {
        let (id, plain) = (id.clone(), plain.get());
        if !plain {
            whole.set_value(None);
        }
        let known = whole.get_value();
        Some(async move {
            let mut one = rest::message(&id, plain && known.is_none()).await?;
            match known {
                Some((to, mail)) => (one.to, one.mail) = (to, mail),
                None if plain => drop(whole.try_set_value(Some((one.to.clone(), one.mail.clone())))),
                None => {}
            }
            Ok(one)
        })
    })
    .every_while(ASKED_EVERY, move || {
        !has_ended.try_get_untracked().unwrap_or(true)
    });
    Effect::new(move || {
        has_ended.set(
            asked
                .value
                .with(|one| one.as_ref().is_some_and(|one| one.is_final)),
        )
    });
    let story = Memo::new(move |_| {
        let now_ms = console.now_ms_untracked();
        asked.value.with(|one| one.as_ref().map(|one| told(one, now_ms)))
    });
    let title = Signal::derive(move || {
        let shown = asked.value.with(|one| {
            let one = one.as_ref()?;
            one.template
                .clone()
                .or_else(|| Some(one.text.chars().take(40).collect()))
        });
        shown.unwrap_or_default()
    });
    let head = move || {
        story.get().map(|story| {
            view! {
                <Pill tone=story.tone words=t(story.outcome) />
                {(story.fallbacks > 0).then(|| view! {
                    <Pill tone=Tone::Warn words=fill("record.fallbacks", &[("n", &story.fallbacks)]) />
                })}
            }
        })
    };
    let copy_json = move |()| {
        let json = asked
            .value
            .with_untracked(|one| serde_json::to_string_pretty(one).unwrap_or_default());
        console.copy(json);
    };
    let foot = move || {
        view! {
            <Button words=t("record.copy_json") sign=Sign::Copy on_press=copy_json test="copy-json" />
            <Show when=move || console.may(Right::Numbers)>
                <Button
                    words=Signal::derive(move || if plain.get() { t("record.mask") } else { t("record.unmask") }.to_owned())
                    sign=Sign::Eye
                    on_press=move |()| switch_plain(console, filter.get_untracked())
                    test="journey-plain"
                />
            </Show>
            <span class="spring"></span>
            <span class="hint"><kbd>"j"</kbd><kbd>"k"</kbd>{t("record.next_one")}</span>
        }
    };
    view! {
        <Drawer title on_close=move |()| console.open("") head foot>
            <FailureLine failure=asked.failure />
            {move || asked.value.get().zip(story.get()).map(|(one, story)| view! {
                <Facts one=one.clone() took_ms=story.took_ms segments=story.segments />
                <Journey story />
                <Contents one=one.clone() />
                <Route one />
            })}
        </Drawer>
    }
}

#[component]
fn Facts(one: MessageView, took_ms: Option<i64>, segments: usize) -> impl IntoView {
    let who = [one.to.clone(), one.mail.clone()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ");
    let who = if who.is_empty() { NONE.to_owned() } else { who };
    // The journey tells times of the day only.
    let accepted = parse_rfc3339(&one.accepted_at).map(moment);
    let accepted = accepted.map_or(one.accepted_at, |at| format!("{} {}", at.date(), at.time()));
    let from = one.campaign.map(|from| {
        let place = Place::of(Page::Campaigns).with(OPEN, from.id.as_str());
        view! { <PlaceLink place>{from.id}</PlaceLink> }
    });
    let reference = one.reference;
    view! {
        <div class="three">
            <div><small>{t("record.who")}</small><b class="figure">{who}</b></div>
            <div><small>{t("record.took")}</small><b class="figure">{took_ms.map_or_else(|| NONE.to_owned(), duration)}</b></div>
            <div><small>{t("record.segments")}</small><b class="figure">{segments}</b></div>
        </div>
        <dl class="facts">
            <dt>{t("record.at")}</dt><dd class="figure">{accepted}</dd>
            {from.map(|from| view! { <dt>{t("record.of_campaign")}</dt><dd class="code">{from}</dd> })}
            {reference.map(|reference| view! { <dt>{t("record.reference")}</dt><dd class="code">{reference}</dd> })}
        </dl>
    }
}

/// What the person reads, attempt by attempt.
#[component]
fn Contents(one: MessageView) -> impl IntoView {
    view! {
        <section class="block">
            <h3>{t("record.text")}</h3>
            {one.attempts.into_iter().map(|attempt| view! {
                <div class="content">
                    <small>{word("kind", &attempt.channel)}</small>
                    {attempt.subject.map(|subject| view! { <b>{subject}</b> })}
                    <p>{attempt.text}</p>
                    {attempt.attachments.into_iter().map(|name| view! { <code>{name}</code> }).collect_view()}
                </div>
            }).collect_view()}
        </section>
    }
}
