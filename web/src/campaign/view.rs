use crate::http::time::rfc3339;
use carillon_actors::campaign::CampaignView as Found;
use carillon_api::{CampaignView, CheckView, CountsView, LinesView, ScheduleRequest};
use carillon_domain::campaign::{Campaign, CampaignState, LineCounts, Schedule, Tally};
use carillon_domain::catalog::Compiled;

pub fn view(found: &Found, catalog: &Compiled) -> CampaignView {
    let Found {
        id,
        campaign,
        progress,
    } = found;
    let account = catalog.account(campaign.draft.account);
    CampaignView {
        id: id.text(),
        name: campaign.draft.name.to_string(),
        account: account.map_or_else(String::new, |account| account.name.to_string()),
        state: campaign.state.word().to_owned(),
        problem: campaign.problem.as_ref().map(ToString::to_string),
        created_at: rfc3339(campaign.created_at),
        started_at: campaign.started_at.map(rfc3339),
        over_at: campaign.over_at.map(rfc3339),
        rate_per_second: campaign.rate,
        schedule: campaign.schedule.or(campaign.draft.schedule).map(schedule),
        resend_of: campaign.draft.resend.as_ref().map(|resend| resend.of.text()),
        check: check(campaign, progress.checked_bytes),
        lines: campaign.recipients.map(|recipients| lines(recipients.counts)),
        counts: counts(campaign.tally),
        percent: percent(campaign),
        ended_per_second: progress
            .ended_per_second
            .map(|speed| (speed * 10.0).round() / 10.0),
        expected_end: progress.expected_end.map(rfc3339),
    }
}

fn schedule(schedule: Schedule) -> ScheduleRequest {
    ScheduleRequest {
        at: rfc3339(schedule.at),
        expires_at: Some(rfc3339(schedule.expires_at)),
    }
}

fn check(campaign: &Campaign, checked: Option<u64>) -> Option<CheckView> {
    let (_, bytes) = campaign
        .upload
        .filter(|_| campaign.state == CampaignState::Checking)?;
    Some(CheckView {
        bytes,
        bytes_checked: checked.unwrap_or(0).min(bytes),
    })
}

fn lines(counts: LineCounts) -> LinesView {
    LinesView {
        total: counts.total,
        good: counts.good,
        refused: counts.refused,
        doubles: counts.doubles,
    }
}

fn counts(tally: Tally) -> CountsView {
    CountsView {
        expanded: tally.expanded,
        waiting: tally.waiting,
        written: tally.written,
        delivered: tally.delivered,
        sent: tally.sent,
        failed: tally.failed,
        rejected: tally.rejected,
        cancelled: tally.cancelled,
        expired: tally.expired,
        unknown: tally.unknown,
    }
}

/// To a hundredth, and 100 only when all have ended.
fn percent(campaign: &Campaign) -> f64 {
    let lines = campaign.lines();
    if lines == 0 {
        return if campaign.state == CampaignState::Finished {
            100.0
        } else {
            0.0
        };
    }
    (f64::from(campaign.tally.all_ended()) / f64::from(lines) * 10_000.0).floor() / 100.0
}
