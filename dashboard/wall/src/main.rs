//! The wall: one big screen for the duty room. Read-only, and made to run for months.

mod app;
mod entry;
#[cfg(any(test, feature = "fixtures"))]
mod fixture;
mod keys;
mod panel;
mod scenes;
mod screen;
mod shift;
mod skin;
mod slots;
mod texts;
mod view;

use carillon_kit::{
    settings::kept,
    tell_when_it_fails,
    text::{Language, load},
};
use leptos::prelude::*;

fn main() {
    let language = Language::parse(&kept(keys::LANGUAGE).unwrap_or_default());
    load(language, texts::MESSAGES);
    tell_when_it_fails();
    if let Some(page) = document().document_element() {
        // A page that cannot be marked is read in the wrong voice, and that is all.
        let _ = page.set_attribute("lang", language.tag());
    }
    mount_to_body(app::App);
}
