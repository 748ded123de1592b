use serde::{Deserialize, Serialize};

/// Every webhook and how it does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhooksView {
    /// By the accounts' names.
    pub webhooks: Vec<WebhookStateView>,
}

/// One account's webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookStateView {
    pub account: String,
    pub url: String,
    /// `working`, `failing`, `off`, or `disabled` when the account is, or does not have the module `feeds`.
    pub state: String,
    /// Why it is off: `gone` (the receiver answered 410) or `failing` (for too long).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<String>,
    /// RFC 3339, UTC+8, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When the receiver last took something, since the start of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_taken_at: Option<String>,
    /// Since the start of the service.
    pub events_delivered: u64,
    /// When the oldest event happened that the receiver has not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_waiting_at: Option<String>,
    pub feeds: Vec<WebhookPlace>,
}

/// How far a feed was delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookPlace {
    /// `receipts` or `replies`.
    pub feed: String,
    /// Everything before this cursor was delivered.
    pub next: String,
}

/// From where a webhook's events come again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookReplay {
    /// A `next` of an earlier call or page; `null` for the oldest event kept.
    #[serde(deserialize_with = "Option::deserialize")]
    pub after: Option<String>,
    /// `receipts` or `replies`; both when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
}
