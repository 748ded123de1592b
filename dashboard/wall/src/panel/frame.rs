use carillon_kit::format::Freshness;
use leptos::prelude::*;

/// A length of the drawing at 1080 lines as the page's unit, which grows with the screen.
pub fn rem(length: f64) -> String {
    format!("{:.4}rem", length / 100.0)
}

/// A panel: title, age, and content, which loses its colours when it is stale.
#[component]
pub fn Frame(
    class: &'static str,
    /// In units of 1080 lines; where the style sheet does not know it.
    #[prop(optional, into)]
    height: Option<Signal<u32>>,
    freshness: Memo<Freshness>,
    age: Memo<String>,
    #[prop(into)] title: Signal<String>,
    /// What columns mean, or how far a chart reaches.
    #[prop(optional, into)]
    note: Signal<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <section
            class=format!("panel {class}")
            class:stale=move || !freshness.get().is_current()
            style:height=move || height.map(|height| rem(f64::from(height.get())))
        >
            <header class="panel-head">
                <h2>{move || title.get()}</h2>
                <span class="note cut">{move || note.get()}</span>
                <span class="age" class:late=move || freshness.get() == Freshness::Late>
                    {move || age.get()}
                </span>
            </header>
            {children()}
        </section>
    }
}
