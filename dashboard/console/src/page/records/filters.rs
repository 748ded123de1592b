use crate::asked::Asked;
use crate::console::{Console, Right, use_console};
use crate::model::place::OPEN;
use crate::model::record_filter::RecordFilter;
use crate::page::campaigns::accounts;
use crate::part::{Button, Sign, SignButton};
use crate::text::t;
use carillon_api::CatalogView;
use leptos::prelude::*;

/// States to choose from: how they stand in the address, and their key.
const STATES: [(&str, &str); 7] = [
    ("accepted,active", "record.open_ones"),
    ("delivered", "record.delivered"),
    ("sent", "record.sent"),
    ("failed", "record.failed"),
    ("rejected", "record.rejected"),
    ("unknown,expired", "record.unclear_ones"),
    ("cancelled", "record.cancelled"),
];

#[component]
pub fn Filters(filter: Memo<RecordFilter>, catalog: Asked<CatalogView>) -> impl IntoView {
    let console = use_console();
    let change = move |set: fn(&mut RecordFilter, String), value: String| {
        let mut wanted = filter.get_untracked();
        set(&mut wanted, value);
        wanted.before = String::new();
        console.go(wanted.place());
    };
    let text = move |key: &'static str,
                     test: &'static str,
                     class: &'static str,
                     read: fn(RecordFilter) -> String,
                     set: fn(&mut RecordFilter, String)| {
        view! {
            <input
                type="search"
                class=class
                data-test=test
                placeholder=t(key)
                aria-label=t(key)
                maxlength="200"
                prop:value=move || read(filter.get())
                on:change=move |event| change(set, event_target_value(&event))
            />
        }
    };
    let moment = move |key: &'static str,
                       test: &'static str,
                       read: fn(RecordFilter) -> String,
                       set: fn(&mut RecordFilter, String)| {
        view! {
            <label class="inline">
                {t(key)}
                <input
                    type="datetime-local"
                    data-test=test
                    prop:value=move || read(filter.get())
                    on:change=move |event| change(set, event_target_value(&event))
                />
            </label>
        }
    };
    view! {
        <div class="filters">
            {text("record.who_hint", "record-who", "who", |filter| filter.who, |filter, value| filter.who = value)}
            <select
                aria-label=t("record.account")
                data-test="record-account"
                on:change=move |event| change(|filter, value| filter.account = value, event_target_value(&event))
            >
                <option value="" selected=move || filter.get().account.is_empty()>{t("campaign.all_accounts")}</option>
                {move || accounts(catalog).into_iter().map(|name| {
                    let value = name.clone();
                    let chosen = { let name = name.clone(); move || filter.get().account == name };
                    view! { <option value=value selected=chosen>{name}</option> }
                }).collect_view()}
            </select>
            <select
                aria-label=t("record.outcome")
                data-test="record-status"
                on:change=move |event| change(|filter, value| filter.status = value, event_target_value(&event))
            >
                <option value="" selected=move || filter.get().status.is_empty()>{t("record.all_states")}</option>
                {STATES.map(|(value, key)| view! {
                    <option value=value selected=move || filter.get().status == value>{t(key)}</option>
                }).collect_view()}
            </select>
            {text("record.campaign_hint", "record-campaign", "campaign", |filter| filter.campaign, |filter, value| filter.campaign = value)}
            {moment("record.from", "record-from", |filter| filter.from, |filter, value| filter.from = value)}
            {moment("record.until", "record-until", |filter| filter.until, |filter, value| filter.until = value)}
            <span class="spring"></span>
            <Show when=move || console.may(Right::Numbers)>
                <Button
                    words=Signal::derive(move || if filter.get().plain { t("record.mask") } else { t("record.unmask") }.to_owned())
                    sign=Sign::Eye
                    on_press=move |()| switch_plain(console, filter.get_untracked())
                    test="record-plain"
                />
            </Show>
            <Show when=move || filter.get() != RecordFilter::default()>
                <SignButton sign=Sign::Close words=t("shell.clear") on_press=move |()| console.go(RecordFilter::default().place()) />
            </Show>
        </div>
    }
}

/// Whole numbers or masked ones; what is open stays open.
pub fn switch_plain(console: Console, shown: RecordFilter) {
    let open = console
        .place
        .with_untracked(|place| place.query.get(OPEN).unwrap_or_default().to_owned());
    let wanted = RecordFilter {
        plain: !shown.plain,
        ..shown
    };
    console.refine(wanted.place().with(OPEN, open));
}
