use crate::console::use_console;
use crate::model::place::Place;
use leptos::prelude::*;

/// A link to another place of the console; it can be opened elsewhere and copied as any link.
#[component]
pub fn PlaceLink(
    #[prop(into)] place: Signal<Place>,
    #[prop(optional, into)] class: Signal<String>,
    /// For tests.
    #[prop(optional, into)]
    test: &'static str,
    children: Children,
) -> impl IntoView {
    let console = use_console();
    view! {
        <a
            class=move || class.get()
            data-test=test
            href=move || place.with(Place::address)
            on:click=move |event| {
                let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0;
                if !elsewhere {
                    event.prevent_default();
                    console.go(place.get_untracked());
                }
            }
        >
            {children()}
        </a>
    }
}
