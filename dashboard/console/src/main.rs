//! The console: what operators and administrators use.
//!
//! `model` decides, as plain data; `rest` asks the server; `part` and `page` show.

mod app;
mod asked;
mod browser;
mod console;
mod language;
mod model;
mod page;
mod part;
mod rest;
mod text;
mod theme;

use carillon_kit::text::load;

fn main() {
    let language = language::kept();
    browser::set_language(language.tag());
    load(language, text::MESSAGES);
    carillon_kit::tell_when_it_fails();
    leptos::mount::mount_to_body(app::App);
}
