use carillon_kit::text::t;
use leptos::prelude::*;

use crate::screen::Screen;

/// Digits there are keys for, less the one for everything.
const SCENES_MAX: usize = 8;

/// The keys, over the picture.
#[component]
pub fn Help(screen: Screen) -> impl IntoView {
    let scopes = screen.memo(|state| state.scopes.clone());
    let keys = [
        ("?", t("help.keys.help")),
        ("S", t("help.keys.skin")),
        ("F", t("help.keys.full")),
        ("1 … 9", t("help.keys.scene")),
        ("R", t("help.keys.rotate")),
        ("␣", t("help.keys.pause")),
        ("L", t("help.keys.language")),
    ];
    let rows = move || {
        keys.into_iter()
            .map(|(key, text)| view! { <dt><kbd>{key}</kbd></dt><dd>{text}</dd> })
            .collect_view()
    };
    let scenes = move || {
        let scopes = scopes.get();
        let row = |(index, scope): (usize, String)| view! { <dt><kbd>{index + 2}</kbd></dt><dd class="cut">{scope}</dd> };
        scopes
            .into_iter()
            .take(SCENES_MAX)
            .enumerate()
            .map(row)
            .collect_view()
    };
    view! {
        <Show when=move || screen.shows_help.get()>
            <div class="help" role="dialog">
                <div>
                    <h2>{t("help.title")}</h2>
                    <dl>{rows()}</dl>
                </div>
                <Show when=move || scopes.with(|scopes| !scopes.is_empty())>
                    <div>
                        <h2>{t("help.scenes")}</h2>
                        <dl><dt><kbd>"1"</kbd></dt><dd>{t("head.whole")}</dd>{scenes()}</dl>
                    </div>
                </Show>
            </div>
        </Show>
        <Show when=move || screen.rotates_since_ms.get().is_some()>
            <div class="rotating">{t("help.rotating")}</div>
        </Show>
    }
}
