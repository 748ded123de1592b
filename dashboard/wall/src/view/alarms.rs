//! Alarms in the states of ISA-18.2. Many at once are one story and become one card.

use std::{collections::BTreeMap, fmt::Display};

use carillon_api::live::{AlarmRule, AlarmState, AlarmView, AlarmsPanel, Health, Severity};
use carillon_kit::{
    format::{Moment, clock_span, per_cent, span},
    text::{fill, t, word},
    trouble,
};

/// More alarms than this …
const STORM_MORE_THAN: usize = 10;
/// … that rose within this time are a storm.
const STORM_WITHIN_MS: u64 = 600_000;
/// Only an unacknowledged critical alarm blinks, and only so long.
const BLINK_MS: u64 = 10_000;
const CARD: u32 = 48;
const CARD_WITH_CONSEQUENCE: u32 = 78;
const GAP: u32 = 8;

/// The panel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmsView {
    pub unacknowledged: usize,
    pub acknowledged: usize,
    pub cards: Vec<AlarmCard>,
    /// Alarms that have no card for want of room.
    pub more: usize,
    /// The last one that is over, e.g. `上次：富信 08:47 回执慢`.
    pub last: Option<String>,
    /// e.g. `已搁置 1：支付宝 断开，至 12:00`.
    pub shelved: Option<String>,
}

/// How loud a card is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// Filled, with a ring.
    Critical,
    /// Framed.
    Warning,
    /// Grey.
    #[default]
    Quiet,
}

impl Look {
    /// The class of the card.
    pub fn class(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Quiet => "quiet",
        }
    }
}

/// A card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmCard {
    pub look: Look,
    pub health: Health,
    pub severity: String,
    /// What happened to what.
    pub title: String,
    /// Acknowledged, returned: empty for those that need somebody.
    pub state: String,
    /// How long it has stood.
    pub span: String,
    /// One line of consequence; empty where nothing is known.
    pub consequence: String,
    pub blinks: bool,
}

/// The panel at `now_ms`, with `room` (in units of 1080 lines) for cards; `uncertain` segments wait for an outcome.
pub fn alarms(panel: &AlarmsPanel, uncertain: u64, room: u32, now_ms: u64) -> AlarmsView {
    let (shelved, standing): (Vec<_>, Vec<_>) = panel
        .alarms
        .iter()
        .filter(|alarm| alarm.state != AlarmState::Cleared)
        .partition(|alarm| alarm.state == AlarmState::Shelved);
    let unacknowledged = standing.iter().filter(|alarm| needs_somebody(alarm)).count();
    let mut cards = cards(&standing, uncertain, now_ms);
    let room = room.saturating_sub(if shelved.is_empty() { 0 } else { CARD });
    if fitting(&cards, room) < cards.len() {
        // Every alarm's name comes before any warning's detail.
        let quiet = cards.iter_mut().filter(|card| card.look != Look::Critical);
        quiet.for_each(|card| card.consequence.clear());
    }
    let fitting = fitting(&cards, room);
    let more = cards.len() - fitting;
    cards.truncate(fitting);
    AlarmsView {
        unacknowledged,
        acknowledged: standing.len() - unacknowledged,
        cards,
        more,
        last: panel.last.as_ref().map(last),
        shelved: shelved_line(&shelved),
    }
}

fn needs_somebody(alarm: &AlarmView) -> bool {
    matches!(alarm.state, AlarmState::Unacknowledged | AlarmState::Returned)
}

fn cards(standing: &[&AlarmView], uncertain: u64, now_ms: u64) -> Vec<AlarmCard> {
    let (stormy, calm): (Vec<_>, Vec<_>) = standing.iter().copied().partition(|alarm| {
        alarm.state == AlarmState::Unacknowledged && now_ms.saturating_sub(alarm.since_ms) < STORM_WITHIN_MS
    });
    if stormy.len() > STORM_MORE_THAN {
        let mut cards = vec![storm(&stormy, now_ms)];
        cards.extend(calm.iter().map(|alarm| card(alarm, 0, now_ms)));
        return cards;
    }
    // What is undecided is told once, with the first connection that is down.
    let mut uncertain = Some(uncertain);
    let card = |alarm: &&AlarmView| {
        let share = if alarm.rule == AlarmRule::ConnectionDown {
            uncertain.take().unwrap_or(0)
        } else {
            0
        };
        card(alarm, share, now_ms)
    };
    standing.iter().map(card).collect()
}

