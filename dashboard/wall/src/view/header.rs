//! The head of the screen: state, alarm counters, link.

use carillon_api::live::{Health, OverviewPanel};
use carillon_kit::{
    format::{Freshness, Moment, ago, clock},
    live::LinkView,
    text::{fill, t},
};

use super::state;

/// The state of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overall {
    pub health: Health,
    pub word: &'static str,
    /// e.g. `自 08:53 起`; empty when nobody knows.
    pub since: String,
    pub critical: Counter,
    pub warning: Counter,
}

/// Alarms of one severity that stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// `Some` when there are any: colour is for exceptions.
    pub health: Option<Health>,
    pub figure: String,
}

/// What stands beside the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkLine {
    pub health: Health,
    pub word: &'static str,
    /// How old the newest data is.
    pub age: String,
}

/// What the banner says while nothing arrives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// When the picture stopped; empty when there has been none.
    pub stopped: String,
    pub retry: String,
}

/// The state of the whole; without current data there is none.
pub fn overall(panel: &OverviewPanel, freshness: Freshness, now_ms: u64) -> Overall {
    let (health, word) = state(panel.health, freshness);
    if !freshness.is_current() {
        return Overall {
            word,
            critical: Counter {
                health: None,
                figure: "—".into(),
            },
            warning: Counter {
                health: None,
                figure: "—".into(),
            },
            ..Overall::default()
        };
    }
    let counter = |count: u32, health| Counter {
        health: (count > 0).then_some(health),
        figure: count.to_string(),
    };
    let (since, now) = (Moment::of(panel.since_ms), Moment::of(now_ms));
    let is_today = (since.month, since.day) == (now.month, now.day);
    let since = if is_today {
        since.minute_text()
    } else {
        fill("head.day", &[("month", &since.month), ("day", &since.day)])
    };
    Overall {
        health,
        word,
        since: if panel.since_ms == 0 {
            String::new()
        } else {
            fill("head.since", &[("time", &since)])
        },
        critical: counter(panel.critical, Health::Failed),
        warning: counter(panel.warning, Health::Degraded),
    }
}

/// What stands beside the clock; `at_ms` is when the server last spoke (0: never).
pub fn link_line(link: LinkView, paused_at_ms: Option<u64>, at_ms: u64, now_ms: u64) -> LinkLine {
    if let Some(paused_at_ms) = paused_at_ms {
        let age = fill("link.stopped", &[("time", &clock(paused_at_ms))]);
        return LinkLine {
            health: Health::Off,
            word: t("link.paused"),
            age,
        };
    }
    let (health, word) = match link {
        LinkView::Live => (Health::Ok, t("link.live")),
        LinkView::Polling => (Health::Degraded, t("link.polling")),
        LinkView::Connecting => (Health::None, t("link.connecting")),
        LinkView::Lost { .. } | LinkView::Refused => (Health::None, t("link.lost")),
    };
    let age = if at_ms == 0 {
        String::new()
    } else {
        fill("link.age", &[("age", &ago(now_ms.saturating_sub(at_ms)))])
    };
    LinkLine { health, word, age }
}

/// The banner, while the link is lost.
pub fn lost(link: LinkView, at_ms: u64) -> Option<Lost> {
    let LinkView::Lost { attempt, retry_in_ms } = link else {
        return None;
    };
    let stopped = if at_ms == 0 {
        String::new()
    } else {
        fill("lost.stopped", &[("time", &clock(at_ms))])
    };
    let retry = match retry_in_ms.div_ceil(1000) {
        0 => fill("lost.now", &[("n", &attempt)]),
        seconds => fill("lost.retry", &[("s", &seconds), ("n", &attempt)]),
    };
    Some(Lost { stopped, retry })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts;

    const NOW_MS: u64 = 1_795_487_076_000;

    #[test]
    fn colour_is_for_exceptions() {
        texts::load_chinese();
        let panel = OverviewPanel {
            health: Health::Degraded,
            since_ms: NOW_MS,
            critical: 0,
            warning: 2,
        };
        let view = overall(&panel, Freshness::Live, NOW_MS);
        assert_eq!((view.word, view.since.as_str()), ("降级", "自 10:24 起"));
        assert_eq!(
            (view.critical.health, view.warning.health),
            (None, Some(Health::Degraded))
        );
        let older = OverviewPanel {
            since_ms: NOW_MS - 86_400_000,
            ..panel
        };
        assert_eq!(overall(&older, Freshness::Late, NOW_MS).since, "自 11月23日 起");
    }

    #[test]
    fn nothing_current_is_no_state() {
        texts::load_chinese();
        let panel = OverviewPanel {
            health: Health::Ok,
            since_ms: NOW_MS,
            critical: 0,
            warning: 0,
        };
        let view = overall(&panel, Freshness::Stale, NOW_MS);
        assert_eq!(
            (view.health, view.word, view.critical.figure.as_str()),
            (Health::None, "停更", "—")
        );
    }

    #[test]
    fn the_link_is_told_in_words() {
        texts::load_chinese();
        let line = link_line(LinkView::Live, None, NOW_MS, NOW_MS + 1_200);
        assert_eq!(
            (line.health, line.word, line.age.as_str()),
            (Health::Ok, "实时", "数据 1 秒前")
        );
        assert_eq!(link_line(LinkView::Polling, None, 0, NOW_MS).age, "");
        let paused = link_line(LinkView::Live, Some(NOW_MS), NOW_MS, NOW_MS + 60_000);
        assert_eq!(
            (paused.word, paused.age.as_str()),
            ("已暂停", "画面停在 10:24:36")
        );
    }

    #[test]
    fn the_banner_counts_down() {
        texts::load_chinese();
        let banner = |retry_in_ms| {
            lost(
                LinkView::Lost {
                    attempt: 4,
                    retry_in_ms,
                },
                NOW_MS,
            )
        };
        assert_eq!(banner(7_300).unwrap().retry, "8 秒后第 4 次重连");
        assert_eq!(banner(0).unwrap().retry, "正在第 4 次重连");
        assert_eq!(banner(0).unwrap().stopped, "画面停在 10:24:36");
        assert_eq!(lost(LinkView::Live, NOW_MS), None);
    }
}
