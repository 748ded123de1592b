use crate::model::failure::Failure;
use carillon_kit::Bells;
use leptos::prelude::*;

/// Why there is nothing, and what next.
#[component]
pub fn Empty(
    #[prop(into)] words: String,
    /// One fact more.
    #[prop(optional, into)]
    more: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty" data-test="empty">
            <Bells />
            <p>{words}</p>
            <small>{more}</small>
            {children.map(|children| children())}
        </div>
    }
}

/// Why what is shown may be old, or nothing.
#[component]
pub fn FailureLine(#[prop(into)] failure: Signal<Option<Failure>>) -> impl IntoView {
    move || {
        let failure = failure.get().filter(|failure| !failure.is_logged_out())?;
        Some(view! {
            <p class="failure" role="alert" data-test="failure">
                {failure.sentence()}
            </p>
        })
    }
}
