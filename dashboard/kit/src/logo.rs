//! Three bells on their beam: the sign of the product, and of a screen that has nothing to worry about.

use leptos::prelude::*;

/// The sign, in the colour of the text around it.
#[component]
pub fn Bells() -> impl IntoView {
    view! {
        <svg class="bells" viewBox="0 0 56 50" fill="currentColor" aria-hidden="true">
            <path d="M0 0h56v5H0z" />
            <path d="M6 5h2v6H6zM22 5h2v6h-2zM43 5h2v6h-2z" />
            <path d="M3.5 11h7l3.2 17.5q-6.7-4-13.4 0z" />
            <path d="M18 11h10l.7 3.6H17.3zM16.9 17h12.2l.6 3H16.3zM15.9 22.5h14.2l2.2 15.3q-9.3-5.4-18.6 0z" />
            <path d="M37.5 11h13l.8 4.6H36.7zM36.3 18h15.4l.7 3.8H35.6zM35.2 24.4h17.6l2.9 23.8q-11.7-6.6-23.4 0z" />
        </svg>
    }
}
