use super::ROWS_MAX;
use crate::console::{Console, use_console};
use crate::model::beijing::short_minute;
use crate::model::campaign_row::{Progress, state as campaign_state};
use crate::model::number::{percent, share};
use crate::model::place::{OPEN, Page, Place};
use crate::part::{Empty, Pill, PlaceLink, ProgressBar};
use crate::text::{fill, t};
use carillon_api::live::CampaignRow;
use carillon_kit::format::rate;
use leptos::prelude::*;

/// Campaigns that run or are paused.
#[component]
pub fn Running() -> impl IntoView {
    let console = use_console();
    let campaigns = Memo::new(move |_| {
        console
            .live
            .state
            .with(|state| state.panels.campaigns.data.campaigns.clone())
    });
    view! {
        <section class="card" data-test="home-campaigns">
            <header><h2>{t("home.running")}</h2>
                <span class="sub">{move || fill("home.campaigns", &[("n", &campaigns.with(Vec::len))])}</span>
                <span class="spring"></span>
                <PlaceLink place=Place::of(Page::Campaigns)>{t("home.all_campaigns")}</PlaceLink></header>
            <ul class="rows">
                {move || campaigns.get().into_iter().take(ROWS_MAX).map(|row| campaign(console, &row)).collect_view()}
            </ul>
            <Show when=move || campaigns.with(Vec::is_empty)>
                <Empty words=t("home.no_campaign") more=t("home.no_campaign_more") />
            </Show>
        </section>
    }
}

fn campaign(console: Console, row: &CampaignRow) -> impl IntoView + use<> {
    let (key, tone) = campaign_state(&row.state);
    let place = Place::of(Page::Campaigns).with(OPEN, row.id.as_str());
    let done = share(row.delivered + row.failed, row.total);
    let end = row.ends_at_ms.map(|end| {
        fill(
            "home.ends",
            &[("at", &short_minute(end as i64, console.now_ms_untracked()))],
        )
    });
    let progress = Progress {
        delivered: share(row.delivered, row.total),
        failed: share(row.failed, row.total),
        waiting: share(row.written.saturating_sub(row.delivered + row.failed), row.total),
    };
    let speed = fill("home.speed", &[("rate", &rate(row.rate))]);
    let name = row.name.clone();
    view! {
        <li>
            <Pill tone words=t(key) />
            <PlaceLink place class="strong cut name">{name}</PlaceLink>
            <ProgressBar progress />
            <span class="figure share">{format!("{}%", percent(Some(done)))}</span>
            <span class="figure number">{speed}</span>
            <span class="end">{end}</span>
        </li>
    }
}
