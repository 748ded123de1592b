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

/// 100 hours: nobody waits for the seconds of what takes longer.
const LONG_S: u64 = 360_000;

/// What the panel says.
pub fn backlog(panel: &BacklogPanel, alarms: &[AlarmView]) -> BacklogView {
    let (drain, drain_unit) = match panel.drain_s {
        _ if panel.waiting == 0 => ("0".to_owned(), t("backlog.seconds")),
        None => (t("backlog.growing").to_owned(), ""),
        Some(0) => ("<1".to_owned(), t("backlog.seconds")),
        Some(seconds @ 1..60) => (seconds.to_string(), t("backlog.seconds")),
        Some(seconds @ 60..3_600) => (stop_watch(seconds), t("backlog.minutes")),
        Some(seconds @ 3_600..LONG_S) => (stop_watch(seconds), t("backlog.hours")),
        Some(LONG_S..) => (">100".to_owned(), t("backlog.long")),
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

fn stop_watch(seconds: u64) -> String {
    clock_span(seconds * 1000).trim_start_matches('0').to_owned()
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
            (5, Some(u64::MAX), ">100", "小时"),
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
    }
}
