use super::actions::Actions;
use super::detail::Detail;
use crate::asked::Asked;
use crate::console::use_console;
use crate::model::beijing::duration;
use crate::model::connection_line::{ConnectionLine, lines};
use crate::model::number::{NONE, percent};
use crate::model::place::OPEN;
use crate::page::home::LinkBanner;
use crate::part::{Empty, FailureLine, HealthMark, LoadBar, RowKeys};
use crate::rest;
use crate::text::{fill, t};
use carillon_api::CatalogView;
use carillon_kit::format::count;
use leptos::prelude::*;
use std::time::Duration;

/// Without the live feed the list is asked for this often.
const ASKED_EVERY: Duration = Duration::from_secs(5);

#[component]
pub fn Connections() -> impl IntoView {
    let console = use_console();
    let asked = Asked::new(|| Some(rest::connections())).every(ASKED_EVERY);
    let catalog: Asked<CatalogView> = Asked::new(|| Some(rest::catalog()));
    let all = Memo::new(move |_| {
        console.live.state.with(|state| {
            let known = asked.value.get().map(|view| view.connections).unwrap_or_default();
            catalog.value.with(|catalog| {
                lines(
                    &state.panels.connections.data.connections,
                    &known,
                    catalog.as_ref(),
                )
            })
        })
    });
    let names =
        Memo::new(move |_| all.with(|all| all.iter().map(|line| line.name.clone()).collect::<Vec<_>>()));
    let open = console.asked_for(OPEN);
    let opened = Memo::new(move |_| {
        let name = open.get()?;
        all.with(|all| all.iter().find(|line| line.name == name).cloned())
    });
    let show = Callback::new(move |name: String| console.open(&name));
    let keys = RowKeys::listen(names, open, show, false);
    let rates = move || {
        all.with(|all| {
            let of: [(&str, &dyn std::fmt::Display); 2] = [
                ("n", &all.len()),
                ("rate", &count(all.iter().map(|line| line.rate).sum())),
            ];
            fill("connection.sub", &of)
        })
    };
    let is_known = move || asked.value.with(Option::is_some) || all.with(|all| !all.is_empty());
    view! {
        <div class="page-head"><h1>{t("page.connections")}</h1><span class="sub">{rates}</span></div>
        <LinkBanner />
        <FailureLine failure=asked.failure />
        <section class="card whole">
            <div class="scroll">
                <table data-test="connections">
                    <thead><tr>
                        <th>{t("connection.name")}</th><th>{t("connection.protocol")}</th><th>{t("connection.state")}</th>
                        <th class="wide-col">{t("connection.rate")}</th><th class="number">{t("connection.sessions")}</th>
                        <th class="number">{t("connection.in_flight")}</th><th class="number">{t("connection.delivery")}</th>
                        <th class="number">{t("connection.p99")}</th><th class="spring-col">{t("connection.last_error")}</th>
                        <th><span class="unseen">{t("shell.acts")}</span></th>
                    </tr></thead>
                    <tbody>
                        <For each=move || names.get() key=Clone::clone let:name>
                            {row(name, all, keys, show)}
                        </For>
                    </tbody>
                </table>
                <Show when=move || is_known() && all.with(Vec::is_empty)>
                    <Empty words=t("connection.none") more=t("connection.none_more") />
                </Show>
            </div>
            <footer class="table-foot"><Keys /></footer>
        </section>
        {move || opened.with(Option::is_some).then(|| view! { <Detail opened catalog again=asked /> })}
    }
}

/// The keys of a list, told at its foot.
#[component]
pub fn Keys(#[prop(optional)] ticks: bool) -> impl IntoView {
    view! {
        <span class="hint"><kbd>"j"</kbd><kbd>"k"</kbd>{t("help.move")}</span>
        {ticks.then(|| view! { <span class="hint"><kbd>"x"</kbd>{t("help.tick")}</span> })}
        <span class="hint"><kbd>"Enter"</kbd>{t("help.open")}</span>
        <span class="hint"><kbd>"?"</kbd>{t("help.help")}</span>
    }
}

fn row(name: String, all: Memo<Vec<ConnectionLine>>, keys: RowKeys, show: Callback<String>) -> impl IntoView {
    let line = Memo::new({
        let name = name.clone();
        move |_| {
            all.with(|all| {
                all.iter()
                    .find(|line| line.name == name)
                    .cloned()
                    .unwrap_or_default()
            })
        }
    });
    let at = name.clone();
    let sessions = move || {
        line.with(|line| match line.sessions_wanted {
            0 => NONE.to_owned(),
            wanted => format!("{}/{wanted}", line.sessions_bound),
        })
    };
    let rate = move || {
        line.with(|line| match line.rate_limit {
            0 => count(line.rate),
            limit => format!("{}/{}", count(line.rate), count(limit)),
        })
    };
    let p99 = move || {
        line.with(|line| {
            line.p99_ms
                .map_or_else(|| NONE.to_owned(), |ms| duration(ms as i64))
        })
    };
    view! {
        <tr
            data-test="connection-row"
            data-name=name.clone()
            class:at=move || keys.is_at(&at)
            on:click={
                let name = name.clone();
                move |_| { keys.stand_on(&name); show.run(name.clone()) }
            }
        >
            <td class:strong=move || line.with(ConnectionLine::is_in_trouble)>{name.clone()}</td>
            <td class="figure">{move || line.with(|line| line.protocol.to_uppercase())}</td>
            <td>
                {move || view! { <HealthMark health=line.with(|line| line.health) /> }}
                <span class="more">{move || line.with(ConnectionLine::state_words)}</span>
            </td>
            <td class="wide-col"><span class="load-cell">
                {move || line.with(|line| view! { <LoadBar load=line.load() at_limit=line.at_limit() /> })}
                <span class="figure">{rate}</span>
            </span></td>
            <td class="figure number">{sessions}</td>
            <td class="figure number">{move || line.with(|line| line.in_flight)}</td>
            <td class="figure number">{move || line.with(|line| percent(line.delivery_rate))}</td>
            <td class="figure number">{p99}</td>
            <td class="spring-col"><span class="cut" title=move || line.with(|line| line.last_error.clone())>
                {move || line.with(ConnectionLine::error_words)}
            </span></td>
            <td class="acts"><Actions line /></td>
        </tr>
    }
}
