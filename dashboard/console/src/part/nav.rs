use super::icon::{Icon, Sign};
use super::link::PlaceLink;
use super::pill::health_word;
use crate::console::use_console;
use crate::model::beijing::short;
use crate::model::connection_line::ConnectionLine;
use crate::model::place::{Page, Place};
use crate::text::{fill, t};
use carillon_api::live::{AlarmState, Health};
use carillon_kit::Shape;
use carillon_kit::live::LinkView;
use leptos::prelude::*;

/// The pages there are, and how the platform does.
#[component]
pub fn Nav() -> impl IntoView {
    let panels = use_console().live.state;
    let running = Memo::new(move |_| {
        panels.with(|state| {
            let campaigns = state.panels.campaigns.data.campaigns.iter();
            campaigns.filter(|campaign| campaign.state == "running").count()
        })
    });
    let alarms = unacknowledged();
    view! {
        <nav aria-label=t("shell.nav")>
            <Entry page=Page::Home sign=Sign::Home />
            <h2>{t("shell.sending")}</h2>
            <Entry page=Page::Campaigns sign=Sign::List count=running />
            <h2>{t("shell.looking")}</h2>
            <Entry page=Page::Records sign=Sign::Search />
            <h2>{t("shell.keeping")}</h2>
            <Entry page=Page::Connections sign=Sign::Plug />
            <Entry page=Page::Alarms sign=Sign::Bell count=alarms />
            <Entry page=Page::Walls sign=Sign::Screen />
            <span class="spring"></span>
            <Platform />
        </nav>
    }
}

/// Alarms that nobody has acknowledged.
pub fn unacknowledged() -> Memo<usize> {
    let panels = use_console().live.state;
    Memo::new(move |_| {
        panels.with(|state| {
            let alarms = state.panels.alarms.data.alarms.iter();
            alarms
                .filter(|alarm| matches!(alarm.state, AlarmState::Unacknowledged | AlarmState::Returned))
                .count()
        })
    })
}

#[component]
fn Entry(page: Page, sign: Sign, #[prop(optional, into)] count: Option<Memo<usize>>) -> impl IntoView {
    let place = use_console().place;
    let class = Signal::derive(move || {
        let here = place.with(|place| place.page == page);
        if here {
            "entry here".to_owned()
        } else {
            "entry".to_owned()
        }
    });
    view! {
        <PlaceLink place=Place::of(page) class test=page.name()>
            <Icon sign />
            <span>{t(page.name())}</span>
            {count.map(|count| view! {
                <b class="count" hidden=move || count.get() == 0>{move || count.get()}</b>
            })}
        </PlaceLink>
    }
}

/// The platform's state in one line; a link that is lost comes before everything else.
#[component]
fn Platform() -> impl IntoView {
    let console = use_console();
    let health = Memo::new(move |_| match console.live.link.get() {
        LinkView::Live | LinkView::Polling => {
            console.live.state.with(|state| state.panels.overview.data.health)
        }
        LinkView::Connecting | LinkView::Lost { .. } | LinkView::Refused => Health::None,
    });
    let words = Memo::new(move |_| {
        console.live.state.with(|state| match health.get() {
            Health::None if state.at_ms > 0 => {
                let at = short(state.at_ms as i64, console.now_ms_untracked());
                fill("shell.link_lost", &[("at", &at)])
            }
            Health::None => t("shell.link_none").to_owned(),
            health => {
                let rows = &state.panels.connections.data.connections;
                let wrong = rows
                    .iter()
                    .filter(|row| ConnectionLine::of_live(row).is_in_trouble())
                    .count();
                match wrong {
                    0 => fill("shell.platform", &[("state", &health_word(health))]),
                    wrong => fill("shell.connections_wrong", &[("n", &wrong)]),
                }
            }
        })
    });
    view! {
        <div class="platform" data-test="platform">
            <Shape health />
            <span>{move || words.get()}</span>
        </div>
    }
}
