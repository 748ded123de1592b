//! Which way a message would go, and why.

use serde::{Deserialize, Serialize};

/// The way a message of an account to a number would go now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteView {
    pub account: String,
    pub business_type: String,
    /// `sms` or `mail`.
    pub channel: String,
    /// Of the number, from the table of number ranges; `unknown` when the table does not have it.
    pub carrier: String,
    /// Empty when unknown.
    pub province: String,
    /// Empty when unknown.
    pub city: String,
    /// Every rule in its order, with what it says to this message.
    pub rules: Vec<RuleVerdictView>,
    /// The route group taken; absent when no rule leads anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `primary_backup`, `weighted`, `least_busy` or `adaptive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Of the group taken, in its order.
    pub members: Vec<RouteMemberView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleVerdictView {
    pub rule: String,
    pub group: String,
    /// `taken`, `after_the_one_taken`, `other_account`, `other_business_type`, `other_carrier`, `other_province`,
    /// `other_kind` or `no_granted_member`.
    pub verdict: String,
}

/// A connection of the group, as it stands at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteMemberView {
    pub connection: String,
    pub weight: u16,
    /// The account may use it.
    pub granted: bool,
    /// It has a session that can send.
    pub able: bool,
    /// It takes nothing new.
    pub draining: bool,
    /// Segments it could take at once.
    pub credit: u32,
    /// Segments written and not answered.
    pub in_flight: u32,
    /// Slots of the windows of its usable sessions.
    pub slots: u32,
    /// Messages of a weighted group it has taken, as a percentage of all members'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_percent: Option<u8>,
    /// How it does lately; only in an adaptive group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<RouteQualityView>,
    /// It would take the message now.
    pub pulls: bool,
    /// Why it would, or would not.
    pub why: String,
}

/// How a member of an adaptive group does lately: what is half a minute old counts half, and what is not known is taken for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteQualityView {
    /// It is one of those that take the messages; the others get a few to show how they do.
    pub preferred: bool,
    /// Of what was written to it, the percentage that its carrier took.
    pub taken_percent: u8,
    /// Of what its carrier reported, the percentage that was delivered.
    pub delivered_percent: u8,
    /// From the write to the receipt, on average.
    pub latency_ms: u32,
    /// 0…100: the percentage expected to be delivered, less 3 for every second that it takes.
    pub score: u8,
}
