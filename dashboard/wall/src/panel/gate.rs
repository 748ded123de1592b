use carillon_kit::{Bells, text::t};
use leptos::prelude::*;

/// What a screen shows that may not look on: why, and what to do.
#[component]
pub fn Gate(token_is_refused: bool) -> impl IntoView {
    let (title, hint) = if token_is_refused {
        (t("gate.refused"), t("gate.refused_hint"))
    } else {
        (t("gate.title"), t("gate.hint"))
    };
    view! {
        <main class="gate">
            <Bells />
            <h1>{title}</h1>
            <p>{hint}</p>
            <a href="/console/">{t("gate.console")}</a>
            <Show when=move || !token_is_refused>
                <small>{t("gate.waiting")}</small>
            </Show>
        </main>
    }
}
