use crate::browser;
use crate::console::{Console, Session};
use crate::model::place::{EXPIRED, Page, Place, WHY};
use crate::page;
use crate::part::{Help, JumpBox, Nav, OwnSheet, QuestionSheet, Toasts, TopBar, listen_for_page_keys};
use crate::rest;
use crate::text::{fill, t};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

/// How long to wait for a server that does not answer.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    let console = Console::start();
    follow_history(console);
    follow_session(console);
    listen_for_page_keys(console);
    let page = Memo::new(move |_| console.place.with(|place| place.page));
    Effect::new(move || {
        let page = t(page.get().name());
        browser::set_title(&fill("shell.title", &[("page", &page)]));
    });
    let is_in = Memo::new(move |_| console.session.with(|session| matches!(session, Session::In(_))));
    view! {
        {move || match (page.get(), is_in.get()) {
            (Page::Login, _) => view! { <page::Login /> }.into_any(),
            // Until the server said who this is, nothing is shown that may not be seen.
            (_, false) => view! { <p class="veil">{t("shell.asking")}</p> }.into_any(),
            (page, true) => view! {
                <TopBar />
                <Nav />
                <main data-test=page.name()>{shown(page)}</main>
                <JumpBox />
                <Help />
                <OwnSheet />
                <QuestionSheet />
            }.into_any(),
        }}
        <Toasts />
    }
}

fn shown(page: Page) -> AnyView {
    match page {
        Page::Home => page::Home().into_any(),
        Page::Connections => page::Connections().into_any(),
        Page::Campaigns => page::Campaigns().into_any(),
        Page::Records => page::Records().into_any(),
        Page::Alarms => page::Alarms().into_any(),
        Page::Walls => page::Walls().into_any(),
        Page::Login | Page::Nowhere => page::Nowhere().into_any(),
    }
}

/// The browser's own back and forward.
fn follow_history(console: Console) {
    let listener = window_event_listener(ev::popstate, move |_| {
        console.place.set(Place::parse(&browser::address()));
    });
    on_cleanup(move || listener.remove());
}

/// Asks who is logged in; whoever is not, or no longer, comes to the login page and back from there.
fn follow_session(console: Console) {
    ask_session(console);
    Effect::new(move |was_in: Option<bool>| {
        let (session, place) = (console.session.get(), console.place.get());
        match (&session, place.page) {
            (Session::In(_), Page::Login) => console.refine(place.after_login()),
            (Session::Out, page) if page != Page::Login => {
                console.question.set(None);
                let why = if was_in == Some(true) { EXPIRED } else { "" };
                console.refine(place.behind_login().with(WHY, why));
            }
            _ => {}
        }
        matches!(session, Session::In(_))
    });
}

/// A server that does not answer says nothing about who is logged in: it is asked again.
fn ask_session(console: Console) {
    spawn_local(async move {
        match rest::session().await {
            Ok(session) => console.session.set(Session::In(session)),
            Err(failure) if failure.is_logged_out() => console.session.set(Session::Out),
            Err(_) => set_timeout(move || ask_session(console), ASKED_AGAIN_AFTER),
        }
    });
}
