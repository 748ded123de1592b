use carillon_kit::{
    Shape, class_of,
    text::{fill, t},
};
use leptos::prelude::*;

use super::Frame;
use crate::{
    screen::Screen,
    slots::slots,
    view::{MatrixView, Size, TILES_MAX, Tile, matrix},
};

/// The channel matrix.
#[component]
pub fn Matrix(screen: Screen) -> impl IntoView {
    let view = screen.memo_of(|panels| &panels.connections, matrix);
    let tiles = Memo::new(move |_| view.with(|view: &MatrixView| view.tiles.clone()));
    let size = Memo::new(move |_| view.with(|view| view.size));
    let note = move || match size.get() {
        Size::Large | Size::Medium => String::new(),
        Size::Normal => t("matrix.columns").to_owned(),
        Size::Narrow => t("matrix.columns_narrow").to_owned(),
    };
    view! {
        <Frame
            class="matrix"
            freshness=screen.freshness(|panels| &panels.connections)
            age=screen.age(|panels| &panels.connections)
            title=Signal::derive(move || fill("matrix.title", &[("n", &view.with(|view| view.count))]))
            note=Signal::derive(note)
        >
            <div class=move || {
                let few = if tiles.with(|tiles| tiles.len() < 4) { " three" } else { "" };
                format!("grid {}{few}", size.get().class())
            }>
                {slots(tiles, TILES_MAX, move |tile| view! { <Connection tile=tile size=size /> })}
            </div>
            <Show when=move || tiles.with(Vec::is_empty)>
                <div class="empty">
                    <b>{t("matrix.none")}</b>
                    <span>{t("matrix.none_hint")}</span>
                </div>
            </Show>
        </Frame>
    }
}

#[component]
fn Connection(tile: Memo<Tile>, size: Memo<Size>) -> impl IntoView {
    let has_labels = move || matches!(size.get(), Size::Large | Size::Medium);
    let is_large = move || size.get() == Size::Large;
    // One text: a second one would lose its words whenever the first changes.
    let class = move || {
        tile.with(|tile| {
            format!(
                "tile {}{}{}",
                class_of(tile.health),
                if tile.is_at_limit { " full" } else { "" },
                if tile.note.is_empty() { "" } else { " noted" },
            )
        })
    };
    view! {
        <div
            class=class
        >
            <div class="tile-head">
                <Shape health=Signal::derive(move || tile.with(|tile| tile.health)) />
                <b class="cut">{move || tile.with(|tile| tile.name.clone())}</b>
                <span class="word">{move || tile.with(|tile| tile.word.clone())}</span>
            </div>
            <Show when=is_large>
                <div class="about cut">{move || tile.with(|tile| tile.about.clone())}</div>
            </Show>
            <div class="rate-line">
                <span class="word">{move || tile.with(|tile| tile.word.clone())}</span>
                <span class="track">
                    <span class="bar" style:width=move || format!("{:.2}%", tile.with(|tile| tile.share) * 100.0)></span>
                </span>
                <span class="figure">
                    <b>{move || tile.with(|tile| tile.rate.clone())}</b> "/"
                    {move || tile.with(|tile| tile.limit.clone())}
                </span>
            </div>
            <Show
                when=has_labels
                fallback=move || {
                    view! {
                        <div class="figures figure">
                            <span class="tile-note cut">{move || tile.with(|tile| tile.note.clone())}</span>
                            <span class="word">{move || tile.with(|tile| tile.word.clone())}</span>
                            <span class="rate-of">{move || tile.with(|tile| tile.delivery.clone())}</span>
                            <span class="p99">{move || tile.with(|tile| tile.p99.clone())}</span>
                            <span class="sessions">{move || tile.with(|tile| tile.sessions.clone())}</span>
                        </div>
                    }
                }
            >
                <dl>
                    <dt>{t("tile.delivery")}</dt>
                    <dd class="figure">{move || tile.with(|tile| tile.delivery.clone())}</dd>
                    <dt>{t("tile.p99")}</dt>
                    <dd class="figure">{move || tile.with(|tile| tile.p99.clone())}</dd>
                    <dt>{t("tile.sessions")}</dt>
                    <dd class="figure">{move || tile.with(|tile| tile.sessions.clone())}</dd>
                    <Show when=is_large>
                        <dt>{t("tile.in_flight")}</dt>
                        <dd class="figure">{move || tile.with(|tile| tile.in_flight.clone())}</dd>
                        <dt>{t("tile.submitted")}</dt>
                        <dd class="figure">{move || tile.with(|tile| tile.submitted.clone())}</dd>
                    </Show>
                </dl>
                <div class="tile-note">
                    {move || tile.with(|tile| tile.note.clone())}
                    <small class="cut">{move || tile.with(|tile| tile.error.clone())}</small>
                </div>
            </Show>
        </div>
    }
}
