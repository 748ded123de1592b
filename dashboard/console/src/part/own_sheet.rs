use super::button::{Button, Weight};
use super::empty::FailureLine;
use super::sheet::Sheet;
use crate::asked::Asked;
use crate::console::use_console;
use crate::model::beijing::{parse_rfc3339, short};
use crate::model::failure::Failure;
use crate::model::tone::Tone;
use crate::rest;
use crate::text::t;
use carillon_api::{PasswordRequest, SessionEntry};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// As the server takes it.
const PASSWORD_CHARACTERS_MIN: usize = 12;

/// What concerns the operator only: the password, and where else one is logged in.
#[component]
pub fn OwnSheet() -> impl IntoView {
    let is_open = use_console().own_is_open;
    move || {
        is_open.get().then(|| {
            view! {
                <Sheet title=t("own.title").to_owned() on_close=move |()| is_open.set(false)>
                    <Sessions />
                    <Password />
                </Sheet>
            }
        })
    }
}

#[component]
fn Password() -> impl IntoView {
    let console = use_console();
    let [current, new, again] = [(); 3].map(|()| RwSignal::new(String::new()));
    let failure = RwSignal::new(None::<Failure>);
    let is_asking = RwSignal::new(false);
    let wrong = Memo::new(move |_| new.with(|new| again.with(|again| wrong(new, again))));
    let cannot = Memo::new(move |_| {
        is_asking.get()
            || wrong.get().is_some()
            || current.with(String::is_empty)
            || new.with(String::is_empty)
    });
    let change = move |()| {
        let request = PasswordRequest {
            current: current.get_untracked(),
            new: new.get_untracked(),
        };
        let csrf = console.csrf();
        is_asking.set(true);
        spawn_local(async move {
            let answer = rest::change_password(&request, &csrf).await;
            is_asking.try_set(false);
            match answer {
                Ok(()) => {
                    console.own_is_open.set(false);
                    console.tell(Tone::Ok, t("own.changed"));
                }
                // What was typed stays.
                Err(error) => {
                    console.notice(&error);
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let field = move |key, value: RwSignal<String>, complete, test| {
        view! {
            <label class="field"><span>{t(key)}</span>
                <input type="password" autocomplete=complete maxlength="256" data-test=test
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event)) /></label>
        }
    };
    view! {
        {field("own.current", current, "current-password", "own-current")}
        {field("own.new", new, "new-password", "own-new")}
        {field("own.again", again, "new-password", "own-again")}
        <p class="hint">{move || wrong.get().map_or(t("own.ends_others"), t)}</p>
        <FailureLine failure />
        <div class="sheet-foot">
            <Button words=t("shell.cancel") on_press=move |()| console.own_is_open.set(false) />
            <Button words=t("own.change") weight=Weight::Primary disabled=cannot on_press=change test="own-change" />
        </div>
    }
}

/// The key of what is wrong with a new password; nothing as long as nothing was typed.
fn wrong(new: &str, again: &str) -> Option<&'static str> {
    if new.is_empty() && again.is_empty() {
        return None;
    }
    if new.chars().count() < PASSWORD_CHARACTERS_MIN {
        return Some("own.too_short");
    }
    (new != again).then_some("own.differ")
}

#[component]
fn Sessions() -> impl IntoView {
    let console = use_console();
    let asked = Asked::new(|| Some(rest::sessions()));
    let end = Callback::new(move |id: String| {
        let csrf = console.csrf();
        console.act(async move { rest::end_session(&id, &csrf).await }, move |()| {
            asked.again()
        });
    });
    let rows = move || {
        let all = asked.value.get().map(|all| all.sessions).unwrap_or_default();
        let rows = all.into_iter();
        rows.map(|one| row(one, console.now_ms_untracked(), end))
            .collect_view()
    };
    view! {
        <section class="block">
            <h3>{t("own.sessions")}</h3>
            <FailureLine failure=asked.failure />
            <dl class="facts" data-test="own-sessions">{rows}</dl>
        </section>
    }
}

fn row(one: SessionEntry, now_ms: i64, end: Callback<String>) -> impl IntoView {
    let used = parse_rfc3339(&one.used_at).map_or(one.used_at.clone(), |at| short(at, now_ms));
    let id = one.id.clone();
    view! {
        <dt class="figure">{one.source}</dt>
        <dd class="figure">
            {used}" "
            {if one.current {
                view! { <small>{t("own.this_one")}</small> }.into_any()
            } else {
                view! { <Button words=t("own.end") on_press=move |()| end.run(id.clone()) test="own-end" /> }.into_any()
            }}
        </dd>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_is_long_and_typed_twice() {
        for (new, again, expected) in [
            ("", "", None),
            ("eleven char", "eleven char", Some("own.too_short")),
            ("十二个字符的密码也足够长了", "", Some("own.differ")),
            ("twelve chars", "twelve chars", None),
        ] {
            assert_eq!(wrong(new, again), expected, "{new}");
        }
    }
}
