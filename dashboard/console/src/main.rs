//! The console: what operators and administrators use.

use leptos::prelude::*;

fn main() {
    mount_to_body(|| view! { <p>"编钟"</p> });
}
