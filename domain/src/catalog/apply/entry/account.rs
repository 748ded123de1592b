use super::super::SecretSource;
use super::{one, yes};
use crate::catalog::{Modules, WebhookEvent};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    pub name: CompactString,
    pub organisation: CompactString,
    /// Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Each off unless switched on (SEND-10).
    #[serde(default)]
    pub modules: Modules,
    /// Connections granted one by one; none by default (SEND-10).
    #[serde(default)]
    pub connections: Vec<CompactString>,
    /// Default without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_per_day: Option<u64>,
    /// 1…1000, default 1.
    #[serde(default = "one")]
    pub weight: u16,
    /// Digits; default none.
    #[serde(default)]
    pub extension: CompactString,
    /// Default none.
    #[serde(default)]
    pub signature: CompactString,
    pub business_type: CompactString,
    /// In 1/10,000 yuan, 0…1,000,000; default 0.
    #[serde(default)]
    pub price_per_segment: u32,
    /// 16…128 characters. Without it a new account gets a fresh key and an existing one keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<SecretSource>,
    /// Default none: events are pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookEntry>,
    /// 16…128 characters; default none: requests cannot be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hmac_secret: Option<SecretSource>,
}

/// Where events are pushed to; see [`crate::catalog::Webhook`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEntry {
    pub url: CompactString,
    /// 16…128 characters.
    pub secret: SecretSource,
    /// Of `receipts` and `replies`; default both.
    #[serde(default = "all_events")]
    pub events: Vec<WebhookEvent>,
}

fn all_events() -> Vec<WebhookEvent> {
    vec![WebhookEvent::Receipts, WebhookEvent::Replies]
}
