//! Campaigns (发送任务): one act of sending to many, from a file of recipients (SEND-5, SEND-8).
//!
//! A campaign is a [`CampaignDraft`] first. Its recipients are uploaded and checked, then it is started, paced, paused,
//! resumed and stopped. [`Campaign`] is the fold of its [`CampaignChange`]s and of what became of its messages.

mod change;
mod draft;
mod fold;
mod id_text;
mod line_maker;
mod message;
mod state;
mod tally;

pub use change::{CampaignChange, CampaignLine, LineCounts, Recipients, Schedule};
pub use draft::{CampaignDraft, Duplicates, NAME_CHARACTERS_MAX, Resend};
pub use fold::Campaign;
pub use id_text::InvalidCampaignId;
pub use line_maker::{BoundLines, ColumnMissing, LineMaker};
pub use message::{CampaignMessage, CampaignPlan, CampaignStep, CampaignWords, LineColumns};
pub use state::CampaignState;
pub use tally::Tally;

/// Lines one recipients file may have.
pub const LINES_MAX: u32 = 10_000_000;
/// Bytes one recipients file may have.
pub const FILE_BYTES_MAX: u64 = 512 << 20;
/// The fastest pace, in messages per second.
pub const RATE_MAX: u32 = 100_000;
