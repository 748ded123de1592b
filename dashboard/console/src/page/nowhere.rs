use crate::model::place::Place;
use crate::part::{Empty, PlaceLink};
use crate::text::t;
use leptos::prelude::*;

/// An address of no page.
#[component]
pub fn Nowhere() -> impl IntoView {
    view! {
        <section class="card whole">
            <Empty words=t("nowhere.words") more=t("nowhere.more")>
                <PlaceLink place=Place::default() class="button primary">{t("nowhere.home")}</PlaceLink>
            </Empty>
        </section>
    }
}
