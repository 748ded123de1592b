use super::{CampaignChange, CampaignDraft, CampaignState, Recipients, Schedule, Tally};
use crate::content::FileHash;
use crate::time::UnixMs;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A campaign as its changes left it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Shared: it may hold a quarter of a megabyte, and a campaign is copied for every reader.
    pub draft: Arc<CampaignDraft>,
    pub state: CampaignState,
    /// The file as uploaded and its length in bytes, while it is checked.
    pub upload: Option<(FileHash, u64)>,
    pub recipients: Option<Recipients>,
    /// The good lines below are expanded.
    pub line: u32,
    pub rate: Option<u32>,
    pub schedule: Option<Schedule>,
    pub tally: Tally,
    /// Why its recipients could not be used, or why it cannot go on; for people.
    pub problem: Option<CompactString>,
    pub created_at: UnixMs,
    pub started_at: Option<UnixMs>,
    /// Nothing is expanded from here on.
    pub over_at: Option<UnixMs>,
}

impl Campaign {
    pub fn new(draft: CampaignDraft, at: UnixMs) -> Self {
        Campaign {
            state: if draft.resend.is_some() {
                CampaignState::Checking
            } else {
                CampaignState::Draft
            },
            upload: None,
            recipients: None,
            line: 0,
            rate: draft.rate,
            schedule: None,
            tally: Tally::default(),
            problem: None,
            created_at: at,
            started_at: None,
            over_at: None,
            draft: Arc::new(draft),
        }
    }

    /// Applies a change; `false` when it does not fit the state, and nothing is changed then.
    pub fn apply(&mut self, change: &CampaignChange, at: UnixMs) -> bool {
        let Some(state) = self.state.after(change) else {
            return false;
        };
        match change {
            CampaignChange::Uploaded { source, bytes } => {
                self.upload = Some((*source, *bytes));
                self.recipients = None;
                self.problem = None;
            }
            CampaignChange::Unfit { problem } => {
                self.upload = None;
                self.problem = Some(problem.clone());
            }
            CampaignChange::Created(recipients) => {
                self.upload = None;
                self.recipients = Some(**recipients);
            }
            CampaignChange::Scheduled(schedule) => self.schedule = Some(*schedule),
            CampaignChange::Started => self.started_at = Some(at),
            CampaignChange::AtLine { line } => self.line = *line,
            CampaignChange::Rate(rate) => self.rate = *rate,
            CampaignChange::Failed { reason } => self.problem = Some(reason.clone()),
            CampaignChange::Drafted(_)
            | CampaignChange::Paused
            | CampaignChange::Resumed
            | CampaignChange::Stopped
            | CampaignChange::Finished
            | CampaignChange::Expired
            | CampaignChange::Dropped => {}
        }
        self.state = state;
        if state.is_over() {
            self.over_at = self.over_at.or(Some(at));
        }
        true
    }

    /// Good lines in all; 0 before they are checked.
    pub fn lines(&self) -> u32 {
        self.recipients.map_or(0, |recipients| recipients.counts.good)
    }

    /// Every file that it refers to.
    pub fn files(&self) -> impl Iterator<Item = FileHash> {
        let recipients = self.recipients.map(|r| [r.source, r.lines, r.refused]);
        let upload = self.upload.map(|(source, _)| source);
        recipients.into_iter().flatten().chain(upload)
    }
}
