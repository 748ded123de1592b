//! A panic ends a page's program for good; what is left is to say so and to load the page anew.

use std::panic;

use wasm_bindgen::{JsCast as _, prelude::Closure};

use crate::text::fill;

/// How long the message stays before the page is loaded anew.
const RELOAD_AFTER_S: i32 = 10;

/// From now on a panic covers the page with a message, which stays for ten seconds; then the page is loaded anew.
pub fn tell_when_it_fails() {
    panic::set_hook(Box::new(|info| {
        // A page so broken that it cannot even be covered has nowhere left to say so.
        let _ = cover(&info.to_string());
    }));
}

/// Nothing here may fail loudly: this runs while the program ends.
fn cover(cause: &str) -> Option<()> {
    let window = web_sys::window()?;
    let document = window.document()?;
    let reload = Closure::once_into_js({
        let window = window.clone();
        move || window.location().reload()
    });
    window
        .set_timeout_with_callback_and_timeout_and_arguments_0(reload.unchecked_ref(), RELOAD_AFTER_S * 1000)
        .ok()?;
    let cover = document.create_element("div").ok()?;
    cover.set_class_name("broken");
    cover.set_text_content(Some(&fill("failure.title", &[("s", &RELOAD_AFTER_S)])));
    let detail = document.create_element("small").ok()?;
    detail.set_text_content(Some(cause));
    cover.append_child(&detail).ok()?;
    document.body()?.append_child(&cover).ok()?;
    Some(())
}
