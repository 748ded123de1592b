use super::button::SignButton;
use super::icon::Sign;
use crate::browser;
use crate::text::t;
use leptos::ev;
use leptos::prelude::*;

/// What is open of a list. The list stays usable.
#[component]
pub fn Drawer(
    #[prop(into)] title: Signal<String>,
    #[prop(into)] on_close: Callback<()>,
    /// Beside the title.
    #[prop(optional, into)]
    head: ViewFn,
    /// What next.
    #[prop(optional, into)]
    foot: ViewFn,
    children: Children,
) -> impl IntoView {
    let listener = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" && !event.default_prevented() && !browser::is_covered() {
            event.prevent_default();
            on_close.run(());
        }
    });
    on_cleanup(move || listener.remove());
    // Whoever opened it by a key goes on inside.
    Effect::new(move || browser::focus_when_idle(".drawer"));
    view! {
        <section class="drawer" tabindex="-1" aria-label=move || title.get() data-test="drawer">
            <header>
                <h2 class="cut">{move || title.get()}</h2>
                {move || head.run()}
                <span class="spring"></span>
                <SignButton
                    sign=Sign::Close
                    words=t("shell.close")
                    on_press=move |()| on_close.run(())
                    test="drawer-close"
                />
            </header>
            <div class="drawer-body">{children()}</div>
            <footer>{move || foot.run()}</footer>
        </section>
    }
}
