use super::detail::Detail;
use super::handling::{Handling, RowActions};
use super::shelve::ShelveSheet;
use crate::asked::Asked;
use crate::console::use_console;
use crate::model::alarm_line::{self, AlarmTab};
use crate::model::beijing::short;
use crate::model::place::{OPEN, Page, Place};
use crate::model::query::Query;
use crate::page::connections::Keys;
use crate::part::{Button, Empty, FailureLine, Pill, PlaceLink, RowKeys};
use crate::rest;
use crate::text::t;
use carillon_api::live::AlarmView;
use leptos::prelude::*;
use std::time::Duration;

const ASKED_EVERY: Duration = Duration::from_secs(2);
/// The longest page of the server.
const OPEN_MAX: &str = "500";

#[component]
pub fn Alarms() -> impl IntoView {
    let console = use_console();
    let tab_word = console.asked_for("tab");
    let tab = Memo::new(move |_| AlarmTab::of(tab_word.get().as_deref().unwrap_or_default()));
    let before = console.asked_for("before");
    let open_ones = Asked::new(|| {
        let query = Query::default().with("state", "open").with("limit", OPEN_MAX);
        Some(async move { rest::alarms(&query).await })
    })
    .every(ASKED_EVERY);
    let over = Asked::new(move || {
        let query = Query::default()
            .with("state", "history")
            .with("before", before.get().unwrap_or_default());
        (tab.get() == AlarmTab::History).then_some(async move { rest::alarms(&query).await })
    });
    let all = Memo::new(move |_| {
        let pages = [open_ones.value.get(), over.value.get()];
        pages
            .into_iter()
            .flatten()
            .flat_map(|page| page.alarms)
            .collect::<Vec<_>>()
    });
    let is_known = move || match tab.get() {
        AlarmTab::History => over.value.with(Option::is_some),
        AlarmTab::Standing | AlarmTab::Shelved => open_ones.value.with(Option::is_some),
    };
    let shown = Memo::new(move |_| {
        let tab = tab.get();
        all.with(|all| {
            all.iter()
                .filter(|alarm| tab.shows(alarm))
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let ids = Memo::new(move |_| {
        shown.with(|shown| shown.iter().map(|alarm| alarm.id.to_string()).collect::<Vec<_>>())
    });
    let next = Memo::new(move |_| over.value.with(|page| page.as_ref().and_then(|page| page.next)));
    let open = console.asked_for(OPEN);
    let opened = Memo::new(move |_| {
        let id = open.get()?;
        all.with(|all| all.iter().find(|alarm| alarm.id.to_string() == id).cloned())
    });
    let show = Callback::new(move |id: String| console.open(&id));
    let keys = RowKeys::listen(ids, open, show, false);
    let handling = Handling {
        console,
        again: Callback::new(move |()| open_ones.again()),
        to_shelve: RwSignal::new(None),
    };
    view! {
        <div class="page-head"><h1>{t("page.alarms")}</h1>
            <span class="sub">{move || all.with(|all| alarm_line::summary(all))}</span></div>
        <FailureLine failure=open_ones.failure />
        <FailureLine failure=over.failure />
        <section class="card whole">
            <div class="tabs">
                {AlarmTab::ALL.map(|one| {
                    let class = Signal::derive(move || if tab.get() == one { "tab here" } else { "tab" }.to_owned());
                    let count = move || all.with(|all| all.iter().filter(|alarm| one.shows(alarm)).count());
                    view! {
                        <PlaceLink place=Place::of(Page::Alarms).with("tab", one.word()) class test=one.name()>
                            {t(one.name())}
                            {(one != AlarmTab::History).then(|| view! { <small class="figure">{count}</small> })}
                        </PlaceLink>
                    }
                }).collect_view()}
            </div>
            <div class="scroll">
                <table data-test="alarms">
                    <thead><tr>
                        <th>{t("alarms.severity")}</th><th>{t("alarms.what")}</th><th>{t("alarms.figure_head")}</th>
                        <th class="spring-col">{t("alarms.consequence")}</th><th>{t("alarms.since")}</th>
                        <th class="number">{t("alarms.lasted")}</th><th>{t("alarms.state")}</th>
                        <th><span class="unseen">{t("shell.acts")}</span></th>
                    </tr></thead>
                    <tbody>
                        {move || shown.get().into_iter().map(|alarm| row(alarm, handling, keys, show)).collect_view()}
                    </tbody>
                </table>
                <Show when=move || is_known() && shown.with(Vec::is_empty)>
                    {move || match tab.get() {
                        AlarmTab::Standing => view! { <Empty words=t("home.no_alarm") more=t("home.no_alarm_more") /> },
                        AlarmTab::Shelved => view! { <Empty words=t("alarms.none_shelved") more=t("alarms.none_shelved_more") /> },
                        AlarmTab::History => view! { <Empty words=t("alarms.none_before") more=t("alarms.none_before_more") /> },
                    }}
                </Show>
            </div>
            <footer class="table-foot">
                <Keys />
                <span class="spring"></span>
                <Button words=t("shell.newest") disabled=Signal::derive(move || before.with(Option::is_none))
                    on_press=move |()| console.go(Place::of(Page::Alarms).with("tab", tab.get_untracked().word())) />
                <Button words=t("shell.older") disabled=Signal::derive(move || next.with(Option::is_none))
                    on_press=move |()| if let Some(before) = next.get_untracked() {
                        console.go(Place::of(Page::Alarms).with("tab", tab.get_untracked().word()).with("before", before.to_string()));
                    } />
            </footer>
        </section>
        {move || opened.get().map(|alarm| view! { <Detail alarm handling /> })}
        <ShelveSheet handling />
    }
}

fn row(alarm: AlarmView, handling: Handling, keys: RowKeys, show: Callback<String>) -> impl IntoView {
    let id = alarm.id.to_string();
    let at = id.clone();
    let now_ms = handling.console.now_ms_untracked();
    let (severity, loud) = alarm_line::severity(&alarm);
    let (state, tone) = alarm_line::state(&alarm);
    let is_new = alarm_line::can_acknowledge(&alarm);
    let lasting = alarm.clone();
    view! {
        <tr data-test="alarm-row" data-id=id.clone() class:at=move || keys.is_at(&at)
            on:click=move |_| { keys.stand_on(&id); show.run(id.clone()) }>
            <td><Pill tone=loud words=severity /></td>
            <td class:strong=is_new>{alarm_line::title(&alarm)}</td>
            <td class="figure">{alarm_line::figure(&alarm)}</td>
            <td class="spring-col"><span class="cut">{alarm_line::consequence(&alarm)}</span></td>
            <td class="figure">{short(alarm.since_ms as i64, now_ms)}</td>
            <td class="figure number">{move || alarm_line::lasted(&lasting, handling.console.now_ms())}</td>
            <td><Pill tone words=state /></td>
            <td class="acts"><RowActions alarm handling /></td>
        </tr>
    }
}
