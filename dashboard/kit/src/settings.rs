//! What a page remembers in its browser.

/// What was kept under a name; `None` where nothing was, or the browser keeps nothing.
pub fn kept(name: &str) -> Option<String> {
    web_sys::window()?.local_storage().ok()??.get_item(name).ok()?
}

/// Keeps a value under a name, where the browser allows it.
pub fn keep(name: &str, value: &str) {
    let storage = web_sys::window().and_then(|window| window.local_storage().ok().flatten());
    // A browser that keeps nothing loses a preference, and that is all.
    let _ = storage.map(|storage| storage.set_item(name, value));
}
