use crate::browser;
use crate::console::Console;
use crate::model::place::{Page, Place};
use leptos::ev;
use leptos::prelude::*;

/// How long `g` waits for its second key.
const SECOND_KEY_MS: i64 = 1_500;

/// The keys that work on every page.
pub fn listen(console: Console) {
    let g_at = StoredValue::new(0i64);
    let listener = window_event_listener(ev::keydown, move |event| {
        let key = event.key();
        if (event.ctrl_key() || event.meta_key()) && key.eq_ignore_ascii_case("k") {
            event.prevent_default();
            if !browser::is_covered() {
                console.jump_is_open.set(true);
            }
            return;
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() || browser::is_covered() {
            return;
        }
        if browser::is_typing(&event) {
            if key == "Escape" {
                event.prevent_default();
                browser::leave_field(&event);
            }
            return;
        }
        let now = browser::now_ms();
        if now - g_at.get_value() < SECOND_KEY_MS
            && let Some(page) = Page::of_key(&key)
        {
            g_at.set_value(0);
            event.prevent_default();
            console.go(Place::of(page));
            return;
        }
        match key.as_str() {
            "g" => g_at.set_value(now),
            "?" => console.help_is_open.set(true),
            "/" => {
                event.prevent_default();
                browser::focus(".filters input");
            }
            _ => {}
        }
    });
    on_cleanup(move || listener.remove());
}
