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
    /// `primary_backup`, `weighted` or `least_busy`.
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
    /// It would take the message now.
    pub pulls: bool,
    /// Why it would, or would not.
    pub why: String,
}
