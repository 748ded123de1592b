use super::CampaignChange;
use serde::{Deserialize, Serialize};

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    /// Waits for its recipients.
    Draft,
    /// Its recipients are checked, line by line.
    Checking,
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
    pub const ALL: [CampaignState; 10] = [
        CampaignState::Draft,
        CampaignState::Checking,
        CampaignState::Ready,
        CampaignState::Scheduled,
        CampaignState::Running,
        CampaignState::Paused,
        CampaignState::Stopped,
        CampaignState::Finished,
        CampaignState::Expired,
        CampaignState::Failed,
    ];

    /// The state after a change; `None` when the change does not fit.
    pub fn after(self, change: &CampaignChange) -> Option<CampaignState> {
        use CampaignState::*;
        match (self, change) {
            (Draft | Ready, CampaignChange::Uploaded { .. }) => Some(Checking),
            (Checking, CampaignChange::Unfit { .. }) => Some(Draft),
            (Checking, CampaignChange::Created(_)) => Some(Ready),
            (Ready | Scheduled, CampaignChange::Scheduled(_)) => Some(Scheduled),
            (Ready | Scheduled, CampaignChange::Started) => Some(Running),
            (Scheduled, CampaignChange::Expired) => Some(Expired),
            (Running, CampaignChange::AtLine { .. }) => Some(Running),
            (Running, CampaignChange::Paused) => Some(Paused),
            (Paused, CampaignChange::Resumed) => Some(Running),
            (Draft | Checking | Ready | Scheduled | Running | Paused, CampaignChange::Rate(_)) => Some(self),
            (Ready | Scheduled | Running | Paused, CampaignChange::Stopped) => Some(Stopped),
            // The last message of a paused one may end as well.
            (Running | Paused, CampaignChange::Finished) => Some(Finished),
            (Ready | Scheduled | Running | Paused, CampaignChange::Failed { .. }) => Some(Failed),
            (Draft | Checking | Ready, CampaignChange::Dropped) => Some(self),
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
            CampaignState::Draft => "draft",
            CampaignState::Checking => "checking",
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

#[cfg(test)]
mod tests {
    use super::super::Schedule;
    use super::*;
    use crate::content::FileHash;
    use crate::time::UnixMs;

    fn changes() -> Vec<CampaignChange> {
        let schedule = Schedule {
            at: UnixMs(1),
            expires_at: UnixMs(2),
        };
        vec![
            CampaignChange::Uploaded {
                source: FileHash([1; 32]),
                bytes: 1,
            },
            CampaignChange::Unfit { problem: "x".into() },
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
            CampaignChange::Dropped,
        ]
    }

    #[test]
    fn what_is_over_stays_over() {
        for state in CampaignState::ALL {
            let goes_on = changes().iter().any(|change| state.after(change).is_some());
            assert_eq!(state.is_over(), !goes_on, "{state:?}");
        }
    }

    #[test]
    fn a_paused_one_expands_nothing_and_a_draft_does_not_start() {
        let at_line = CampaignChange::AtLine { line: 1 };
        assert_eq!(CampaignState::Paused.after(&at_line), None);
        for state in [CampaignState::Draft, CampaignState::Checking] {
            assert_eq!(state.after(&CampaignChange::Started), None);
        }
        assert_eq!(
            CampaignState::Running.after(&CampaignChange::Paused),
            Some(CampaignState::Paused)
        );
    }
}
