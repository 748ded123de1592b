//! Campaigns (发送任务): one act of sending to many, from a file of recipients (SEND-5, SEND-8).

use crate::content::FileHash;
use crate::ids::{AccountId, CampaignId, TenantId};
use crate::time::UnixMs;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Lines one recipients file may have.
pub const LINES_MAX: u32 = 10_000_000;
/// The fastest pace, in messages per second.
pub const RATE_MAX: u32 = 100_000;

/// What a campaign is, once its recipients were checked. Never changed; a change is another campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignSpec {
    pub tenant: TenantId,
    pub account: AccountId,
    pub name: CompactString,
    /// The message each line becomes, as JSON of the API's campaign request; read anew when lines are expanded.
    pub message: Box<str>,
    /// The recipients as uploaded.
    pub source: FileHash,
    /// The lines that were found good, in the form that expansion reads.
    pub lines: FileHash,
    /// The list of refused lines.
    pub refused: FileHash,
    pub counts: LineCounts,
    /// The campaign whose failed messages these are, when it is a resend.
    pub resend_of: Option<CampaignId>,
}

/// What the check of a recipients file found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCounts {
    /// Lines with something in them, the header not counted.
    pub total: u32,
    pub good: u32,
    /// Refused for what they hold.
    pub refused: u32,
    /// Refused because an earlier line has the same recipient; not in `refused`.
    pub doubles: u32,
}

/// When it starts by itself, and until when it may start late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub at: UnixMs,
    /// A start that has not happened by then does not happen any more (SEND-5).
    pub expires_at: UnixMs,
}

/// One thing that happened to a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CampaignChange {
    /// The recipients are checked and their files synced; nothing is sent yet.
    Created(Box<CampaignSpec>),
    Scheduled(Schedule),
    Started,
    /// The good lines below `line` are expanded; their messages stand in the same frame.
    AtLine {
        line: u32,
    },
    Paused,
    Resumed,
    /// Messages per second; `None` is as fast as the connections take them.
    Rate(Option<u32>),
    /// By an operator or the account: nothing more is expanded, and what is unwritten is cancelled.
    Stopped,
    /// Every line is expanded and every message has ended.
    Finished,
    /// The schedule's start was missed.
    Expired,
    /// It cannot go on; the reason is for people.
    Failed {
        reason: CompactString,
    },
}

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    /// Checked, waits for its start.
    Ready,
    Scheduled,
    Running,
    Paused,
    /// Stopped; its last messages may still be with a carrier.
    Stopped,
    Finished,
    Expired,
    Failed,
}

impl CampaignState {
    /// The state after a change; `None` when the change does not fit.
    pub fn after(self, change: &CampaignChange) -> Option<CampaignState> {
        use CampaignState::*;
        match (self, change) {
            (Ready | Scheduled, CampaignChange::Scheduled(_)) => Some(Scheduled),
            (Ready | Scheduled, CampaignChange::Started) => Some(Running),
            (Scheduled, CampaignChange::Expired) => Some(Expired),
            (Running, CampaignChange::AtLine { .. }) => Some(Running),
            (Running, CampaignChange::Paused) => Some(Paused),
            (Paused, CampaignChange::Resumed) => Some(Running),
            (Ready | Scheduled | Running | Paused, CampaignChange::Rate(_)) => Some(self),
            (Ready | Scheduled | Running | Paused, CampaignChange::Stopped) => Some(Stopped),
            (Running, CampaignChange::Finished) => Some(Finished),
            (Ready | Scheduled | Running | Paused, CampaignChange::Failed { .. }) => Some(Failed),
            _ => None,
        }
    }

    /// Nothing of it will be expanded any more.
    pub fn is_over(self) -> bool {
        matches!(
            self,
            CampaignState::Stopped | CampaignState::Finished | CampaignState::Expired | CampaignState::Failed
        )
    }

    /// The word in the API.
    pub fn word(self) -> &'static str {
        match self {
            CampaignState::Ready => "ready",
            CampaignState::Scheduled => "scheduled",
            CampaignState::Running => "running",
            CampaignState::Paused => "paused",
            CampaignState::Stopped => "stopped",
            CampaignState::Finished => "finished",
            CampaignState::Expired => "expired",
            CampaignState::Failed => "failed",
        }
    }
}

/// The line of a campaign that a message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CampaignLine {
    pub campaign: CampaignId,
    /// Index among the good lines, from 0.
    pub line: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stays_over() {
        let schedule = Schedule {
            at: UnixMs(1),
            expires_at: UnixMs(2),
        };
        let changes = [
            CampaignChange::Scheduled(schedule),
            CampaignChange::Started,
            CampaignChange::AtLine { line: 1 },
            CampaignChange::Paused,
            CampaignChange::Resumed,
            CampaignChange::Rate(None),
            CampaignChange::Stopped,
            CampaignChange::Finished,
            CampaignChange::Expired,
            CampaignChange::Failed { reason: "x".into() },
        ];
        for state in [
            CampaignState::Stopped,
            CampaignState::Finished,
            CampaignState::Expired,
            CampaignState::Failed,
        ] {
            assert!(state.is_over());
            assert!(
                changes.iter().all(|change| state.after(change).is_none()),
                "{state:?}"
            );
        }
        assert_eq!(
            CampaignState::Paused.after(&changes[2]),
            None,
            "a paused one expands nothing"
        );
        assert_eq!(
            CampaignState::Running.after(&changes[3]),
            Some(CampaignState::Paused)
        );
    }
}
