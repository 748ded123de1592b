use carillon_kit::format::Freshness;
use leptos::prelude::*;

/// A length of the drawing at 1080 lines as the page's unit, which grows with the screen.
pub fn rem(length: f64) -> String {
    format!("{:.4}rem", length / 100.0)
}

/// The class of what is that fresh: stale things lose their colours, and what was never told is not shown at all, because
/// nothing is not zero.
pub fn class_of_age(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Live => "",
        Freshness::Late => "late",
        Freshness::Stale => "stale",
        Freshness::Never => "stale never",
    }
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
            class=move || format!("panel {class} {}", class_of_age(freshness.get()))
            style:height=move || height.map(|height| rem(f64::from(height.get())))
        >
            <header class="panel-head">
                <h2>{move || title.get()}</h2>
                <span class="note cut">{move || note.get()}</span>
                <span class="age">
                    {move || age.get()}
                </span>
            </header>
            {children()}
        </section>
    }
}
