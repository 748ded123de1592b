use super::actions::{ask_drain, restart, resume};
use crate::asked::Asked;
use crate::console::{Right, use_console};
use crate::model::beijing::{duration, short};
use crate::model::connection_line::ConnectionLine;
use crate::model::failure::Failure;
use crate::model::number::{NONE, percent};
use crate::model::place::TEST;
use crate::part::{Button, Drawer, HealthMark, Icon, Sign};
use crate::rest;
use crate::text::{fill, t, word};
use carillon_api::{CatalogView, ConnectionConfigView, ConnectionTestView, ConnectionsView};
use carillon_kit::format::count;
use carillon_kit::trouble;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// A connection in the drawer: what it does, how it is configured, and what its carrier answers to a test.
#[component]
pub fn Detail(
    opened: Memo<Option<ConnectionLine>>,
    catalog: Asked<CatalogView>,
    again: Asked<ConnectionsView>,
) -> impl IntoView {
    let console = use_console();
    let line = Memo::new(move |_| opened.get().unwrap_or_default());
    let name = Memo::new(move |_| line.with(|line| line.name.clone()));
    let may_not = Signal::derive(move || !console.may(Right::Steer));
    let configured = Memo::new(move |_| {
        let name = name.get();
        catalog.value.with(|catalog| {
            let mut known = catalog.as_ref()?.connections.iter();
            known.find(|known| known.name == name).cloned()
        })
    });
    let groups = Memo::new(move |_| {
        let name = name.get();
        catalog.value.with(|catalog| {
            catalog
                .as_ref()
                .map(|catalog| groups_of(catalog, &name))
                .unwrap_or_default()
        })
    });
    let head = move || view! { <HealthMark health=line.with(|line| line.health) /> };
    let foot = move || {
        view! {
            <Show when=move || line.with(ConnectionLine::can_restart)>
                <Button words=t("connection.restart") sign=Sign::Again disabled=may_not
                    on_press=move |()| { restart(console, name.get_untracked()); again.again() } />
            </Show>
            <Show
                when=move || line.with(ConnectionLine::is_drained)
                fallback=move || view! {
                    <Button words=t("connection.drain") sign=Sign::Pause
                        disabled=Signal::derive(move || may_not.get() || !line.with(ConnectionLine::can_drain))
                        on_press=move |()| ask_drain(console, name.get_untracked()) />
                }
            >
                <Button words=t("connection.resume") sign=Sign::Play disabled=may_not
                    on_press=move |()| { resume(console, name.get_untracked()); again.again() } />
            </Show>
        }
    };
    view! {
        <Drawer title=name on_close=move |()| console.open("") head foot>
            <dl class="facts">
                <dt>{t("connection.state")}</dt>
                <dd>{move || line.with(|line| {
                    let since = line.since_ms.map(|at| fill("home.since", &[("at", &short(at, console.now_ms()))]));
                    [Some(line.state_words()), since].into_iter().flatten().collect::<Vec<_>>().join(" · ")
                })}</dd>
                <dt>{t("connection.rate")}</dt>
                <dd class="figure">{move || line.with(|line| match line.rate_limit {
                    0 => count(line.rate),
                    limit => format!("{} / {}", count(line.rate), count(limit)),
                })}</dd>
                <dt>{t("connection.sessions")}</dt>
                <dd class="figure">{move || line.with(|line| format!("{} / {}", line.sessions_bound, line.sessions_wanted))}</dd>
                <dt>{t("connection.in_flight")}</dt>
                <dd class="figure">{move || line.with(|line| line.in_flight)}</dd>
                <dt>{t("connection.delivery")}</dt>
                <dd class="figure">{move || line.with(|line| percent(line.delivery_rate))}</dd>
                <dt>{t("connection.p99")}</dt>
                <dd class="figure">{move || line.with(|line| line.p99_ms.map_or_else(|| NONE.to_owned(), |ms| duration(ms as i64)))}</dd>
                <dt>{t("connection.submitted")}</dt>
                <dd class="figure">{move || line.with(|line| line.submitted.map_or_else(|| NONE.to_owned(), count))}</dd>
            </dl>
            {move || line.with(|line| (!line.last_error.is_empty()).then(|| view! {
                <section class="block">
                    <h3>{t("connection.last_error")}</h3>
                    {trouble(&line.last_error).map(|words| view! { <p>{words}</p> })}
                    <pre class="code">{line.last_error.clone()}</pre>
                </section>
            }))}
            <Test name may_not />
            <section class="block">
                <h3>{t("connection.configured")}</h3>
                {move || configured.get().map(configuration)}
                <p class="more">{move || groups.with(|groups| match groups.as_slice() {
                    [] => t("connection.in_no_group").to_owned(),
                    groups => fill("connection.in_groups", &[("groups", &groups.join("、"))]),
                })}</p>
            </section>
        </Drawer>
    }
}

