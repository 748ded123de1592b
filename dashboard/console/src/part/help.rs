use super::sheet::Sheet;
use crate::console::use_console;
use crate::model::place::Page;
use crate::text::t;
use leptos::prelude::*;

/// `?`: the keys.
#[component]
pub fn Help() -> impl IntoView {
    let is_open = use_console().help_is_open;
    view! {
        <Show when=move || is_open.get()>
            <Sheet title=t("help.title").to_owned() on_close=move |()| is_open.set(false)>
                <dl class="keys" data-test="keys">
                    {Page::MAIN.iter().map(|(page, key)| view! {
                        <dt><kbd>"g"</kbd><kbd>{key.to_string()}</kbd></dt><dd>{t(page.name())}</dd>
                    }).collect_view()}
                    {KEYS.iter().map(|(keys, meaning)| view! {
                        <dt>{keys.split(' ').map(|key| view! { <kbd>{key}</kbd> }).collect_view()}</dt>
                        <dd>{t(meaning)}</dd>
                    }).collect_view()}
                </dl>
            </Sheet>
        </Show>
    }
}

const KEYS: [(&str, &str); 7] = [
    ("Ctrl+K", "help.jump"),
    ("/", "help.filter"),
    ("j k", "help.move"),
    ("Enter", "help.open"),
    ("x", "help.tick"),
    ("Esc", "help.close"),
    ("?", "help.help"),
];
