use crate::console::{Console, Right, use_console};
use crate::model::connection_line::ConnectionLine;
use crate::model::place::{OPEN, Page, Place, TEST};
use crate::model::tone::Tone;
use crate::part::{Later, Question, Sign, SignButton, Weight};
use crate::rest::{self, ConnectionAct};
use crate::text::{fill, t};
use leptos::prelude::*;

/// What may be done to a connection from its row.
#[component]
pub fn Actions(#[prop(into)] line: Signal<ConnectionLine>) -> impl IntoView {
    let console = use_console();
    let name = move || line.with_untracked(|line| line.name.clone());
    let may_not = Signal::derive(move || !console.may(Right::Steer));
    let test = move |()| {
        let place = Place::of(Page::Connections).with(OPEN, name()).with(TEST, "now");
        console.refine(place);
    };
    view! {
        <Show when=move || line.with(ConnectionLine::can_restart)>
            <SignButton
                sign=Sign::Again
                words=t("connection.restart")
                disabled=may_not
                on_press=move |()| restart(console, name())
                test="connection-restart"
            />
        </Show>
        <SignButton
            sign=Sign::Pulse
            words=t("connection.test")
            disabled=may_not
            on_press=test
            test="connection-test-row"
        />
        <Show
            when=move || line.with(ConnectionLine::is_drained)
            fallback=move || view! {
                <SignButton
                    sign=Sign::Pause
                    words=t("connection.drain")
                    disabled=Signal::derive(move || may_not.get() || !line.with(ConnectionLine::can_drain))
                    on_press=move |()| ask_drain(console, name())
                    test="connection-drain"
                />
            }
        >
            <SignButton
                sign=Sign::Play
                words=t("connection.resume")
                disabled=may_not
                on_press=move |()| resume(console, name())
                test="connection-resume"
            />
        </Show>
    }
}

/// Traffic moves to others, or waits where there are none: that is asked before, and taken back with one press.
pub fn ask_drain(console: Console, name: String) {
    console.question.set(Some(Question {
        title: fill("connection.drain_title", &[("name", &name)]),
        sentences: vec![
            t("connection.drain_1").to_owned(),
            t("connection.drain_2").to_owned(),
        ],
        button: t("connection.drain").to_owned(),
        weight: Weight::Danger,
        field: None,
        on_yes: Later::new(move |_| {
            let (name, csrf) = (name.clone(), console.csrf());
            let drained = name.clone();
            console.act(
                async move { rest::act_on_connection(ConnectionAct::Drain, &name, &csrf).await },
                move |()| {
                    let words = fill("connection.drained", &[("name", &drained)]);
                    console.tell_undoable(words, Later::new(move |()| resume(console, drained.clone())));
                },
            );
        }),
    }));
}

pub fn resume(console: Console, name: String) {
    act(console, ConnectionAct::Resume, name, "connection.resumed");
}

pub fn restart(console: Console, name: String) {
    act(console, ConnectionAct::Restart, name, "connection.restarted");
}

fn act(console: Console, what: ConnectionAct, name: String, done: &'static str) {
    let csrf = console.csrf();
    let words = fill(done, &[("name", &name)]);
    console.act(
        async move { rest::act_on_connection(what, &name, &csrf).await },
        move |()| console.tell(Tone::Ok, words),
    );
}
