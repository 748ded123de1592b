use super::actions::Steering;
use super::detail::Detail;
use crate::asked::Asked;
use crate::console::{Right, use_console};
use crate::model::campaign_filter::{CampaignFilter, CampaignTab};
use crate::model::campaign_row::{self, actions, failed, progress, total, when};
use crate::model::number::{NONE, percent};
use crate::model::place::OPEN;
use crate::page::connections::Keys;
use crate::part::{
    Button, Empty, FailureLine, Pill, PlaceLink, ProgressBar, RowKeys, Sign, SignButton, Weight,
};
use crate::rest;
use crate::text::{fill, t};
use carillon_api::{CampaignView, CatalogView};
use carillon_kit::format::{count, rate};
use leptos::prelude::*;
use std::time::Duration;

const ROWS: u32 = 50;
const ASKED_EVERY: Duration = Duration::from_secs(2);

#[component]
pub fn Campaigns() -> impl IntoView {
    let console = use_console();
    let filter = Memo::new(move |_| console.place.with(|place| CampaignFilter::of(&place.query)));
    let asked = Asked::new(move || {
        let query = filter.get().asked(ROWS);
        Some(async move { rest::campaigns(&query).await })
    })
    .every(ASKED_EVERY);
    let catalog: Asked<CatalogView> = Asked::new(|| Some(rest::catalog()));
    let campaigns = Memo::new(move |_| asked.value.get().map(|page| page.campaigns).unwrap_or_default());
    let ids =
        Memo::new(move |_| campaigns.with(|all| all.iter().map(|one| one.id.clone()).collect::<Vec<_>>()));
    let next = Memo::new(move |_| {
        asked
            .value
            .with(|page| page.as_ref().and_then(|page| page.next.clone()))
    });
    let open = console.asked_for(OPEN);
    let show = Callback::new(move |id: String| console.open(&id));
    let keys = RowKeys::listen(ids, open, show, true);
    let steering = Steering {
        console,
        again: Callback::new(move |()| asked.again()),
    };
    let go = move |filter: CampaignFilter| console.go(filter.place());
    let sub = move || match asked.failure.with(Option::is_some) {
        true => t("campaign.not_fresh"),
        false => t("campaign.live"),
    };
    view! {
        <div class="page-head"><h1>{t("page.campaigns")}</h1><span class="sub">{sub}</span></div>
        <FailureLine failure=asked.failure />
        <section class="card whole">
            <div class="tabs">
                {CampaignTab::ALL.map(|tab| {
                    let class = Signal::derive(move || if filter.get().tab == tab { "tab here" } else { "tab" }.to_owned());
                    let place = Signal::derive(move || CampaignFilter { tab, before: String::new(), ..filter.get() }.place());
                    view! { <PlaceLink place class test=tab.name()>{t(tab.name())}</PlaceLink> }
                }).collect_view()}
            </div>
            <div class="filters">
                <input
                    type="search"
                    data-test="campaign-name"
                    placeholder=t("campaign.name_hint")
                    maxlength="100"
                    prop:value=move || filter.get().name
                    on:change=move |event| go(CampaignFilter {
                        name: event_target_value(&event), before: String::new(), ..filter.get_untracked()
                    })
                />
                <select
                    aria-label=t("campaign.account")
                    data-test="campaign-account"
                    on:change=move |event| go(CampaignFilter {
                        account: event_target_value(&event), before: String::new(), ..filter.get_untracked()
                    })
                >
                    <option value="" selected=move || filter.get().account.is_empty()>{t("campaign.all_accounts")}</option>
                    {move || accounts(catalog).into_iter().map(|name| {
                        let value = name.clone();
                        let is_chosen = { let name = name.clone(); move || filter.get().account == name };
                        view! { <option value=value selected=is_chosen>{name}</option> }
                    }).collect_view()}
                </select>
                <Show when=move || filter.get().is_narrow()>
                    <Button words=t("shell.all_again") sign=Sign::Close on_press=move |()| go(CampaignFilter::default()) />
                </Show>
            </div>
            <div class="scroll">
                <table data-test="campaigns">
                    <thead><tr>
                        <th class="tick"><input type="checkbox" aria-label=t("campaign.tick_all")
                            prop:checked=move || { let ids = ids.get(); !ids.is_empty() && ids.iter().all(|id| keys.is_ticked(id)) }
                            on:change=move |_| ids.with_untracked(|ids| keys.cursor.update(|cursor| cursor.tick_all(ids))) /></th>
                        <th class="spring-col">{t("campaign.name")}</th><th>{t("campaign.account")}</th>
                        <th class="number">{t("campaign.people")}</th>
                        <th class="bar-col">{t("campaign.progress")}</th><th class="number">{t("campaign.delivered")}</th>
                        <th class="number">{t("campaign.failed_n")}</th><th class="number">{t("campaign.speed")}</th>
                        <th>{t("campaign.state")}</th><th>{t("campaign.when")}</th><th><span class="unseen">{t("shell.acts")}</span></th>
                    </tr></thead>
                    <tbody>
                        <For each=move || ids.get() key=Clone::clone let:id>
                            {row(id, campaigns, keys, show, steering)}
                        </For>
                    </tbody>
                </table>
                <Show when=move || asked.value.with(Option::is_some) && campaigns.with(Vec::is_empty)>
                    {move || if filter.get().is_narrow() {
                        view! { <Empty words=t("campaign.none_fits") more=t("campaign.none_fits_more") /> }.into_any()
                    } else {
                        view! { <Empty words=t("campaign.none") more=t("campaign.none_more") /> }.into_any()
                    }}
                </Show>
            </div>
            <Bulk keys campaigns steering />
            <footer class="table-foot">
                <Keys ticks=true />
                <span class="spring"></span>
                <Button words=t("shell.newest") disabled=Signal::derive(move || filter.get().before.is_empty())
                    on_press=move |()| go(CampaignFilter { before: String::new(), ..filter.get_untracked() }) />
                <Button words=t("shell.older") disabled=Signal::derive(move || next.with(Option::is_none))
                    on_press=move |()| if let Some(before) = next.get_untracked() {
                        go(CampaignFilter { before, ..filter.get_untracked() });
                    } test="older" />
            </footer>
        </section>
        {move || open.get().map(|id| view! { <Detail id steering /> })}
    }
}

