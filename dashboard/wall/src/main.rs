//! The wall: one big screen for the duty room.

use leptos::prelude::*;

fn main() {
    mount_to_body(|| view! { <p>"编钟"</p> });
}
