use super::beijing::{duration_s, parse_rfc3339, short_minute};
use super::number::share;
use super::tone::Tone;
use crate::text::{fill, t};
use carillon_api::{CampaignView, CountsView};

/// The parts of a campaign's progress bar, in per cent of all its lines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Delivered, or sent where no receipt is due.
    pub delivered: f64,
    /// Ended without delivery.
    pub failed: f64,
    /// Written and without an end.
    pub waiting: f64,
}

/// What may be done to a campaign now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CampaignActions {
    pub start: bool,
    pub pause: bool,
    pub resume: bool,
    pub stop: bool,
    pub rate: bool,
    pub resend: bool,
    pub refused: bool,
}

pub fn progress(campaign: &CampaignView) -> Progress {
    let total = total(campaign);
    let CountsView {
        delivered,
        sent,
        expanded,
        waiting,
        ..
    } = campaign.counts;
    let failed = failed(campaign);
    let arrived = u64::from(delivered) + u64::from(sent);
    let under_way = u64::from(expanded).saturating_sub(u64::from(waiting) + arrived + failed);
    Progress {
        delivered: share(arrived, total),
        failed: share(failed, total),
        waiting: share(under_way, total),
    }
}

/// Lines that are sent.
pub fn total(campaign: &CampaignView) -> u64 {
    campaign.lines.map_or(0, |lines| u64::from(lines.good))
}

/// Messages that ended without delivery.
pub fn failed(campaign: &CampaignView) -> u64 {
    let counts = &campaign.counts;
    [
        counts.failed,
        counts.rejected,
        counts.cancelled,
        counts.expired,
        counts.unknown,
    ]
    .into_iter()
    .map(u64::from)
    .sum()
}

pub fn actions(campaign: &CampaignView) -> CampaignActions {
    let state = campaign.state.as_str();
    let is_over = matches!(state, "stopped" | "finished" | "expired" | "failed");
    let open = u64::from(campaign.counts.expanded).saturating_sub(
        u64::from(campaign.counts.delivered) + u64::from(campaign.counts.sent) + failed(campaign),
    );
    CampaignActions {
        start: matches!(state, "ready" | "scheduled"),
        pause: state == "running",
        resume: state == "paused",
        stop: matches!(state, "ready" | "scheduled" | "running" | "paused"),
        rate: !is_over,
        resend: is_over && open == 0 && campaign.counts.failed > 0,
        refused: campaign
            .lines
            .is_some_and(|lines| lines.refused + lines.doubles > 0),
    }
}

/// The key of a state's word, and how loud it is.
pub fn state(word: &str) -> (&'static str, Tone) {
    match word {
        "draft" => ("campaign.draft", Tone::Plain),
        "checking" => ("campaign.checking", Tone::Info),
        "ready" => ("campaign.ready", Tone::Bronze),
        "scheduled" => ("campaign.scheduled", Tone::Plain),
        "running" => ("campaign.running", Tone::Info),
        "paused" => ("campaign.paused", Tone::Plain),
        "stopped" => ("campaign.stopped", Tone::Plain),
        "finished" => ("campaign.finished", Tone::Ok),
        "expired" => ("campaign.expired", Tone::Warn),
        "failed" => ("campaign.failed", Tone::Crit),
        _ => ("campaign.other", Tone::Plain),
    }
}

/// When it will end, begin, or did end.
pub fn when(campaign: &CampaignView, now_ms: i64) -> String {
    let moment = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
    let over = moment(&campaign.over_at).map(|at| short_minute(at, now_ms));
    match campaign.state.as_str() {
        "running" => moment(&campaign.expected_end).map_or_else(
            || t("campaign.end_unknown").to_owned(),
            |at| {
                let seconds = ((at - now_ms) / 1_000).max(1).unsigned_abs();
                fill("campaign.end_in", &[("time", &duration_s(seconds))])
            },
        ),
        "scheduled" => campaign
            .schedule
            .as_ref()
            .and_then(|schedule| parse_rfc3339(&schedule.at))
            .map_or_else(String::new, |at| short_minute(at, now_ms)),
        "checking" => campaign.check.map_or_else(String::new, |check| {
            let percent = share(check.bytes_checked, check.bytes).floor();
            fill("campaign.checked", &[("percent", &percent)])
        }),
        "finished" => over.map_or_else(String::new, |at| fill("campaign.finished_at", &[("time", &at)])),
        "stopped" => over.map_or_else(String::new, |at| fill("campaign.stopped_at", &[("time", &at)])),
        _ => over.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_api::LinesView;
    use carillon_domain::campaign::CampaignState;

    pub fn campaign(state: &str) -> CampaignView {
        CampaignView {
            id: "cmp_0000001".to_owned(),
            name: "复诊提醒".to_owned(),
            account: "his".to_owned(),
            state: state.to_owned(),
            problem: None,
            created_at: "2026-03-01T08:00:00.000+08:00".to_owned(),
            started_at: None,
            over_at: Some("2026-03-01T10:07:00.000+08:00".to_owned()),
            rate_per_second: None,
            schedule: None,
            resend_of: None,
            check: None,
            lines: Some(LinesView {
                total: 110,
                good: 100,
                refused: 10,
                doubles: 0,
            }),
            counts: CountsView {
                expanded: 60,
                waiting: 10,
                written: 50,
                delivered: 30,
                sent: 1,
                failed: 2,
                rejected: 1,
                ..CountsView::default()
            },
            percent: 34.0,
            ended_per_second: Some(6.0),
            expected_end: Some("2026-03-01T10:11:00.000+08:00".to_owned()),
        }
    }

    #[test]
    fn the_bar_adds_up() {
        let bar = progress(&campaign("running"));
        assert_eq!(
            bar,
            Progress {
                delivered: 31.0,
                failed: 3.0,
                waiting: 16.0
            }
        );
        let mut none = campaign("draft");
        none.lines = None;
        assert_eq!(progress(&none), Progress::default());
    }

    #[test]
    fn only_what_the_server_takes_is_offered() {
        use carillon_domain::campaign::CampaignChange;
        for state in CampaignState::ALL {
            let offered = actions(&campaign(state.word()));
            for (offered, change) in [
                (offered.start, CampaignChange::Started),
                (offered.pause, CampaignChange::Paused),
                (offered.resume, CampaignChange::Resumed),
                (offered.stop, CampaignChange::Stopped),
                (offered.rate, CampaignChange::Rate(None)),
            ] {
                assert_eq!(offered, state.after(&change).is_some(), "{state:?} {change:?}");
            }
            assert!(!offered.resend, "messages are open");
        }
        let mut over = campaign("finished");
        over.counts.expanded = 34;
        assert!(actions(&over).resend);
        over.counts.failed = 0;
        over.counts.delivered = 32;
        assert!(!actions(&over).resend, "nothing failed");
    }

    #[test]
    fn every_state_has_a_word() {
        for known in CampaignState::ALL {
            let (key, _) = state(known.word());
            assert_ne!(key, "campaign.other", "{known:?}");
            assert_ne!(t(key), key);
        }
    }

    #[test]
    fn when_it_ends_or_ended() {
        let now = parse_rfc3339("2026-03-01T10:10:00+08:00").unwrap();
        assert_eq!(when(&campaign("running"), now), "约 1 分 0 秒");
        assert_eq!(when(&campaign("finished"), now), "10:07 完成");
        let mut unknown = campaign("running");
        unknown.expected_end = None;
        assert_eq!(when(&unknown, now), "—");
    }
}
