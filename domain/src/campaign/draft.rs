use super::{CampaignMessage, Schedule};
use crate::fact::{FinalState, IdempotencyKey};
use crate::ids::{AccountId, CampaignId, TenantId};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The longest name of a campaign, in characters.
pub const NAME_CHARACTERS_MAX: usize = 100;

/// What a campaign says and how it starts out. Never changed; only pace and schedule may be set anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignDraft {
    pub tenant: TenantId,
    pub account: AccountId,
    pub name: CompactString,
    pub message: CampaignMessage,
    pub duplicates: Duplicates,
    /// Messages per second; `None` is as fast as the connections take them.
    pub rate: Option<u32>,
    pub schedule: Option<Schedule>,
    /// The recipients come from another campaign, not from a file.
    pub resend: Option<Resend>,
    /// Of the request that made it (IDEM-1).
    pub idempotency: Option<IdempotencyKey>,
}

/// Whose messages are sent again: those that ended so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resend {
    pub of: CampaignId,
    pub states: Vec<FinalState>,
}

/// What happens to a line whose recipient an earlier good line has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    #[default]
    Refuse,
    Allow,
}
