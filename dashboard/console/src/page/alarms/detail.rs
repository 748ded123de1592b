use super::handling::{Actions, Handling};
use crate::model::alarm_line;
use crate::model::beijing::short;
use crate::model::place::{OPEN, Page, Place};
use crate::part::{Button, Drawer, Pill, PlaceLink, Sign};
use crate::text::{fill, t};
use carillon_api::live::{AlarmRule, AlarmView};
use carillon_kit::trouble;
use leptos::prelude::*;

/// An alarm in the drawer.
#[component]
pub fn Detail(alarm: AlarmView, handling: Handling) -> impl IntoView {
    let console = handling.console;
    let now_ms = console.now_ms_untracked();
    let (severity, loud) = alarm_line::severity(&alarm);
    let moment = |at: Option<u64>| at.map(|at| short(at as i64, now_ms));
    let facts = [
        ("alarms.figure_head", Some(alarm_line::figure(&alarm))),
        ("alarms.since", moment(Some(alarm.since_ms))),
        ("alarms.returned", moment(alarm.returned_ms)),
        ("alarms.lasted", Some(alarm_line::lasted(&alarm, now_ms))),
        ("alarms.done", Some(alarm_line::done_by(&alarm, now_ms))),
        ("alarms.organisation", Some(alarm.organisation.clone())),
    ];
    let facts = facts
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.filter(|value| !value.is_empty())?)));
    let facts = facts
        .map(|(key, value)| view! { <dt>{t(key)}</dt><dd class="figure">{value}</dd> })
        .collect_view();
    let of_connection = matches!(
        alarm.rule,
        AlarmRule::ConnectionDown
            | AlarmRule::ConnectionDegraded
            | AlarmRule::ConnectionThrottled
            | AlarmRule::ErrorRate
            | AlarmRule::Latency
    );
    let link = (of_connection && !alarm.object.is_empty()).then(|| {
        let place = Place::of(Page::Connections).with(OPEN, alarm.object.as_str());
        let words = fill("alarms.to_connection", &[("name", &alarm.object)]);
        view! { <PlaceLink place class="button">{words}</PlaceLink> }
    });
    let copied = alarm.clone();
    let copy = move |()| console.copy(serde_json::to_string_pretty(&copied).unwrap_or_default());
    let head = move || view! { <Pill tone=loud words=severity.clone() /> };
    let acted = alarm.clone();
    let foot = move || {
        view! {
            <Actions alarm=acted.clone() handling />
            <span class="spring"></span>
            <Button words=t("record.copy_json") sign=Sign::Copy on_press=copy.clone() />
        }
    };
    view! {
        <Drawer title=alarm_line::title(&alarm) on_close=move |()| console.open("") head foot>
            <p>{alarm_line::consequence(&alarm)}</p>
            <dl class="facts">{facts}</dl>
            {trouble(&alarm.detail).map(|words| view! { <p>{words}</p> })}
            <pre class="code" hidden=alarm.detail.is_empty()>{alarm.detail.clone()}</pre>
            {link}
        </Drawer>
    }
}
