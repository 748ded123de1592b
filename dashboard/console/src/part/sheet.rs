use super::button::{Button, Weight};
use super::later::Later;
use crate::browser;
use crate::console::use_console;
use crate::text::t;
use leptos::ev;
use leptos::prelude::*;

/// Asked before something that hurts, or that needs one value more.
#[derive(Clone)]
pub struct Question {
    pub title: String,
    /// What will happen.
    pub sentences: Vec<String>,
    /// Says what will happen, in two or three words.
    pub button: String,
    pub weight: Weight,
    /// A value to be typed in, if there is one.
    pub field: Option<Field>,
    /// With the value, or nothing.
    pub on_yes: Later<String>,
}

#[derive(Clone)]
pub struct Field {
    pub label: &'static str,
    pub value: String,
    /// What is wrong with a value; `None` when nothing is.
    pub wrong: fn(&str) -> Option<&'static str>,
}

/// The question that is open, if one is.
#[component]
pub fn QuestionSheet() -> impl IntoView {
    let console = use_console();
    move || {
        let question = console.question.get()?;
        let close = move || console.question.set(None);
        let field = question.field.clone();
        let value = RwSignal::new(
            field
                .as_ref()
                .map_or_else(String::new, |field| field.value.clone()),
        );
        let check = field.as_ref().map(|field| field.wrong);
        let wrong = Memo::new(move |_| check.and_then(|check| value.with(|value| check(value))));
        let on_yes = StoredValue::new(question.on_yes.clone());
        let yes = move || {
            if wrong.get_untracked().is_none() {
                let (on_yes, value) = (on_yes.get_value(), value.get_untracked());
                close();
                on_yes.run(value);
            }
        };
        let sentences = question.sentences.clone();
        Some(view! {
            <Sheet title=question.title.clone() on_close=move |()| close()>
                {sentences.iter().map(|sentence| view! { <p>{sentence.clone()}</p> }).collect_view()}
                {field.clone().map(|field| view! {
                    <label class="field">
                        <span>{field.label}</span>
                        <input
                            data-test="question-field"
                            prop:value=move || value.get()
                            on:input=move |event| value.set(event_target_value(&event))
                            on:keydown=move |event| if event.key() == "Enter" { yes() }
                        />
                        <span class="wrong">{move || wrong.get()}</span>
                    </label>
                })}
                <div class="sheet-foot">
                    <Button words=t("shell.cancel") on_press=move |()| close() test="question-no" />
                    <Button
                        words=question.button.clone()
                        weight=question.weight
                        disabled=Signal::derive(move || wrong.get().is_some())
                        on_press=move |()| yes()
                        test="question-yes"
                    />
                </div>
            </Sheet>
        })
    }
}

/// Something over the page that must be answered or closed first.
#[component]
pub fn Sheet(title: String, #[prop(into)] on_close: Callback<()>, children: ChildrenFn) -> impl IntoView {
    let listener = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" {
            event.prevent_default();
            on_close.run(());
        }
    });
    on_cleanup(move || listener.remove());
    // The first thing to type into, else the last button: the one that says yes.
    Effect::new(move || {
        browser::focus(".sheet input, .sheet select, .sheet-foot .button:last-child");
    });
    view! {
        <div class="scrim" on:click=move |_| on_close.run(())>
            <div
                class="sheet"
                role="dialog"
                aria-modal="true"
                aria-label=title.clone()
                data-test="sheet"
                on:click=|event| event.stop_propagation()
            >
                <h2>{title.clone()}</h2>
                {children()}
            </div>
        </div>
    }
}
