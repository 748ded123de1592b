use super::button::SignButton;
use super::icon::{Icon, Sign};
use super::link::PlaceLink;
use super::nav::unacknowledged;
use crate::console::{Session, use_console};
use crate::language;
use crate::model::place::{Page, Place};
use crate::model::tone::Tone;
use crate::rest;
use crate::text::t;
use crate::theme::Theme;
use carillon_kit::Bells;
use leptos::prelude::*;

#[component]
pub fn TopBar() -> impl IntoView {
    let console = use_console();
    let alarms = unacknowledged();
    let theme = Theme::use_kept();
    let operator = move || {
        console.session.with(|session| match session {
            Session::In(view) => view.operator.clone(),
            Session::Unknown | Session::Out => String::new(),
        })
    };
    let initial = move || {
        operator()
            .chars()
            .next()
            .map(|first| first.to_uppercase().to_string())
    };
    let leave = move |()| {
        let csrf = console.csrf();
        console.act(async move { rest::log_out(&csrf).await }, move |()| {
            console.go(Place::of(Page::Login));
            console.session.set(Session::Out);
            console.tell(Tone::Ok, t("login.left"));
        });
    };
    view! {
        <header class="top">
            <PlaceLink place=Place::default() class="brand">
                <Bells />
                <strong>{t("shell.name")}</strong>
            </PlaceLink>
            <button
                type="button"
                class="jump-button"
                data-test="jump-button"
                on:click=move |_| console.jump_is_open.set(true)
            >
                <Icon sign=Sign::Search />
                <span>{t("jump.hint")}</span>
                <kbd>"Ctrl K"</kbd>
            </button>
            <span class="spring"></span>
            <button type="button" class="language" data-test="language" on:click=|_| language::switch()>
                {t("shell.language")}
            </button>
            <SignButton sign=Sign::Theme words=t("shell.theme") on_press=move |()| theme.switch() test="theme" />
            <SignButton
                sign=Sign::Help
                words=t("shell.help")
                on_press=move |()| console.help_is_open.set(true)
                test="help"
            />
            <PlaceLink place=Place::of(Page::Alarms) class="bell" test="bell">
                <Icon sign=Sign::Bell />
                <span class="unseen">{t("page.alarms")}</span>
                <b hidden=move || alarms.get() == 0>{move || alarms.get()}</b>
            </PlaceLink>
            <span class="avatar" aria-hidden="true">{initial}</span>
            <button
                type="button"
                class="language"
                data-test="operator"
                title=t("own.title")
                on:click=move |_| console.own_is_open.set(true)
            >
                {operator}
            </button>
            <SignButton sign=Sign::Leave words=t("login.leave") on_press=leave test="leave" />
        </header>
    }
}
