use super::detail::Detail;
use super::filters::Filters;
use crate::asked::Asked;
use crate::console::use_console;
use crate::model::beijing::{parse_rfc3339, short};
use crate::model::journey::outcome;
use crate::model::number::NONE;
use crate::model::place::OPEN;
use crate::model::record_filter::{NotYet, RecordFilter};
use crate::page::connections::Keys;
use crate::part::{Button, Empty, FailureLine, OutcomeMark, PlaceLink, RowKeys};
use crate::rest;
use crate::text::{fill, t, word};
use carillon_api::{CatalogView, MessageView};
use leptos::prelude::*;

const ROWS: u32 = 50;

#[component]
pub fn Records() -> impl IntoView {
    let console = use_console();
    let filter = Memo::new(move |_| console.place.with(|place| RecordFilter::of(&place.query)));
    let asked = Asked::new(move || {
        let query = filter.get().asked(ROWS).ok()?;
        Some(async move { rest::messages(&query).await })
    });
    let catalog: Asked<CatalogView> = Asked::new(|| Some(rest::catalog()));
    let not_yet = Memo::new(move |_| filter.get().asked(ROWS).err());
    let messages = Memo::new(move |_| asked.value.get().map(|page| page.messages).unwrap_or_default());
    let ids =
        Memo::new(move |_| messages.with(|all| all.iter().map(|one| one.id.to_string()).collect::<Vec<_>>()));
    let next = Memo::new(move |_| {
        asked
            .value
            .with(|page| page.as_ref().and_then(|page| page.next.clone()))
    });
    let open = console.asked_for(OPEN);
    let show = Callback::new(move |id: String| console.open(&id));
    let keys = RowKeys::listen(ids, open, show, false);
    let go = move |filter: RecordFilter| console.go(filter.place());
    let sub = move || match (asked.is_asking.get(), asked.value.with(Option::is_some)) {
        (true, _) => t("record.asking").to_owned(),
        (false, true) => fill("record.found", &[("n", &messages.with(Vec::len))]),
        (false, false) => String::new(),
    };
    view! {
        <div class="page-head"><h1>{t("page.records")}</h1><span class="sub">{sub}</span></div>
        <FailureLine failure=asked.failure />
        <section class="card whole">
            <Filters filter catalog />
            <div class="scroll" tabindex="0">
                <table data-test="records">
                    <thead><tr>
                        <th>{t("record.at")}</th><th>{t("record.who")}</th><th>{t("record.outcome")}</th>
                        <th>{t("record.channel")}</th><th class="spring-col">{t("record.text")}</th>
                        <th>{t("record.business")}</th><th>{t("record.account")}</th><th>{t("record.cause")}</th>
                    </tr></thead>
                    <tbody>
                        {move || messages.get().into_iter().map(|one| row(&one, console.now_ms_untracked(), keys, show)).collect_view()}
                    </tbody>
                </table>
                {move || not_yet.get().map(|not_yet| hint(not_yet, catalog))}
                <Show when=move || asked.value.with(Option::is_some) && messages.with(Vec::is_empty)>
                    {move || if next.with(Option::is_some) {
                        view! { <Empty words=t("record.none_here") more=t("record.none_here_more") /> }.into_any()
                    } else {
                        view! { <Empty words=t("record.none") more=t("record.none_more") /> }.into_any()
                    }}
                </Show>
            </div>
            <footer class="table-foot">
                <Keys />
                <span class="more">{move || if filter.get().plain { t("record.plain_foot") } else { t("record.masked_foot") }}</span>
                <span class="spring"></span>
                <Button words=t("shell.newest") disabled=Signal::derive(move || filter.get().before.is_empty())
                    on_press=move |()| go(RecordFilter { before: String::new(), ..filter.get_untracked() }) />
                <Button words=t("shell.older") disabled=Signal::derive(move || next.with(Option::is_none))
                    on_press=move |()| if let Some(before) = next.get_untracked() {
                        go(RecordFilter { before, ..filter.get_untracked() });
                    } test="older" />
            </footer>
        </section>
        {move || open.get().map(|id| view! { <Detail id filter /> })}
    }
}

fn row(one: &MessageView, now_ms: i64, keys: RowKeys, show: Callback<String>) -> impl IntoView + use<> {
    let id = one.id.to_string();
    let at = id.clone();
    let (key, tone) = outcome(&one.status);
    let accepted =
        parse_rfc3339(&one.accepted_at).map_or_else(|| one.accepted_at.clone(), |at| short(at, now_ms));
    let who = one
        .to
        .clone()
        .or_else(|| one.mail.clone())
        .unwrap_or_else(|| NONE.to_owned());
    // The channel that is, or was, at it last.
    let mut started = one.attempts.iter().filter(|attempt| attempt.started_at.is_some());
    let channel = started
        .next_back()
        .map_or_else(|| NONE.to_owned(), |attempt| word("kind", &attempt.channel));
    view! {
        <tr
            data-test="record-row"
            data-id=id.clone()
            class:at=move || keys.is_at(&at)
            on:click=move |_| { keys.stand_on(&id); show.run(id.clone()) }
        >
            <td class="figure">{accepted}</td>
            <td class="figure">{who}</td>
            <td><OutcomeMark tone words=t(key) /></td>
            <td>{channel}</td>
            <td class="spring-col"><span class="cut" title=one.text.clone()>{one.text.clone()}</span></td>
            <td><span class="cut account">{one.business_type.clone()}</span></td>
            <td><span class="cut account">{one.account.clone()}</span></td>
            <td class="code">{one.cause.clone()}</td>
        </tr>
    }
}

/// What is needed before there can be a search, and a short way to one.
fn hint(not_yet: NotYet, catalog: Asked<CatalogView>) -> impl IntoView {
    let (words, more) = match not_yet {
        NotYet::TooWide => (t("record.too_wide"), t("record.too_wide_more")),
        NotYet::Time => (t("record.time"), t("record.time_more")),
    };
    let accounts = move || {
        let names = crate::page::campaigns::accounts(catalog).into_iter().take(8);
        let links = names.map(|account| {
            let place = RecordFilter {
                account: account.clone(),
                ..RecordFilter::default()
            };
            view! { <PlaceLink place=place.place() class="button">{account}</PlaceLink> }
        });
        links.collect_view()
    };
    view! {
        <Empty words more>
            <div class="chips">{accounts}</div>
        </Empty>
    }
}