fn card(alarm: &AlarmView, uncertain: u64, now_ms: u64) -> AlarmCard {
    let is_open = alarm.state == AlarmState::Unacknowledged;
    let look = match alarm.severity {
        _ if !is_open => Look::Quiet,
        Severity::Critical => Look::Critical,
        Severity::Warning => Look::Warning,
    };
    let health = match (alarm.state, alarm.severity) {
        (AlarmState::Returned, _) => Health::Ok,
        (_, Severity::Critical) => Health::Failed,
        (_, Severity::Warning) => Health::Degraded,
    };
    let until_ms = alarm.returned_ms.unwrap_or(now_ms);
    AlarmCard {
        look,
        health,
        severity: if is_open {
            word("severity", severity_word(alarm.severity))
        } else {
            String::new()
        },
        title: title(alarm),
        state: if is_open {
            String::new()
        } else {
            word("alarm_state", state_word(alarm.state))
        },
        span: clock_span(until_ms.saturating_sub(alarm.since_ms)),
        consequence: if is_open {
            consequence(alarm, uncertain)
        } else {
            String::new()
        },
        blinks: look == Look::Critical && now_ms.saturating_sub(alarm.since_ms) < BLINK_MS,
    }
}

fn title(alarm: &AlarmView) -> String {
    let what = word("alarm", rule_word(alarm.rule));
    let object = match alarm.rule {
        AlarmRule::Disk | AlarmRule::HistoryBehind => word("store", &alarm.object),
        _ if alarm.object.is_empty() => alarm.organisation.clone(),
        _ => alarm.object.clone(),
    };
    if object.is_empty() {
        what
    } else {
        format!("{object} {what}")
    }
}

/// Who took over and what is undecided; otherwise the figure, otherwise what is known of the cause.
fn consequence(alarm: &AlarmView, uncertain: u64) -> String {
    let mut parts = Vec::new();
    if !alarm.taken_over_by.is_empty() {
        parts.push(fill(
            "alarms.taken_over",
            &[("names", &alarm.taken_over_by.join(t("list.comma")))],
        ));
    }
    if uncertain > 0 {
        parts.push(fill("alarms.uncertain", &[("n", &uncertain)]));
    }
    if parts.is_empty() {
        parts.extend(figure(alarm));
    }
    if parts.is_empty() && !alarm.detail.is_empty() {
        parts.push(trouble(&alarm.detail).map_or_else(|| alarm.detail.clone(), str::to_owned));
    }
    parts.join(t("list.semicolon"))
}

fn figure(alarm: &AlarmView) -> Option<String> {
    let value = u64::try_from(alarm.figure?).ok()?;
    let told = |value: u64| match alarm.rule {
        AlarmRule::ErrorRate | AlarmRule::Disk => per_cent(value as f64 / 10.0) + "%",
        AlarmRule::Backlog => span(value.saturating_mul(1000)),
        AlarmRule::Latency | AlarmRule::ClockJump => format!("{:.1} s", value as f64 / 1e3),
        _ => value.to_string(),
    };
    let n = told(value);
    let n: &[(&str, &dyn Display)] = &[("n", &n)];
    let text = match alarm.rule {
        AlarmRule::ErrorRate => fill("alarms.figure.error_rate", n),
        AlarmRule::Backlog => fill("alarms.figure.backlog", n),
        AlarmRule::Latency => fill("alarms.figure.latency", n),
        AlarmRule::Disk => fill("alarms.figure.disk", n),
        AlarmRule::Uncertain => fill("alarms.figure.uncertain", n),
        AlarmRule::HistoryBehind => fill("alarms.figure.history_behind", n),
        AlarmRule::ConnectionThrottled => fill("alarms.figure.throttled", n),
        AlarmRule::ConnectionDegraded => {
            let wanted = u64::try_from(alarm.limit?).ok()?;
            fill("alarms.figure.sessions", &[("n", &wanted.saturating_sub(value))])
        }
        AlarmRule::ConnectionDown | AlarmRule::WebhookOff | AlarmRule::ClockJump => return None,
    };
    let limit = alarm
        .limit
        .and_then(|limit| u64::try_from(limit).ok())
        .filter(|_| {
            matches!(
                alarm.rule,
                AlarmRule::ErrorRate
                    | AlarmRule::Backlog
                    | AlarmRule::Latency
                    | AlarmRule::Disk
                    | AlarmRule::ConnectionThrottled
            )
        });
    Some(match limit {
        Some(limit) => format!(
            "{text}{}{}",
            t("list.comma_wide"),
            fill("alarms.limit", &[("limit", &told(limit))])
        ),
        None => text,
    })
}

