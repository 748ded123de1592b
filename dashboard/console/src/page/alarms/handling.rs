use crate::console::{Console, Right};
use crate::model::alarm_line;
use crate::model::tone::Tone;
use crate::part::{Button, Later, Sign, SignButton, Weight};
use crate::rest;
use crate::text::t;
use carillon_api::live::{AlarmState, AlarmView};
use leptos::prelude::*;

/// What the page does to alarms.
#[derive(Clone, Copy)]
pub struct Handling {
    pub console: Console,
    pub again: Callback<()>,
    /// The alarm that is about to be put aside.
    pub to_shelve: RwSignal<Option<AlarmView>>,
}

impl Handling {
    fn acknowledge(self, id: u64) {
        let csrf = self.console.csrf();
        self.console
            .act(async move { rest::acknowledge(id, &csrf).await }, move |()| {
                self.again.try_run(());
                self.console.tell(Tone::Ok, t("alarms.acknowledged_now"));
            });
    }

    pub fn shelve(self, id: u64, until_ms: i64, reason: String) {
        let csrf = self.console.csrf();
        let until = u64::try_from(until_ms).unwrap_or_default();
        self.console.act(
            async move { rest::shelve(id, until, &reason, &csrf).await },
            move |()| {
                self.again.try_run(());
                let undo = Later::new(move |()| self.unshelve(id));
                self.console.tell_undoable(t("alarms.shelved_now"), undo);
            },
        );
    }

    fn unshelve(self, id: u64) {
        let csrf = self.console.csrf();
        self.console
            .act(async move { rest::unshelve(id, &csrf).await }, move |()| {
                self.again.try_run(());
                self.console.tell(Tone::Ok, t("alarms.unshelved_now"));
            });
    }
}

/// What may be done to an alarm, in words.
#[component]
pub fn Actions(alarm: AlarmView, handling: Handling) -> impl IntoView {
    let may_not = Signal::derive(move || !handling.console.may(Right::Steer));
    let (id, shelved) = (alarm.id, alarm.state == AlarmState::Shelved);
    let acknowledge = alarm_line::can_acknowledge(&alarm).then(|| {
        let on_press = move |()| handling.acknowledge(id);
        view! {
            <Button words=t("alarms.acknowledge") sign=Sign::Check weight=Weight::Primary disabled=may_not on_press />
        }
    });
    let shelve = alarm_line::can_shelve(&alarm).then(|| {
        let on_press = move |()| handling.to_shelve.set(Some(alarm.clone()));
        view! { <Button words=t("alarms.shelve") sign=Sign::Clock disabled=may_not on_press /> }
    });
    let unshelve = shelved.then(|| {
        let on_press = move |()| handling.unshelve(id);
        view! { <Button words=t("alarms.unshelve") sign=Sign::Again disabled=may_not on_press /> }
    });
    view! {
        {acknowledge}
        {shelve}
        {unshelve}
    }
}

/// What may be done to an alarm from its row.
#[component]
pub fn RowActions(alarm: AlarmView, handling: Handling) -> impl IntoView {
    let may_not = move |fits: bool| Signal::derive(move || !fits || !handling.console.may(Right::Steer));
    let id = alarm.id;
    let acknowledges = alarm_line::can_acknowledge(&alarm);
    let shelves = alarm_line::can_shelve(&alarm);
    let second = if alarm.state == AlarmState::Shelved {
        view! { <SignButton sign=Sign::Again words=t("alarms.unshelve") disabled=may_not(true)
        on_press=move |()| handling.unshelve(id) test="alarm-unshelve" /> }
        .into_any()
    } else {
        view! { <SignButton sign=Sign::Clock words=t("alarms.shelve") disabled=may_not(shelves)
        on_press=move |()| handling.to_shelve.set(Some(alarm.clone())) test="alarm-shelve" /> }
        .into_any()
    };
    view! {
        <SignButton sign=Sign::Check words=t("alarms.acknowledge") disabled=may_not(acknowledges)
            on_press=move |()| handling.acknowledge(id) test="alarm-acknowledge" />
        {second}
    }
}
