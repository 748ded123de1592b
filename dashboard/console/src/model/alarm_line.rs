use super::beijing::{duration, duration_s, short};
use super::tone::Tone;
use crate::text::{fill, t, word};
use carillon_api::live::{AlarmRule, AlarmState, AlarmView, Severity};
use carillon_kit::format::count;
use std::fmt::Display;

/// Which alarms a tab shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlarmTab {
    #[default]
    Standing,
    Shelved,
    History,
}

impl AlarmTab {
    pub const ALL: [AlarmTab; 3] = [AlarmTab::Standing, AlarmTab::Shelved, AlarmTab::History];

    /// In addresses.
    pub fn word(self) -> &'static str {
        match self {
            AlarmTab::Standing => "",
            AlarmTab::Shelved => "shelved",
            AlarmTab::History => "history",
        }
    }

    pub fn of(word: &str) -> Self {
        let mut tabs = AlarmTab::ALL.into_iter();
        tabs.find(|tab| tab.word() == word).unwrap_or_default()
    }

    pub fn name(self) -> &'static str {
        match self {
            AlarmTab::Standing => "alarms.standing",
            AlarmTab::Shelved => "alarms.shelved",
            AlarmTab::History => "alarms.history",
        }
    }

    pub fn shows(self, alarm: &AlarmView) -> bool {
        match self {
            AlarmTab::Standing => !matches!(alarm.state, AlarmState::Shelved | AlarmState::Cleared),
            AlarmTab::Shelved => alarm.state == AlarmState::Shelved,
            AlarmTab::History => alarm.state == AlarmState::Cleared,
        }
    }
}

/// What it is about and what happened: `移动主 断开`.
pub fn title(alarm: &AlarmView) -> String {
    let what = word("alarm", rule_word(alarm.rule));
    match (alarm.rule, alarm.object.as_str()) {
        (_, "") => what,
        (AlarmRule::Disk, store) => format!("{} {what}", word("store", store)),
        (_, object) => format!("{object} {what}"),
    }
}

/// The figure against its limit, in the rule's unit.
pub fn figure(alarm: &AlarmView) -> String {
    let Some(figure) = alarm.figure else {
        return String::new();
    };
    let now = in_unit(alarm.rule, figure);
    match alarm.limit {
        Some(limit) => {
            let limit = in_unit(alarm.rule, limit);
            fill("alarms.figure_limit", &[("figure", &now), ("limit", &limit)])
        }
        None => fill("alarms.figure", &[("figure", &now)]),
    }
}

/// What follows from it: who took over, else what to do.
pub fn consequence(alarm: &AlarmView) -> String {
    if alarm.taken_over_by.is_empty() {
        word("rule_advice", rule_word(alarm.rule))
    } else {
        fill("alarms.taken_over", &[("by", &alarm.taken_over_by.join("、"))])
    }
}

pub fn state(alarm: &AlarmView) -> (String, Tone) {
    let (key, loud) = match alarm.state {
        AlarmState::Unacknowledged => ("unacknowledged", true),
        AlarmState::Acknowledged => ("acknowledged", false),
        AlarmState::Returned => ("returned", false),
        AlarmState::Shelved => ("shelved", false),
        AlarmState::Cleared => ("cleared", false),
    };
    let tone = match (loud, alarm.severity) {
        (true, Severity::Critical) => Tone::Crit,
        (true, Severity::Warning) => Tone::Warn,
        (false, _) => Tone::Plain,
    };
    (word("alarm_state", key), tone)
}

pub fn severity(alarm: &AlarmView) -> (String, Tone) {
    match alarm.severity {
        Severity::Critical => (word("severity", "critical"), Tone::Crit),
        Severity::Warning => (word("severity", "warning"), Tone::Warn),
    }
}

/// How long it has stood, or did stand.
pub fn lasted(alarm: &AlarmView, now_ms: i64) -> String {
    let until = alarm.returned_ms.map_or(now_ms, ms);
    duration((until - ms(alarm.since_ms)).max(0) / 1_000 * 1_000)
}

/// Who did what with it.
pub fn done_by(alarm: &AlarmView, now_ms: i64) -> String {
    let by = |key, by: &Option<String>, at: Option<u64>| {
        let at = at.map(|at| short(ms(at), now_ms)).unwrap_or_default();
        let values: [(&str, &dyn Display); 2] = [("by", &by.as_deref().unwrap_or_default()), ("at", &at)];
        fill(key, &values)
    };
    match alarm.state {
        AlarmState::Shelved => {
            let said = by("alarms.shelved_by", &alarm.shelved_by, alarm.shelved_until_ms);
            if alarm.shelve_reason.is_empty() {
                said
            } else {
                format!(
                    "{said}{}",
                    fill("alarms.because", &[("reason", &alarm.shelve_reason)])
                )
            }
        }
        _ if alarm.acknowledged_ms.is_some() => by(
            "alarms.acknowledged_by",
            &alarm.acknowledged_by,
            alarm.acknowledged_ms,
        ),
        _ => String::new(),
    }
}

pub fn can_acknowledge(alarm: &AlarmView) -> bool {
    matches!(alarm.state, AlarmState::Unacknowledged | AlarmState::Returned)
}

/// What has returned is over once it is acknowledged: there is nothing to put aside.
pub fn can_shelve(alarm: &AlarmView) -> bool {
    matches!(alarm.state, AlarmState::Unacknowledged | AlarmState::Acknowledged)
}

