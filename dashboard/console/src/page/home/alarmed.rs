use super::ROWS_MAX;
use crate::console::{Console, use_console};
use crate::model::alarm_line::{self, AlarmTab};
use crate::model::place::{OPEN, Page, Place};
use crate::part::{Empty, Pill, PlaceLink};
use crate::text::t;
use carillon_api::live::AlarmView;
use leptos::prelude::*;

/// Alarms that stand.
#[component]
pub fn Alarmed() -> impl IntoView {
    let console = use_console();
    let alarms = Memo::new(move |_| {
        console.live.state.with(|state| {
            let alarms = state.panels.alarms.data.alarms.iter();
            alarms
                .filter(|alarm| AlarmTab::Standing.shows(alarm))
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    view! {
        <section class="card" data-test="home-alarms">
            <header><h2>{t("page.alarms")}</h2>
                <span class="sub">{move || alarms.with(|alarms| alarm_line::summary(alarms))}</span>
                <span class="spring"></span>
                <PlaceLink place=Place::of(Page::Alarms)>{t("home.all_alarms")}</PlaceLink></header>
            <ul class="rows">
                {move || alarms.get().into_iter().take(ROWS_MAX).map(|alarm| alarm_row(console, &alarm)).collect_view()}
            </ul>
            <Show when=move || alarms.with(Vec::is_empty)>
                <Empty words=t("home.no_alarm") more=t("home.no_alarm_more") />
            </Show>
        </section>
    }
}

fn alarm_row(console: Console, alarm: &AlarmView) -> impl IntoView + use<> {
    let (words, tone) = alarm_line::severity(alarm);
    let (state, _) = alarm_line::state(alarm);
    let alarm = alarm.clone();
    let title = alarm_line::title(&alarm);
    let place = Place::of(Page::Alarms).with(OPEN, alarm.id.to_string());
    view! {
        <li>
            <Pill tone words />
            <b class="cut">{title}</b>
            <span class="cut spring">{state}</span>
            <span class="figure">{move || alarm_line::lasted(&alarm, console.now_ms())}</span>
            <PlaceLink place class="button">{t("home.look")}</PlaceLink>
        </li>
    }
}
