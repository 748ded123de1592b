use super::{Secret, Webhook};
use crate::ids::{AccountId, BusinessTypeId, ConnectionId, TenantId};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Credentials under which an upstream system sends (接入账号), and what they may do (SEND-10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub tenant: TenantId,
    pub name: CompactString,
    pub enabled: bool,
    pub modules: Modules,
    /// Connections granted one by one; none at first.
    pub connections: Vec<ConnectionId>,
    /// Segments per calendar day (UTC+8); `None` is without limit.
    pub quota_per_day: Option<u64>,
    /// Relative share among the accounts of the organisation, 1…1000.
    pub weight: u16,
    /// Digits appended to a connection's access number; replies to it belong to this account.
    pub extension: CompactString,
    /// Put in front of each text as 【…】 unless the request names another; empty for none.
    pub signature: CompactString,
    pub business_type: BusinessTypeId,
    /// What the organisation pays for one SMS segment, in 1/10,000 yuan.
    #[serde(default)]
    pub price_per_segment: u32,
    /// SHA-256 of the API key; the key itself (256 random bits) is shown once and not kept.
    pub api_key_sha256: [u8; 32],
    /// Where its events are pushed to; without, they are pulled only.
    #[serde(default)]
    pub webhook: Option<Webhook>,
    /// With it the account may sign its requests (HMAC) instead of showing its key. Encrypted at rest, never logged or shown.
    #[serde(default)]
    pub hmac_secret: Option<Secret>,
}

/// What an account may do besides existing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modules {
    #[serde(default)]
    pub send: bool,
    /// Read journeys and search.
    #[serde(default)]
    pub query: bool,
    /// Pull receipts and replies.
    #[serde(default)]
    pub feeds: bool,
    /// Start and steer campaigns.
    #[serde(default)]
    pub campaigns: bool,
}