fn in_unit(rule: AlarmRule, figure: i64) -> String {
    let whole = u64::try_from(figure).unwrap_or_default();
    let counted = |key| fill(key, &[("n", &count(whole))]);
    match rule {
        AlarmRule::Backlog => duration_s(whole),
        AlarmRule::Latency => duration(figure),
        AlarmRule::ClockJump => fill("alarms.jump", &[("n", &duration(figure.saturating_abs()))]),
        AlarmRule::ErrorRate => per_mille(whole),
        AlarmRule::Disk => fill("alarms.free", &[("share", &per_mille(whole))]),
        AlarmRule::ConnectionDown | AlarmRule::ConnectionDegraded => counted("alarms.sessions"),
        AlarmRule::ConnectionThrottled => counted("alarms.a_second"),
        AlarmRule::Uncertain => counted("alarms.segments"),
        AlarmRule::HistoryBehind => counted("alarms.messages"),
        AlarmRule::WebhookOff => counted("alarms.hours"),
    }
}

fn per_mille(share: u64) -> String {
    format!("{}.{}%", share / 10, share % 10)
}

/// Its word in the API.
fn rule_word(rule: AlarmRule) -> &'static str {
    match rule {
        AlarmRule::ConnectionDown => "connection_down",
        AlarmRule::ConnectionDegraded => "connection_degraded",
        AlarmRule::ConnectionThrottled => "connection_throttled",
        AlarmRule::ErrorRate => "error_rate",
        AlarmRule::Backlog => "backlog",
        AlarmRule::Latency => "latency",
        AlarmRule::Disk => "disk",
        AlarmRule::Uncertain => "uncertain",
        AlarmRule::HistoryBehind => "history_behind",
        AlarmRule::WebhookOff => "webhook_off",
        AlarmRule::ClockJump => "clock_jump",
    }
}

fn ms(unix_ms: u64) -> i64 {
    i64::try_from(unix_ms).unwrap_or(i64::MAX)
}

/// Kept apart from the rest for the first line of the page.
pub fn summary(alarms: &[AlarmView]) -> String {
    let standing = |severity| {
        let shown = alarms.iter().filter(|alarm| AlarmTab::Standing.shows(alarm));
        shown.filter(|alarm| alarm.severity == severity).count()
    };
    match (standing(Severity::Critical), standing(Severity::Warning)) {
        (0, 0) => t("alarms.none_stands").to_owned(),
        (critical, warning) => fill("alarms.count", &[("critical", &critical), ("warning", &warning)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(rule: AlarmRule, state: AlarmState) -> AlarmView {
        AlarmView {
            id: 1,
            rule,
            severity: Severity::Critical,
            object: "移动主".to_owned(),
            organisation: String::new(),
            state,
            since_ms: 1_000_000,
            returned_ms: None,
            acknowledged_ms: Some(1_060_000),
            acknowledged_by: Some("admin".to_owned()),
            shelved_until_ms: Some(4_000_000),
            shelved_by: Some("admin".to_owned()),
            shelve_reason: "运营商割接".to_owned(),
            figure: Some(115),
            limit: Some(10),
            detail: String::new(),
            taken_over_by: Vec::new(),
        }
    }

    #[test]
    fn every_rule_has_words_a_figure_and_advice() {
        for rule in AlarmRule::ALL {
            let alarm = alarm(rule, AlarmState::Unacknowledged);
            let word = serde_json::to_value(rule).unwrap();
            assert_eq!(word, rule_word(rule));
            assert!(!title(&alarm).contains(rule_word(rule)), "{rule:?}");
            let said = figure(&alarm);
            let known = ["115", "11.5%", "1 分 55 秒"];
            assert!(known.iter().any(|known| said.contains(known)), "{said}");
            assert!(consequence(&alarm).ends_with('。'), "{rule:?}");
        }
    }

    #[test]
    fn every_alarm_stands_under_one_tab_and_offers_what_fits() {
        use AlarmState::*;
        for (state, tab, acknowledge, shelve) in [
            (Unacknowledged, AlarmTab::Standing, true, true),
            (Acknowledged, AlarmTab::Standing, false, true),
            (Returned, AlarmTab::Standing, true, false),
            (Shelved, AlarmTab::Shelved, false, false),
            (Cleared, AlarmTab::History, false, false),
        ] {
            let alarm = alarm(AlarmRule::Disk, state);
            let shown: Vec<_> = AlarmTab::ALL
                .into_iter()
                .filter(|tab| tab.shows(&alarm))
                .collect();
            assert_eq!(shown, [tab], "{state:?}");
            assert_eq!(
                (can_acknowledge(&alarm), can_shelve(&alarm)),
                (acknowledge, shelve),
                "{state:?}"
            );
            assert_eq!(AlarmTab::of(tab.word()), tab);
        }
    }

    #[test]
    fn who_did_what_is_told() {
        let now = 1_120_000;
        let shelved = done_by(&alarm(AlarmRule::Disk, AlarmState::Shelved), now);
        assert!(
            shelved.contains("admin") && shelved.contains("运营商割接"),
            "{shelved}"
        );
        assert_eq!(
            done_by(&alarm(AlarmRule::Disk, AlarmState::Acknowledged), now),
            "admin 08:17:40 确认"
        );
        assert_eq!(
            lasted(&alarm(AlarmRule::Disk, AlarmState::Acknowledged), now),
            "2 分 0 秒"
        );
        assert_eq!(
            summary(&[alarm(AlarmRule::Disk, AlarmState::Returned)]),
            "紧急 1 · 警告 0"
        );
        assert_eq!(
            summary(&[alarm(AlarmRule::Disk, AlarmState::Shelved)]),
            "没有需要处理的告警"
        );
    }
}