fn storm(alarms: &[&AlarmView], now_ms: u64) -> AlarmCard {
    let mut by_rule = BTreeMap::<AlarmRule, usize>::new();
    for alarm in alarms {
        *by_rule.entry(alarm.rule).or_default() += 1;
    }
    let mut counts: Vec<_> = by_rule.into_iter().collect();
    counts.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), *rule));
    let parts: Vec<_> = counts
        .into_iter()
        .map(|(rule, count)| format!("{} {count}", word("alarm", rule_word(rule))))
        .collect();
    let first_ms = alarms.iter().map(|alarm| alarm.since_ms).min().unwrap_or(now_ms);
    let newest_ms = alarms.iter().map(|alarm| alarm.since_ms).max().unwrap_or(0);
    let is_critical = alarms.iter().any(|alarm| alarm.severity == Severity::Critical);
    AlarmCard {
        look: if is_critical {
            Look::Critical
        } else {
            Look::Warning
        },
        health: if is_critical {
            Health::Failed
        } else {
            Health::Degraded
        },
        severity: word(
            "severity",
            severity_word(if is_critical {
                Severity::Critical
            } else {
                Severity::Warning
            }),
        ),
        title: fill("alarms.storm", &[("n", &alarms.len())]),
        state: String::new(),
        span: clock_span(now_ms.saturating_sub(first_ms)),
        consequence: parts.join(" · "),
        blinks: is_critical && now_ms.saturating_sub(newest_ms) < BLINK_MS,
    }
}

/// How many cards there is room for; where not all fit, a line that says so needs room as well.
fn fitting(cards: &[AlarmCard], room: u32) -> usize {
    let height = |card: &AlarmCard| {
        GAP + if card.consequence.is_empty() {
            CARD
        } else {
            CARD_WITH_CONSEQUENCE
        }
    };
    let fits = |count: usize, room: u32| cards[..count].iter().map(height).sum::<u32>() <= room;
    if fits(cards.len(), room) {
        return cards.len();
    }
    (1..cards.len())
        .rev()
        .find(|count| fits(*count, room.saturating_sub(36)))
        .unwrap_or(1)
}

fn last(alarm: &AlarmView) -> String {
    let time = Moment::of(alarm.since_ms).minute_text();
    fill("alarms.last", &[("time", &time), ("title", &title(alarm))])
}

