pub use carillon_domain::alarm::{AlarmRule, AlarmState, Severity};
use serde::{Deserialize, Serialize};

/// An alarm, in the states of ISA-18.2: it rises, is acknowledged, returns to normal; an operator may shelve it for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmView {
    /// Of this rise of the alarm; a later one of the same rule and object has another.
    pub id: u64,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub rule: AlarmRule,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub severity: Severity,
    /// What it is about: a connection's name, a host's, a folder; empty for the whole installation.
    pub object: String,
    /// Whose it is; empty when it concerns everybody.
    pub organisation: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub state: AlarmState,
    /// When it rose, in Unix milliseconds.
    pub since_ms: u64,
    /// When the cause went away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelved_until_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelved_by: Option<String>,
    /// Why it was shelved.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub shelve_reason: String,
    /// The figure that raised it, in the rule's unit; the newest while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<i64>,
    /// What the figure must stay below, or above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// What is known of the cause, e.g. the last error of a connection.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub detail: String,
    /// Names of the connections that carry on instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub taken_over_by: Vec<String>,
}

/// Puts an alarm aside for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShelveRequest {
    /// In Unix milliseconds; within the next 30 days.
    pub until_ms: u64,
    /// One line of 1 to 200 characters.
    pub reason: String,
}

/// A page of alarms, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmsPage {
    pub alarms: Vec<AlarmView>,
    /// The `before` of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}
