use super::CampaignDraft;
use crate::content::FileHash;
use crate::ids::CampaignId;
use crate::time::UnixMs;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// One thing that happened to a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CampaignChange {
    /// It begins; nothing is known of its recipients.
    Drafted(Box<CampaignDraft>),
    /// The recipients are stored and are checked now; an earlier file is forgotten.
    Uploaded {
        source: FileHash,
        bytes: u64,
    },
    /// The recipients file cannot be used; another one may be uploaded.
    Unfit {
        problem: CompactString,
    },
    /// The recipients are checked and their files synced; nothing is sent yet.
    Created(Box<Recipients>),
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
    /// A draft was given up; nothing of it is kept.
    Dropped,
}

/// A recipients file as its check left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// As uploaded; of a resend the lines of the campaign before.
    pub source: FileHash,
    /// The lines that were found good, in the form that expansion reads.
    pub lines: FileHash,
    /// The list of refused lines.
    pub refused: FileHash,
    pub counts: LineCounts,
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

/// The line of a campaign that a message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CampaignLine {
    pub campaign: CampaignId,
    /// Index among the good lines, from 0.
    pub line: u32,
}
