use carillon_api::live::Health;
use carillon_kit::{
    Shape,
    format::{Freshness, clock, count, span},
    text::{fill, t},
};
use leptos::prelude::*;

use super::{class_of_age, rem};
use crate::{
    screen::Screen,
    slots::slots,
    view::{PlaceRow, PlaceTile, map},
};

const TILES: usize = 34;
const ROWS: usize = 8;
/// Of the greatest number there is.
const SIGNS_MAX: usize = 26;
/// From one tile to the next, in units of 1080 lines.
const PITCH: (f64, f64) = (60.2, 39.0);

/// The day's total over the map of where it went.
#[component]
pub fn Map(screen: Screen) -> impl IntoView {
    let total = screen.memo(|state| count(state.panels.totals.data.accepted));
    let accepted = screen.moving(|panels| &panels.totals, |data| Some(data.accepted as f64));
    let signs = Memo::new(move |_| count(accepted.get().round() as u64).chars().collect::<Vec<_>>());
    let sign = |sign: Memo<char>| {
        let class = move || if sign.get() == ',' { "comma" } else { "digit" };
        view! { <span class=class aria-hidden="true">{move || sign.get()}</span> }
    };
    let view = screen.memo(|state| map(&state.panels.provinces.data, &state.panels.totals.data.kinds));
    let tiles = Memo::new(move |_| view.with(|view| view.tiles.clone()));
    let rows = Memo::new(move |_| view.with(|view| view.rows.clone()));
    let total_is = screen.freshness(|panels| &panels.totals);
    let places_are = screen.freshness(|panels| &panels.provinces);
    let age = screen.age(|panels| &panels.totals);
    let told_ms = screen.memo(|state| state.panels.provinces.at_ms);
    // A part that is stale below a fresh total says so itself.
    let is_silent = Memo::new(move |_| places_are.get() == Freshness::Stale && total_is.get().is_current());
    let silent_since = move || {
        let told_ms = told_ms.get();
        let silence = span(screen.now_ms().saturating_sub(told_ms));
        fill(
            "map.stale_since",
            &[("time", &clock(told_ms)), ("span", &silence)],
        )
    };
    let tile = move |tile: Memo<PlaceTile>| {
        view! {
            <span
                class=move || format!("place l{}", tile.with(|tile| tile.level))
                style:left=move || rem(f64::from(tile.with(|tile| tile.column)) * PITCH.0)
                style:top=move || rem(f64::from(tile.with(|tile| tile.row)) * PITCH.1)
            >
                {move || tile.with(|tile| tile.character)}
            </span>
        }
    };
    let row = move |row: Memo<PlaceRow>| {
        view! {
            <tr class:sum=move || row.with(|row| row.is_sum)>
                <td>{move || row.with(|row| row.name.clone())}</td>
                <td class="figure">{move || row.with(|row| row.accepted.clone())}</td>
                <td class="figure">{move || row.with(|row| row.delivery.clone())}</td>
            </tr>
        }
    };
    view! {
        <section class=move || format!("panel map {}", class_of_age(total_is.get()))>
            <div class="rings" aria-hidden="true"></div>
            <div class="total">
                <div class="label">{t("map.today")} <br /> {t("map.total")}</div>
                <div class="key figure strong" aria-label=move || total.get()>
                    {slots(signs, SIGNS_MAX, sign)}
                </div>
            </div>
            <span class="age">{move || age.get()}</span>
            <div class=move || format!("places {}", class_of_age(places_are.get()))>
                <Show
                    when=move || is_silent.get()
                    fallback=|| {
                        view! {
                            <div class="scale">
                                <span>{t("map.few")}</span>
                                {(1..=5).map(|level| view! { <i class=format!("place l{level}")></i> }).collect_view()}
                                <span>{t("map.many")}</span>
                            </div>
                        }
                    }
                >
                    <div class="silent">
                        <Shape health=Signal::derive(|| Health::None) />
                        <b>{t("map.stale")}</b>
                        <div>{silent_since}</div>
                    </div>
                </Show>
                <div class="tiles">{slots(tiles, TILES, tile)}</div>
                <table>
                    <thead>
                        <tr>
                            <th>{t("map.place")}</th>
                            <th>{t("map.accepted")}</th>
                            <th>{t("map.delivery")}</th>
                        </tr>
                    </thead>
                    <tbody>{slots(rows, ROWS, row)}</tbody>
                </table>
            </div>
        </section>
    }
}