pub fn accounts(catalog: Asked<CatalogView>) -> Vec<String> {
    catalog.value.with(|catalog| {
        let accounts = catalog
            .as_ref()
            .map(|catalog| catalog.accounts.as_slice())
            .unwrap_or_default();
        accounts.iter().map(|account| account.name.clone()).collect()
    })
}

fn row(
    id: String,
    campaigns: Memo<Vec<CampaignView>>,
    keys: RowKeys,
    show: Callback<String>,
    steering: Steering,
) -> impl IntoView {
    let (found, at, ticked, opened, tick) = (id.clone(), id.clone(), id.clone(), id.clone(), id.clone());
    let one = Memo::new(move |_| campaigns.with(|all| all.iter().find(|one| one.id == found).cloned()));
    view! {
        <tr data-test="campaign-row" data-id=id class:at=move || keys.is_at(&at)
            on:click=move |_| { keys.stand_on(&opened); show.run(opened.clone()) }>
            <td class="tick" on:click=|event| event.stop_propagation()>
                <input type="checkbox" aria-label=t("help.tick") prop:checked=move || keys.is_ticked(&ticked)
                    on:change=move |_| keys.cursor.update(|cursor| cursor.tick(&tick)) />
            </td>
            {move || one.get().map(|one| cells(&one, steering))}
        </tr>
    }
}

fn cells(one: &CampaignView, steering: Steering) -> impl IntoView + use<> {
    let now_ms = steering.console.now_ms_untracked();
    let (key, tone) = campaign_row::state(&one.state);
    let is_busy = matches!(one.state.as_str(), "running" | "failed");
    let has_begun = one.counts.expanded > 0;
    let number = |n: u64| if has_begun { count(n) } else { NONE.to_owned() };
    let bar = if has_begun || one.state == "finished" {
        view! {
            <span class="bar-cell">
                <ProgressBar progress=progress(one) />
                <span class="figure">{format!("{}%", percent(Some(one.percent)))}</span>
            </span>
        }
        .into_any()
    } else {
        view! { <span class="more">{t("campaign.not_begun")}</span> }.into_any()
    };
    view! {
        <td class="spring-col"><span class=if is_busy { "cut strong" } else { "cut" } title=one.name.clone()>{one.name.clone()}</span></td>
        <td><span class="cut account">{one.account.clone()}</span></td>
        <td class="figure number">{if one.lines.is_some() { count(total(one)) } else { NONE.to_owned() }}</td>
        <td class="bar-col">{bar}</td>
        <td class="figure number">{number(u64::from(one.counts.delivered) + u64::from(one.counts.sent))}</td>
        <td class="figure number">{number(failed(one))}</td>
        <td class="figure number">{one.ended_per_second.map_or_else(|| NONE.to_owned(), rate)}</td>
        <td><Pill tone words=t(key) /></td>
        <td class="when">{when(one, now_ms)}</td>
        <td class="acts"><RowActions one=one.clone() steering /></td>
    }
}

