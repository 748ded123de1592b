use super::handling::Handling;
use crate::model::alarm_line;
use crate::model::beijing::{field, parse_field};
use crate::part::{Button, Sheet, Weight};
use crate::text::{fill, t};
use leptos::prelude::*;

const HOUR_MS: i64 = 3_600_000;
/// As the server takes it.
const DAYS_MAX: i64 = 30;
const REASON_CHARACTERS_MAX: usize = 200;

/// Until when, and why: an alarm is never put aside for good, nor without a word.
#[component]
pub fn ShelveSheet(handling: Handling) -> impl IntoView {
    let console = handling.console;
    move || {
        let alarm = handling.to_shelve.get()?;
        let now_ms = console.now_ms_untracked();
        let until = RwSignal::new(field(now_ms + HOUR_MS));
        let reason = RwSignal::new(String::new());
        let close = move || handling.to_shelve.set(None);
        let until_ms = Memo::new(move |_| {
            parse_field(&until.get()).filter(|at| (now_ms + 1..now_ms + DAYS_MAX * 24 * HOUR_MS).contains(at))
        });
        let cannot =
            Memo::new(move |_| until_ms.get().is_none() || reason.with(|reason| reason.trim().is_empty()));
        let id = alarm.id;
        let yes = move |()| {
            if let Some(until_ms) = until_ms.get_untracked() {
                let reason = reason.get_untracked().trim().to_owned();
                close();
                handling.shelve(id, until_ms, reason);
            }
        };
        let title = fill("alarms.shelve_title", &[("what", &alarm_line::title(&alarm))]);
        Some(view! {
            <Sheet title on_close=move |()| close()>
                <p>{t("alarms.shelve_1")}</p>
                <label class="field"><span>{t("alarms.until")}</span>
                    <input type="datetime-local" data-test="shelve-until" prop:value=move || until.get()
                        on:input=move |event| until.set(event_target_value(&event)) /></label>
                <div class="chips">
                    {[("alarms.hour_1", 1), ("alarms.hours_4", 4), ("alarms.hours_24", 24)].map(|(key, hours)| view! {
                        <Button words=t(key) on_press=move |()| until.set(field(now_ms + hours * HOUR_MS)) />
                    }).collect_view()}
                </div>
                <label class="field"><span>{t("alarms.reason")}</span>
                    <input data-test="shelve-reason" maxlength=REASON_CHARACTERS_MAX.to_string() prop:value=move || reason.get()
                        on:input=move |event| reason.set(event_target_value(&event)) /></label>
                <div class="sheet-foot">
                    <Button words=t("shell.cancel") on_press=move |()| close() />
                    <Button words=t("alarms.shelve") weight=Weight::Primary disabled=cannot on_press=yes test="shelve-yes" />
                </div>
            </Sheet>
        })
    }
}
