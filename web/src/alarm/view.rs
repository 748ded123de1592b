use carillon_api::live::AlarmView;
use carillon_domain::alarm::{Alarm, AlarmRule};
use carillon_domain::catalog::Compiled;

/// An alarm as screens and operators see it.
pub fn view(alarm: &Alarm, catalog: &Compiled) -> AlarmView {
    AlarmView {
        id: alarm.id.0,
        rule: alarm.key.rule,
        severity: alarm.severity,
        object: alarm.key.object.to_string(),
        organisation: organisation(alarm, catalog).unwrap_or_default(),
        state: alarm.state(),
        since_ms: alarm.since.0,
        returned_ms: alarm.returned.map(|at| at.0),
        acknowledged_ms: alarm.acknowledged.as_ref().map(|(at, _)| at.0),
        acknowledged_by: alarm.acknowledged.as_ref().map(|(_, by)| by.to_string()),
        shelved_until_ms: alarm.shelf.as_ref().map(|shelf| shelf.until.0),
        shelved_by: alarm.shelf.as_ref().map(|shelf| shelf.by.to_string()),
        shelve_reason: alarm
            .shelf
            .as_ref()
            .map(|shelf| shelf.reason.to_string())
            .unwrap_or_default(),
        // What never ends has no figure.
        figure: Some(alarm.figure).filter(|figure| *figure != i64::MAX),
        limit: has_limit(alarm.key.rule).then_some(alarm.limit),
        detail: alarm.detail.to_string(),
        taken_over_by: alarm.taken_over_by.iter().map(ToString::to_string).collect(),
    }
}

/// Only accounts are one organisation's; connections are granted to several.
fn organisation(alarm: &Alarm, catalog: &Compiled) -> Option<String> {
    if alarm.key.rule != AlarmRule::WebhookOff {
        return None;
    }
    let account = catalog.account_by_name(&alarm.key.object)?;
    let organisation = catalog.snapshot().organisations.get(&account.tenant)?;
    Some(organisation.name.to_string())
}

/// That a webhook is off, or that the clock jumped, is too much at once.
fn has_limit(rule: AlarmRule) -> bool {
    !matches!(rule, AlarmRule::WebhookOff | AlarmRule::ClockJump)
}
