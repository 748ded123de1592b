use super::icon::{Icon, Sign};
use leptos::prelude::*;

/// What a button weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    #[default]
    Plain,
    /// The one thing to do here.
    Primary,
    /// It hurts.
    Danger,
}

impl Weight {
    fn class(self) -> &'static str {
        match self {
            Weight::Plain => "button",
            Weight::Primary => "button primary",
            Weight::Danger => "button danger",
        }
    }
}

/// A button with words.
#[component]
pub fn Button(
    #[prop(into)] words: Signal<String>,
    #[prop(into)] on_press: Callback<()>,
    #[prop(optional, into)] sign: Option<Sign>,
    #[prop(optional)] weight: Weight,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// For tests.
    #[prop(optional, into)]
    test: &'static str,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=weight.class()
            data-test=test
            disabled=move || disabled.get()
            on:click=move |event| {
                event.stop_propagation();
                on_press.run(());
            }
        >
            {sign.map(|sign| view! { <Icon sign /> })}
            {move || words.get()}
        </button>
    }
}

/// A button of a row: a sign, whose words show when it is pointed at.
#[component]
pub fn SignButton(
    sign: Sign,
    words: &'static str,
    #[prop(into)] on_press: Callback<()>,
    #[prop(optional)] weight: Weight,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// For tests.
    #[prop(optional, into)]
    test: &'static str,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=format!("{} sign", weight.class())
            title=words
            aria-label=words
            data-test=test
            disabled=move || disabled.get()
            on:click=move |event| {
                event.stop_propagation();
                on_press.run(());
            }
        >
            <Icon sign />
        </button>
    }
}
