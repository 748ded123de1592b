//! What waits, and how long it will.

use carillon_api::live::{AlarmRule, AlarmState, AlarmView, BacklogPanel};
use carillon_kit::{
    format::{clock_span, count},
    text::t,
};

/// The panel's figures and their units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BacklogView {
    pub waiting: String,
    pub drain: String,
    /// Empty where the figure needs none.
    pub drain_unit: &'static str,
    /// Segments whose outcome nobody knows; `None` when there are none.
    pub uncertain: Option<String>,
    /// An alarm about it stands.
    pub warns: bool,
}

/// What the panel says.
pub fn backlog(panel: &BacklogPanel, alarms: &[AlarmView]) -> BacklogView {
    let (drain, drain_unit) = match panel.drain_s {
        _ if panel.waiting == 0 => ("0".to_owned(), t("backlog.seconds")),
        None => (t("backlog.growing").to_owned(), ""),
        Some(0) => ("<1".to_owned(), t("backlog.seconds")),
        Some(seconds @ 1..60) => (seconds.to_string(), t("backlog.seconds")),
        Some(seconds) => {
            let unit = if seconds < 3_600 {
                t("backlog.minutes")
            } else {
                t("backlog.hours")
            };
            (
                clock_span(seconds.saturating_mul(1000))
                    .trim_start_matches('0')
                    .to_owned(),
                unit,
            )
        }
    };
    let warns = |alarm: &AlarmView| {
        alarm.rule == AlarmRule::Backlog
            && matches!(alarm.state, AlarmState::Unacknowledged | AlarmState::Acknowledged)
    };
    BacklogView {
        waiting: count(panel.waiting),
        drain,
        drain_unit,
        uncertain: (panel.uncertain > 0).then(|| count(panel.uncertain)),
        warns: alarms.iter().any(warns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts;

    #[test]
    fn the_time_to_drain_is_told_in_its_unit() {
        texts::load_chinese();
        for (waiting, drain_s, text, unit) in [
            (0, None, "0", "秒"),
            (5, None, "未减少", ""),
            (5, Some(0), "<1", "秒"),
            (5, Some(4), "4", "秒"),
            (5, Some(180), "3:00", "分:秒"),
            (5, Some(3_725), "1:02:05", "时:分:秒"),
        ] {
            let view = backlog(
                &BacklogPanel {
                    waiting,
                    drain_s,
                    ..BacklogPanel::default()
                },
                &[],
            );
            assert_eq!((view.drain.as_str(), view.drain_unit), (text, unit));
        }
        let endless = BacklogPanel {
            waiting: u64::MAX,
            drain_s: Some(u64::MAX),
            ..BacklogPanel::default()
        };
        assert!(backlog(&endless, &[]).drain.ends_with(":15"));
    }
}
