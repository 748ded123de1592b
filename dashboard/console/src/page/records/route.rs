use crate::asked::Asked;
use crate::model::query::Query;
use crate::part::{Button, FailureLine, Sign};
use crate::rest;
use crate::text::{fill, t, word};
use carillon_api::{MessageView, RouteView};
use leptos::prelude::*;

/// Which rule such a message would meet now, and why; asked for when somebody wants to know.
#[component]
pub fn Route(one: MessageView) -> impl IntoView {
    let query = StoredValue::new(asked_by(&one));
    let is_wanted = RwSignal::new(false);
    let asked = Asked::new(move || {
        let query = query.get_value().filter(|_| is_wanted.get())?;
        Some(async move { rest::route(&query).await })
    });
    query.with_value(Option::is_some).then(|| view! {
        <section class="block" data-test="route">
            <header><h3>{t("record.route")}</h3><span class="spring"></span>
                <Show when=move || !is_wanted.get()>
                    <Button words=t("record.route_ask") sign=Sign::Search on_press=move |()| is_wanted.set(true) test="route-ask" />
                </Show>
            </header>
            <FailureLine failure=asked.failure />
            {move || asked.value.get().map(|route| answer(&route))}
        </section>
    })
}

/// A masked number leads nowhere: its way is asked for by the number's range, which the mask keeps out.
fn asked_by(one: &MessageView) -> Option<Query> {
    let first = one.attempts.first()?;
    let to = one.to.clone().unwrap_or_default();
    if first.channel == "sms" && to.contains('*') {
        return None;
    }
    Some(
        Query::default()
            .with("account", one.account.as_str())
            .with("business_type", one.business_type.as_str())
            .with("channel", first.channel.as_str())
            .with("to", if first.channel == "sms" { to } else { String::new() }),
    )
}

fn answer(route: &RouteView) -> impl IntoView + use<> {
    let rules = route.rules.iter().map(|rule| {
        let class = if rule.verdict == "taken" { "strong" } else { "" };
        view! {
            <li class=class>
                <b>{rule.rule.clone()}</b>
                <span>{format!("→ {}", rule.group)}</span>
                <span class="spring">{word("verdict", &rule.verdict)}</span>
            </li>
        }
    });
    let members = route.members.iter().map(|member| {
        let key = if member.pulls {
            "record.pulls"
        } else {
            "record.pulls_not"
        };
        view! { <li><b>{member.connection.clone()}</b><span class="spring">{t(key)}</span></li> }
    });
    let of: [(&str, &dyn std::fmt::Display); 2] = [
        ("carrier", &word("carrier", &route.carrier)),
        ("province", &route.province),
    ];
    let outcome = match &route.group {
        Some(group) => fill("record.route_to", &[("group", group)]),
        None => t("record.route_nowhere").to_owned(),
    };
    view! {
        <p class="more">{fill("record.route_number", &of)}</p>
        <ol class="lines">{rules.collect_view()}</ol>
        <p><b>{outcome}</b></p>
        <ol class="lines">{members.collect_view()}</ol>
    }
}