/// Pause and stop are always on the row; what does not fit is grey, so that nothing moves.
#[component]
fn RowActions(one: CampaignView, steering: Steering) -> impl IntoView {
    let offered = actions(&one);
    let one = StoredValue::new(one);
    let may_not = Signal::derive(move || !steering.console.may(Right::Steer));
    let off = move |offered: bool| Signal::derive(move || may_not.get() || !offered);
    let first = if offered.start {
        view! { <SignButton sign=Sign::Play words=t("campaign.start") disabled=may_not
        on_press=move |()| one.with_value(|one| steering.start(one)) test="campaign-start" /> }
        .into_any()
    } else if offered.resume {
        view! { <SignButton sign=Sign::Play words=t("campaign.resume") disabled=may_not
        on_press=move |()| one.with_value(|one| steering.resume(one)) test="campaign-resume" /> }
        .into_any()
    } else {
        view! { <SignButton sign=Sign::Pause words=t("campaign.pause") disabled=off(offered.pause)
        on_press=move |()| one.with_value(|one| steering.pause(one)) test="campaign-pause" /> }
        .into_any()
    };
    view! {
        {first}
        <SignButton sign=Sign::Gauge words=t("campaign.rate") disabled=off(offered.rate)
            on_press=move |()| steering.rate(vec![one.get_value()]) test="campaign-rate" />
        <SignButton sign=Sign::Stop words=t("campaign.stop") weight=Weight::Danger disabled=off(offered.stop)
            on_press=move |()| steering.stop(vec![one.get_value()]) test="campaign-stop" />
    }
}

/// What is done to all ticked rows at once; those that an act does not fit are left out.
#[component]
fn Bulk(keys: RowKeys, campaigns: Memo<Vec<CampaignView>>, steering: Steering) -> impl IntoView {
    let ticked = Memo::new(move |_| {
        campaigns.with(|all| {
            all.iter()
                .filter(|one| keys.is_ticked(&one.id))
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let fitting = move |fits: fn(&CampaignView) -> bool| {
        ticked
            .get_untracked()
            .into_iter()
            .filter(fits)
            .collect::<Vec<_>>()
    };
    let none = move |fits: fn(&CampaignView) -> bool| {
        Signal::derive(move || {
            !steering.console.may(Right::Steer) || !ticked.with(|ticked| ticked.iter().any(fits))
        })
    };
    let may_pause = |one: &CampaignView| actions(one).pause;
    let may_rate = |one: &CampaignView| actions(one).rate;
    let may_stop = |one: &CampaignView| actions(one).stop;
    view! {
        <Show when=move || !ticked.with(Vec::is_empty)>
            <div class="bulk" data-test="bulk">
                <b>{move || fill("campaign.ticked", &[("n", &ticked.with(Vec::len))])}</b>
                <Button words=t("campaign.pause") sign=Sign::Pause disabled=none(may_pause)
                    on_press=move |()| fitting(may_pause).iter().for_each(|one| steering.pause(one)) />
                <Button words=t("campaign.rate") sign=Sign::Gauge disabled=none(may_rate)
                    on_press=move |()| steering.rate(fitting(may_rate)) />
                <Button words=t("campaign.stop_ask") sign=Sign::Stop weight=Weight::Danger disabled=none(may_stop)
                    on_press=move |()| steering.stop(fitting(may_stop)) />
                <SignButton sign=Sign::Close words=t("shell.close")
                    on_press=move |()| keys.cursor.update(|cursor| cursor.ticked.clear()) />
            </div>
        </Show>
    }
}
