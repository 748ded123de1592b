use crate::browser;
use crate::console::{Session, use_console};
use crate::model::failure::Failure;
use crate::model::lockout::Lockout;
use crate::model::place::{EXPIRED, WHY};
use crate::part::{Icon, Sign};
use crate::rest;
use crate::text::{fill, t};
use crate::theme::Theme;
use carillon_api::{Code, LoginRequest};
use carillon_kit::Bells;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

#[component]
pub fn Login() -> impl IntoView {
    Theme::use_kept();
    view! {
        <div class="login">
            <div class="login-art" aria-hidden="true">
                <div class="brand"><Bells /><strong>{t("shell.name")}</strong></div>
                <Chime />
                <p class="motto">{t("login.motto")}</p>
                <p class="motto-more">{t("login.motto_more")}</p>
            </div>
            <LoginForm />
        </div>
    }
}

#[component]
fn LoginForm() -> impl IntoView {
    let console = use_console();
    let why = console.asked_for(WHY);
    let (name, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let is_shown = RwSignal::new(false);
    let is_asking = RwSignal::new(false);
    let wrong = RwSignal::new(None::<String>);
    let lockout = RwSignal::new(Lockout::default());
    let left = use_countdown(lockout);
    Effect::new(move || browser::focus("[data-test=login-name]"));

    let log_in = move || {
        if is_asking.get_untracked() || left.get_untracked().is_some() {
            return;
        }
        is_asking.set(true);
        wrong.set(None);
        let request = LoginRequest {
            name: name.get_untracked(),
            password: password.get_untracked(),
        };
        spawn_local(async move {
            let answer = rest::log_in(&request).await;
            is_asking.set(false);
            match answer {
                Ok(session) => {
                    console.session.set(Session::In(session));
                    // The live feed was refused until now; this lets it ask again at once.
                    console.live.show(None);
                }
                Err(failure) => {
                    // Whatever else went wrong, the password may be right.
                    match (failure.code(), failure.retry_after_s()) {
                        (Some(Code::TooManyAttempts), Some(seconds)) => {
                            lockout.set(Lockout::begin(browser::now_ms(), seconds));
                            return;
                        }
                        (Some(Code::Unauthenticated), _) => password.set(String::new()),
                        _ => {}
                    }
                    wrong.set(Some(sentence(&failure)));
                    browser::focus("[data-test=login-password]");
                }
            }
        });
    };

    view! {
        <form
            class="login-form"
            on:submit=move |event| {
                event.prevent_default();
                log_in();
            }
        >
            <h1>{t("login.title")}</h1>
            <p class="hint">{t("login.hint")}</p>
            {move || {
                let (tone, words) = match (left.get(), wrong.get()) {
                    (Some(seconds), _) => ("warn", fill("login.locked", &[("time", &crate::model::beijing::duration_s(seconds))])),
                    (None, Some(wrong)) => ("crit", wrong),
                    (None, None) if why.get().as_deref() == Some(EXPIRED) => ("warn", t("login.expired").to_owned()),
                    (None, None) => return None,
                };
                Some(view! {
                    <p class=format!("notice {tone}") role="alert" data-test="login-notice">
                        <Icon sign=Sign::Warning />
                        {words}
                    </p>
                })
            }}
            <label class="field">
                <span>{t("login.name")}</span>
                <input
                    data-test="login-name"
                    name="username"
                    autocomplete="username"
                    autocapitalize="none"
                    spellcheck="false"
                    maxlength="128"
                    required
                    prop:value=move || name.get()
                    on:input=move |event| name.set(event_target_value(&event))
                />
            </label>
            <label class="field">
                <span>{t("login.password")}</span>
                <span class="with-button">
                    <input
                        data-test="login-password"
                        name="password"
                        type=move || if is_shown.get() { "text" } else { "password" }
                        autocomplete="current-password"
                        maxlength="256"
                        required
                        prop:value=move || password.get()
                        on:input=move |event| password.set(event_target_value(&event))
                    />
                    <button type="button" class="plain" on:click=move |_| is_shown.update(|shown| *shown = !*shown)>
                        {move || if is_shown.get() { t("login.hide") } else { t("login.show") }}
                    </button>
                </span>
            </label>
            <button
                type="submit"
                class="button primary"
                data-test="login-submit"
                disabled=move || is_asking.get() || left.get().is_some()
            >
                {move || match left.get() {
                    Some(seconds) => fill("login.wait", &[("n", &seconds)]),
                    None if is_asking.get() => t("login.asking").to_owned(),
                    None => t("login.enter").to_owned(),
                }}
            </button>
            <p class="forgotten">{t("login.forgotten")}</p>
        </form>
    }
}

/// Seconds that are left of the lockout.
fn use_countdown(lockout: RwSignal<Lockout>) -> Memo<Option<u64>> {
    let now = RwSignal::new(browser::now_ms());
    if let Ok(timer) =
        set_interval_with_handle(move || now.set(browser::now_ms()), Duration::from_millis(250))
    {
        on_cleanup(move || timer.clear());
    }
    Memo::new(move |_| lockout.get().left_s(now.get()))
}

/// An unknown name and a wrong password are told alike.
fn sentence(failure: &Failure) -> String {
    match failure.code() {
        Some(Code::Unauthenticated) => t("login.wrong").to_owned(),
        _ => failure.sentence(),
    }
}

/// A chime of six bells on its beam.
#[component]
fn Chime() -> impl IntoView {
    let bells = [
        (44.0, 42.0, 94.0, 0.42),
        (104.0, 50.0, 118.0, 0.5),
        (174.0, 62.0, 138.0, 0.6),
        (258.0, 76.0, 165.0, 0.72),
        (360.0, 92.0, 198.0, 0.86),
        (484.0, 112.0, 236.0, 1.0),
    ];
    view! {
        <svg class="chime" viewBox="0 0 560 290">
            <path d="M0 0h10v30H0zM550 0h10v30h-10zM10 10h540v9H10z" />
            {bells.map(|(middle, width, height, weight)| bell(middle, width, height, weight)).collect_view()}
        </svg>
    }
}

fn bell(middle: f64, width: f64, height: f64, weight: f64) -> impl IntoView {
    const TOP: f64 = 48.0;
    let (shoulder, foot) = (width * 0.36, width * 0.5);
    let base = TOP + height;
    let outline = format!(
        "M{} {TOP}h{}Q{} {} {} {base}Q{middle} {} {} {base}Q{} {} {} {TOP}z",
        middle - shoulder,
        shoulder * 2.0,
        middle + shoulder * 1.08,
        TOP + height * 0.5,
        middle + foot,
        base - height * 0.14,
        middle - foot,
        middle - shoulder * 1.08,
        TOP + height * 0.5,
        middle - shoulder,
    );
    let line = |share: f64| {
        let half = shoulder + (foot - shoulder) * share * 0.8;
        format!("M{} {}h{}", middle - half, TOP + height * share, half * 2.0)
    };
    let knob = |column: f64, row: f64| {
        view! {
            <circle cx=middle + width * column cy=TOP + height * row r=width * 0.028 />
        }
    };
    let columns = [-0.2, -0.1, 0.1, 0.2];
    view! {
        <g opacity=weight>
            <path d=format!("M{} 19h{}v29h-{}z", middle - width * 0.05, width * 0.1, width * 0.1) opacity="0.6" />
            <path d=outline />
            <g class="engraved">
                <path d=line(0.11) />
                <path d=line(0.36) />
                {columns.map(|column| view! { {knob(column, 0.19)} {knob(column, 0.28)} }).collect_view()}
            </g>
        </g>
    }
}
