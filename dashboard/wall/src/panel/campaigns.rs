use carillon_api::live::Health;
use carillon_kit::{
    Shape,
    text::{fill, t},
};
use leptos::prelude::*;

use super::Frame;
use crate::{
    screen::Screen,
    slots::slots,
    view::{CampaignLine, campaigns},
};

const ROWS_MAX: usize = 3;

/// Campaigns under way; without any the panel is not there.
#[component]
pub fn Campaigns(screen: Screen) -> impl IntoView {
    let rows = Memo::new(move |_| screen.layout.get().campaign_rows.min(ROWS_MAX));
    let lines = screen.memo(move |state| campaigns(&state.panels.campaigns.data, rows.get()));
    let more = screen.memo(move |state| {
        let hidden = state
            .panels
            .campaigns
            .data
            .campaigns
            .len()
            .saturating_sub(rows.get());
        if hidden == 0 {
            String::new()
        } else {
            fill("campaigns.more", &[("n", &hidden)])
        }
    });
    let row = move |line: Memo<CampaignLine>| {
        let share = move |of: fn(&CampaignLine) -> f64| format!("{:.2}%", line.with(of) * 100.0);
        view! {
            <div class="campaign">
                <div class="campaign-head">
                    <Show when=move || line.with(|line| line.health.is_some())>
                        <Shape health=Signal::derive(move || line.with(|line| line.health.unwrap_or(Health::Ok))) />
                    </Show>
                    <b class="name cut">{move || line.with(|line| line.name.clone())}</b>
                    <span class="figure">{move || line.with(|line| line.pace.clone())}</span>
                    <b class="done figure strong">{move || line.with(|line| line.done.clone())}</b>
                </div>
                <div class="campaign-foot">
                    <span class="track">
                        <span class="bar" style:width=move || share(|line| line.delivered)></span>
                        <span class="bar waiting" style:width=move || share(|line| line.waiting)></span>
                        <span class="bar failed-part" style:width=move || share(|line| line.failed)></span>
                    </span>
                    <span class="end figure">{move || line.with(|line| line.end.clone())}</span>
                </div>
            </div>
        }
    };
    view! {
        <Show when=move || rows.get().ge(&1)>
            <Frame
                class="campaigns"
                height=Signal::derive(move || screen.layout.get().campaigns)
                freshness=screen.freshness(|panels| &panels.campaigns)
                age=screen.age(|panels| &panels.campaigns)
                title=t("campaigns.title")
                note=more
            >
                {slots(lines, ROWS_MAX, row)}
            </Frame>
        </Show>
    }
}