/// Route groups that have it as a member, with the strategies by which they choose.
fn groups_of(catalog: &CatalogView, name: &str) -> Vec<String> {
    let groups = catalog.route_groups.iter();
    groups
        .filter(|group| group.members.iter().any(|member| member.connection == name))
        .map(|group| format!("{} ({})", group.name, strategy(&group.strategy)))
        .collect()
}

fn strategy(word: &str) -> &str {
    match word {
        "primary_backup" => t("connection.strategy.primary_backup"),
        "weighted" => t("connection.strategy.weighted"),
        "least_busy" => t("connection.strategy.least_busy"),
        "adaptive" => t("connection.strategy.adaptive"),
        other => other,
    }
}

fn configuration(known: ConnectionConfigView) -> impl IntoView {
    let mut facts = vec![
        ("connection.host", format!("{}:{}", known.host, known.port)),
        ("connection.login", known.login),
        (
            "connection.window",
            format!("{} × {}", known.sessions, known.window),
        ),
        (
            "connection.limit",
            fill(
                "connection.per_second",
                &[("n", &count(u64::from(known.rate_per_second)))],
            ),
        ),
        ("connection.source", known.source_number),
    ];
    facts.extend(known.mail.map(|mail| ("connection.from", mail.from)));
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    view! {
        <dl class="facts">
            {facts.map(|(key, value)| view! { <dt>{t(key)}</dt><dd class="figure">{value}</dd> }).collect_view()}
        </dl>
    }
}

/// One session more, to see what the carrier answers.
#[component]
fn Test(name: Memo<String>, may_not: Signal<bool>) -> impl IntoView {
    let console = use_console();
    let is_testing = RwSignal::new(false);
    // What was found is of the connection it was asked of; another one may be open by then.
    let found = RwSignal::new(None::<(String, Result<ConnectionTestView, Failure>)>);
    let outcome = move || {
        found
            .get()
            .filter(|(of, _)| *of == name.get())
            .map(|(_, outcome)| outcome)
    };
    let test = move |()| {
        let (name, csrf) = (name.get_untracked(), console.csrf());
        is_testing.set(true);
        found.set(None);
        spawn_local(async move {
            let answer = rest::test_connection(&name, &csrf).await;
            if let Err(failure) = &answer {
                console.notice(failure);
            }
            is_testing.try_set(false);
            found.try_set(Some((name, answer)));
        });
    };
    let asked_for = console.asked_for(TEST);
    Effect::new(move || {
        if asked_for.get().is_some() {
            console.refine(console.place.get_untracked().with(TEST, ""));
            test(());
        }
    });
    view! {
        <section class="block" data-test="connection-test">
            <h3>{t("connection.test")}</h3>
            <p class="more">{t("connection.test_hint")}</p>
            <Button
                words=Signal::derive(move || if is_testing.get() { t("connection.testing") } else { t("connection.test_now") }.to_owned())
                sign=Sign::Pulse
                disabled=Signal::derive(move || may_not.get() || is_testing.get())
                on_press=test
                test="connection-test-now"
            />
            {move || outcome().map(|outcome| match outcome {
                Ok(report) => steps(report).into_any(),
                Err(failure) => view! { <p class="failure" role="alert">{failure.sentence()}</p> }.into_any(),
            })}
        </section>
    }
}

fn steps(report: ConnectionTestView) -> impl IntoView {
    let (tone, words) = if report.passed {
        ("ok", t("connection.passed"))
    } else {
        ("crit", t("connection.not_passed"))
    };
    view! {
        <p class=format!("verdict {tone}") data-test="test-verdict">
            <Icon sign=if report.passed { Sign::Check } else { Sign::Warning } />
            {words}
        </p>
        <ol class="steps">
            {report.steps.into_iter().map(|step| view! {
                <li class=if step.passed { "ok" } else { "crit" }>
                    <Icon sign=if step.passed { Sign::Check } else { Sign::Close } />
                    <b>{word("test_step", &step.step)}</b>
                    <span class="figure">{duration(i64::try_from(step.ms).unwrap_or(i64::MAX))}</span>
                    <code>{step.answer}</code>
                </li>
            }).collect_view()}
        </ol>
    }
}
