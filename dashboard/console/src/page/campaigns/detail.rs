use super::actions::Steering;
use crate::asked::Asked;
use crate::console::Right;
use crate::model::beijing::{parse_rfc3339, short};
use crate::model::campaign_row::{self, actions, failed, progress, total, when};
use crate::model::cause::cause_words;
use crate::model::number::{NONE, percent};
use crate::model::place::{OPEN, Page, Place};
use crate::part::{Button, Drawer, FailureLine, Pill, PlaceLink, ProgressBar, Sign, Weight};
use crate::rest;
use crate::text::{fill, t};
use carillon_api::{CampaignView, LinesView};
use carillon_kit::format::{count, rate};
use leptos::prelude::*;
use std::time::Duration;

const ASKED_EVERY: Duration = Duration::from_secs(2);
/// Refused lines that are shown; the file has all of them.
const REFUSED_SHOWN: u32 = 20;

/// A campaign in the drawer.
#[component]
pub fn Detail(id: String, steering: Steering) -> impl IntoView {
    let console = steering.console;
    let wanted = id.clone();
    let asked = Asked::new(move || {
        let id = wanted.clone();
        Some(async move { rest::campaign(&id).await })
    })
    .every(ASKED_EVERY);
    let steering = Steering {
        again: Callback::new(move |()| {
            steering.again.try_run(());
            asked.again();
        }),
        ..steering
    };
    let title = Signal::derive(move || {
        asked
            .value
            .with(|one| one.as_ref().map(|one| one.name.clone()))
            .unwrap_or_default()
    });
    let head = move || {
        asked.value.get().map(|one| {
            let (key, tone) = campaign_row::state(&one.state);
            view! { <Pill tone words=t(key) /> }
        })
    };
    let acts = Memo::new(move |_| {
        asked
            .value
            .with(|one| one.as_ref().map(actions))
            .unwrap_or_default()
    });
    let may_not = Signal::derive(move || !console.may(Right::Steer));
    let with = move |act: fn(Steering, &CampaignView)| {
        move |()| {
            asked.value.with_untracked(|one| {
                if let Some(one) = one {
                    act(steering, one)
                }
            })
        }
    };
    let button = move |shown: fn(&campaign_row::CampaignActions) -> bool,
                       key: &'static str,
                       sign: Sign,
                       weight: Weight,
                       act: fn(Steering, &CampaignView)| {
        view! {
            <Show when=move || acts.with(shown)>
                <Button words=t(key) sign=sign weight=weight disabled=may_not on_press=with(act) />
            </Show>
        }
    };
    let foot = move || {
        view! {
            {button(|acts| acts.start, "campaign.start", Sign::Play, Weight::Primary, Steering::start)}
            {button(|acts| acts.pause, "campaign.pause", Sign::Pause, Weight::Plain, Steering::pause)}
            {button(|acts| acts.resume, "campaign.resume", Sign::Play, Weight::Primary, Steering::resume)}
            {button(|acts| acts.rate, "campaign.rate", Sign::Gauge, Weight::Plain, |steering, one| steering.rate(vec![one.clone()]))}
            {button(|acts| acts.resend, "campaign.resend", Sign::Again, Weight::Plain, Steering::resend)}
            {button(|acts| acts.stop, "campaign.stop_ask", Sign::Stop, Weight::Danger, |steering, one| steering.stop(vec![one.clone()]))}
        }
    };
    let body = move || asked.value.get().map(|one| body(&one, console.now_ms()));
    let refused = Memo::new(move |_| acts.get().refused.then(|| id.clone()));
    view! {
        <Drawer title on_close=move |()| console.open("") head foot>
            <FailureLine failure=asked.failure />
            {body}
            {move || refused.get().map(|id| view! { <Refused id steering one=asked.value /> })}
        </Drawer>
    }
}

