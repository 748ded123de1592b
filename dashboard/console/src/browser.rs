//! What only a browser can do. Everything here is thin.

use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, KeyboardEvent, Window};

fn window() -> Option<Window> {
    web_sys::window()
}

/// The clock, in Unix milliseconds.
pub fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// The address without its host.
pub fn address() -> String {
    let location = window().map(|window| window.location());
    let part = |read: fn(&web_sys::Location) -> Result<String, wasm_bindgen::JsValue>| {
        location
            .as_ref()
            .and_then(|location| read(location).ok())
            .unwrap_or_default()
    };
    part(web_sys::Location::pathname) + &part(web_sys::Location::search) + &part(web_sys::Location::hash)
}

/// The scheme and host of the address, for links that are copied.
pub fn origin() -> String {
    let origin = window().and_then(|window| window.location().origin().ok());
    origin.unwrap_or_default()
}

/// Puts another address into the bar, as a step of the history or in place of the present one.
pub fn show_address(address: &str, replace: bool) {
    let Some(history) = window().and_then(|window| window.history().ok()) else {
        return;
    };
    let nothing = wasm_bindgen::JsValue::NULL;
    // A browser that refuses (too many in a second) keeps the old address, and the page works on.
    let _ = if replace {
        history.replace_state_with_url(&nothing, "", Some(address))
    } else {
        history.push_state_with_url(&nothing, "", Some(address))
    };
}

pub fn set_title(title: &str) {
    if let Some(document) = window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// `light` or `dark`, for the style sheet.
pub fn set_theme(theme: &str) {
    let root = window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute("data-theme", theme);
    }
}

pub fn prefers_dark() -> bool {
    let query = window().and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten());
    query.is_some_and(|query| query.matches())
}

pub fn is_hidden() -> bool {
    window()
        .and_then(|window| window.document())
        .is_some_and(|document| document.hidden())
}

/// Loads the page anew.
pub fn reload() {
    if let Some(window) = window() {
        let _ = window.location().reload();
    }
}

/// For style sheets and screen readers.
pub fn set_language(tag: &str) {
    let root = window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute("lang", tag);
    }
}

/// Goes to an address as a click on a link does; answers that are files are stored by the browser.
pub fn follow(address: &str) {
    if let Some(window) = window() {
        let _ = window.location().assign(address);
    }
}

/// Whether the text is in the clipboard now.
pub async fn copy(text: &str) -> bool {
    let Some(window) = window() else { return false };
    let clipboard = window.navigator().clipboard();
    // Without TLS browsers have no clipboard; then an old way may work.
    if !clipboard.is_undefined() && JsFuture::from(clipboard.write_text(text)).await.is_ok() {
        return true;
    }
    copy_by_selection(&window, text).unwrap_or(false)
}

fn copy_by_selection(window: &Window, text: &str) -> Option<bool> {
    let document = window.document()?;
    let area: web_sys::HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    let body = document.body()?;
    body.append_child(&area).ok()?;
    area.select();
    let document: web_sys::HtmlDocument = document.dyn_into().ok()?;
    let copied = document.exec_command("copy").unwrap_or(false);
    area.remove();
    Some(copied)
}

/// Whether keys are being typed into something.
pub fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            && !matches!(element.get_attribute("type").as_deref(), Some("checkbox"))
    })
}

/// Whether a key with this event would press what has the focus.
pub fn is_on_button(event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| matches!(element.tag_name().as_str(), "BUTTON" | "A"))
}

/// Gives the focus to the first element that the selector finds.
pub fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        let _ = element.focus();
    }
}

/// The same, unless somebody is at work elsewhere on the page.
pub fn focus_when_idle(selector: &str) {
    let document = window().and_then(|window| window.document());
    let at = document.and_then(|document| document.active_element());
    if at.is_none_or(|at| at.tag_name() == "BODY") {
        focus(selector);
    }
}

/// Brings an element into sight, if there is one.
pub fn reveal(selector: &str) {
    if let Some(element) = find(selector) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Whether something lies over the page that takes the keys.
pub fn is_covered() -> bool {
    find(".scrim").is_some()
}

fn find(selector: &str) -> Option<HtmlElement> {
    let document = window()?.document()?;
    document.query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// Takes the focus away from what is typed into.
pub fn leave_field(event: &KeyboardEvent) {
    if let Some(field) = event
        .target()
        .and_then(|target| target.dyn_into::<HtmlElement>().ok())
    {
        let _ = field.blur();
    }
}