fn shelved_line(shelved: &[&AlarmView]) -> Option<String> {
    let first = shelved.first()?;
    let mut line = fill(
        "alarms.shelved",
        &[("n", &shelved.len()), ("title", &title(first))],
    );
    if let Some(until_ms) = first.shelved_until_ms {
        line += &fill(
            "alarms.shelved_until",
            &[("time", &Moment::of(until_ms).minute_text())],
        );
    }
    Some(line)
}

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

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn state_word(state: AlarmState) -> &'static str {
    match state {
        AlarmState::Unacknowledged => "unacknowledged",
        AlarmState::Acknowledged => "acknowledged",
        AlarmState::Returned => "returned",
        AlarmState::Shelved => "shelved",
        AlarmState::Cleared => "cleared",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts;

    const NOW_MS: u64 = 1_795_487_076_000;

    fn alarm(rule: AlarmRule, object: &str, severity: Severity, state: AlarmState) -> AlarmView {
        AlarmView {
            id: 1,
            rule,
            severity,
            object: object.to_owned(),
            organisation: String::new(),
            state,
            since_ms: NOW_MS - 164_000,
            returned_ms: None,
            acknowledged_ms: None,
            acknowledged_by: None,
            shelved_until_ms: None,
            shelved_by: None,
            shelve_reason: String::new(),
            figure: None,
            limit: None,
            detail: String::new(),
            taken_over_by: Vec::new(),
        }
    }

    fn view(alarms_of: Vec<AlarmView>, uncertain: u64, room: u32) -> AlarmsView {
        texts::load_chinese();
        alarms(
            &AlarmsPanel {
                alarms: alarms_of,
                last: None,
            },
            uncertain,
            room,
            NOW_MS,
        )
    }

    #[test]
    fn a_cut_tells_who_took_over_and_what_is_undecided() {
        let mut down = alarm(
            AlarmRule::ConnectionDown,
            "移动主",
            Severity::Critical,
            AlarmState::Unacknowledged,
        );
        down.taken_over_by = vec!["移动备".into(), "聚合备".into()];
        let view = view(vec![down], 64, 300);
        let card = &view.cards[0];
        assert_eq!(
            (card.look, card.title.as_str(), card.span.as_str()),
            (Look::Critical, "移动主 断开", "02:44")
        );
        assert_eq!(card.consequence, "已转移动备、聚合备；64 条结果待定");
        assert!(!card.blinks, "it blinked for ten seconds");
        assert_eq!((view.unacknowledged, view.acknowledged), (1, 0));
    }

    #[test]
    fn only_what_needs_somebody_is_loud() {
        let view = view(
            vec![
                alarm(
                    AlarmRule::Latency,
                    "富信",
                    Severity::Warning,
                    AlarmState::Unacknowledged,
                ),
                alarm(
                    AlarmRule::ConnectionDown,
                    "移动主",
                    Severity::Critical,
                    AlarmState::Acknowledged,
                ),
                alarm(AlarmRule::Backlog, "", Severity::Critical, AlarmState::Returned),
                alarm(AlarmRule::Disk, "/data", Severity::Critical, AlarmState::Cleared),
            ],
            9,
            500,
        );
        let said: Vec<_> = view
            .cards
            .iter()
            .map(|card| (card.look, card.health, card.state.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (Look::Warning, Health::Degraded, ""),
                (Look::Quiet, Health::Failed, "已确认"),
                (Look::Quiet, Health::Ok, "已恢复，未确认"),
            ]
        );
        assert_eq!((view.unacknowledged, view.acknowledged), (2, 1));
    }

    #[test]
    fn stores_are_called_by_their_names() {
        texts::load_chinese();
        let disk = alarm(
            AlarmRule::Disk,
            "journal",
            Severity::Critical,
            AlarmState::Unacknowledged,
        );
        assert_eq!(title(&disk), "日志 磁盘将满");
        let backlog = alarm(
            AlarmRule::Backlog,
            "",
            Severity::Critical,
            AlarmState::Unacknowledged,
        );
        assert_eq!(title(&backlog), "积压");
    }

    #[test]
    fn figures_stand_with_their_limits() {
        texts::load_chinese();
        for (rule, figure, limit, text) in [
            (AlarmRule::ErrorRate, 123, Some(50), "失败率 12.3%，限 5.0%"),
            (
                AlarmRule::Backlog,
                320,
                Some(300),
                "清空需 5 分 20 秒，限 5 分 0 秒",
            ),
            (AlarmRule::Uncertain, 64, Some(1), "64 段不知是否发出"),
            (AlarmRule::Disk, 81, Some(100), "剩余 8.1%，限 10.0%"),
            (AlarmRule::ConnectionDegraded, 1, Some(4), "缺 3 个会话"),
            (
                AlarmRule::ConnectionThrottled,
                12,
                Some(50),
                "现每秒 12 条，限 50",
            ),
            (AlarmRule::ErrorRate, -1, None, "原因"),
        ] {
            let mut raised = alarm(rule, "", Severity::Warning, AlarmState::Unacknowledged);
            (raised.figure, raised.limit, raised.detail) = (Some(figure), limit, "原因".into());
            assert_eq!(consequence(&raised, 0), text);
        }
    }

    #[test]
    fn a_storm_is_one_card() {
        let mut raised: Vec<_> = (0..11)
            .map(|n| {
                alarm(
                    AlarmRule::ConnectionDown,
                    &format!("c{n}"),
                    Severity::Warning,
                    AlarmState::Unacknowledged,
                )
            })
            .collect();
        raised[4].rule = AlarmRule::Latency;
        raised[5].severity = Severity::Critical;
        let mut old = alarm(
            AlarmRule::Disk,
            "/",
            Severity::Warning,
            AlarmState::Unacknowledged,
        );
        old.since_ms = NOW_MS - STORM_WITHIN_MS;
        raised.push(old);
        let view = view(raised, 64, 500);
        assert_eq!(view.cards.len(), 2);
        assert_eq!(
            (view.cards[0].title.as_str(), view.cards[0].look),
            ("告警风暴：11 条", Look::Critical)
        );
        assert_eq!(view.cards[0].consequence, "断开 10 · 回执慢 1");
        assert_eq!(view.unacknowledged, 12);
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let many: Vec<_> = (0..10)
            .map(|n| {
                alarm(
                    AlarmRule::ConnectionDown,
                    &format!("c{n}"),
                    Severity::Critical,
                    AlarmState::Acknowledged,
                )
            })
            .collect();
        let view = view(many.clone(), 0, 200);
        assert_eq!((view.cards.len(), view.more), (2, 8));
        assert_eq!(
            super::tests::view(many, 0, 0).cards.len(),
            1,
            "the most urgent is always there"
        );
    }

    #[test]
    fn shelved_and_past_ones_have_a_line_each() {
        texts::load_chinese();
        let mut shelved = alarm(
            AlarmRule::ConnectionDown,
            "支付宝",
            Severity::Warning,
            AlarmState::Shelved,
        );
        shelved.shelved_until_ms = Some(NOW_MS);
        let past = alarm(AlarmRule::Latency, "富信", Severity::Warning, AlarmState::Cleared);
        let view = alarms(
            &AlarmsPanel {
                alarms: vec![shelved],
                last: Some(past),
            },
            0,
            200,
            NOW_MS,
        );
        assert!(view.cards.is_empty());
        assert_eq!(view.shelved.as_deref(), Some("已搁置 1：支付宝 断开，至 10:24"));
        assert_eq!(view.last.as_deref(), Some("上次：10:21 富信 回执慢"));
    }
}