fn body(one: &CampaignView, now_ms: i64) -> impl IntoView + use<> {
    let moment = |text: &Option<String>| {
        text.as_deref()
            .and_then(parse_rfc3339)
            .map(|at| short(at, now_ms))
    };
    let scheduled = one
        .schedule
        .as_ref()
        .and_then(|schedule| parse_rfc3339(&schedule.at))
        .map(|at| short(at, now_ms));
    let pace = one.rate_per_second.map_or_else(
        || t("campaign.no_limit").to_owned(),
        |n| fill("connection.per_second", &[("n", &n)]),
    );
    let people = one.lines.map_or_else(|| NONE.to_owned(), |_| count(total(one)));
    let times = [
        ("campaign.created", moment(&Some(one.created_at.clone()))),
        ("campaign.scheduled_at", scheduled),
        ("campaign.started_at", moment(&one.started_at)),
        ("campaign.over_at", moment(&one.over_at)),
    ];
    let counts = &one.counts;
    let ends = [
        ("record.delivered", counts.delivered, "delivered"),
        ("record.sent", counts.sent, "sent"),
        ("record.failed", counts.failed, "failed"),
        ("record.rejected", counts.rejected, "rejected"),
        ("record.cancelled", counts.cancelled, "cancelled"),
        ("record.expired", counts.expired, "expired"),
        ("record.unknown", counts.unknown, "unknown"),
    ];
    let id = one.id.clone();
    let records = move |status: &str| {
        Place::of(Page::Records)
            .with("campaign", id.as_str())
            .with("status", status)
    };
    let all = records("");
    view! {
        {one.problem.clone().map(|problem| view! {
            <p class="failure" role="alert">{t("campaign.problem")}<code>{problem}</code></p>
        })}
        <div class="three">
            <div><small>{t("campaign.people")}</small><b class="figure">{people}</b></div>
            <div><small>{t("campaign.progress")}</small><b class="figure">{format!("{}%", percent(Some(one.percent)))}</b></div>
            <div><small>{t("campaign.when")}</small><b>{when(one, now_ms)}</b></div>
        </div>
        <ProgressBar progress=progress(one) />
        <dl class="facts">
            <dt>{t("campaign.id")}</dt><dd class="code">{one.id.clone()}</dd>
            <dt>{t("campaign.account")}</dt><dd>{one.account.clone()}</dd>
            <dt>{t("campaign.pace")}</dt><dd>{pace}</dd>
            <dt>{t("campaign.speed")}</dt><dd class="figure">{one.ended_per_second.map_or_else(|| NONE.to_owned(), rate)}</dd>
            {times.into_iter().filter_map(|(key, at)| at.map(|at| view! { <dt>{t(key)}</dt><dd class="figure">{at}</dd> })).collect_view()}
            {one.resend_of.clone().map(|of| view! {
                <dt>{t("campaign.resend_of")}</dt>
                <dd><PlaceLink place=Place::of(Page::Campaigns).with(OPEN, of.as_str())>{of.clone()}</PlaceLink></dd>
            })}
        </dl>
        <section class="block">
            <header><h3>{t("campaign.became")}</h3><span class="spring"></span>
                <PlaceLink place=all test="campaign-records">{t("campaign.records")}</PlaceLink></header>
            <dl class="facts">
                <dt>{t("campaign.waiting")}</dt><dd class="figure">{count(u64::from(counts.waiting))}</dd>
                <dt>{t("campaign.under_way")}</dt>
                <dd class="figure">{count(u64::from(counts.expanded).saturating_sub(
                    u64::from(counts.waiting) + u64::from(counts.delivered) + u64::from(counts.sent) + failed(one)))}</dd>
                {ends.into_iter().filter(|(_, n, _)| *n > 0).map(|(key, n, status)| view! {
                    <dt>{t(key)}</dt>
                    <dd class="figure"><PlaceLink place=records(status)>{count(u64::from(n))}</PlaceLink></dd>
                }).collect_view()}
            </dl>
        </section>
    }
}

/// Lines of the file that were not taken, and why.
#[component]
fn Refused(id: String, steering: Steering, one: RwSignal<Option<CampaignView>>) -> impl IntoView {
    let asked = Asked::new(move || {
        let id = id.clone();
        Some(async move { rest::refused(&id, REFUSED_SHOWN).await })
    });
    let sub = move || {
        one.with(|one| one.as_ref().and_then(|one| one.lines))
            .map(|lines: LinesView| {
                let of: [(&str, &dyn std::fmt::Display); 3] = [
                    ("total", &count(u64::from(lines.total))),
                    ("refused", &count(u64::from(lines.refused))),
                    ("doubles", &count(u64::from(lines.doubles))),
                ];
                fill("campaign.refused_sub", &of)
            })
    };
    let download = move |()| {
        one.with_untracked(|one| {
            if let Some(one) = one {
                steering.download_refused(one)
            }
        })
    };
    view! {
        <section class="block" data-test="refused">
            <header><h3>{t("campaign.refused")}</h3><span class="spring"></span>
                <Button words=t("campaign.download") sign=Sign::Download on_press=download test="refused-download" /></header>
            <p class="more">{sub}</p>
            <FailureLine failure=asked.failure />
            <ol class="lines">
                {move || asked.value.get().map(|page| page.lines).unwrap_or_default().into_iter().map(|line| view! {
                    <li>
                        <span class="figure">{fill("campaign.line", &[("n", &line.line)])}</span>
                        <span>{line.field}</span>
                        <span class="spring">{cause_words(&line.code)}</span>
                    </li>
                }).collect_view()}
            </ol>
        </section>
    }
}
