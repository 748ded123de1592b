use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sums over messages that have ended and are stored, by the times of what happened to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatisticsView {
    /// `minute`, `hour` or `day`; days begin at midnight of UTC+8.
    pub resolution: String,
    /// RFC 3339, the beginning of the first bucket.
    pub from: String,
    /// RFC 3339; buckets that begin before it are there.
    pub until: String,
    /// RFC 3339. Everything that happened before is counted; what happened later may still be missing, because messages are
    /// counted when they have ended.
    pub complete_until: String,
    pub rows: Vec<StatisticsRow>,
}

/// What is not grouped by is absent. A name that the configuration no longer has is `#` and the id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatisticsRow {
    /// RFC 3339, the beginning of the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Empty for what is counted by message, and for what was never written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// `mobile`, `unicom`, `telecom`, `broadnet`, `virtual` or `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// e.g. `广东`; empty when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// By measure. A late receipt takes from one state and gives to another at its own time, so that a figure may be below
    /// zero.
    pub counts: BTreeMap<String, i64>,
}

/// What carriers said and how long they took, of all organisations together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CarrierStatisticsView {
    pub resolution: String,
    pub from: String,
    pub until: String,
    /// See the statistics.
    pub complete_until: String,
    pub codes: Vec<CodeCountView>,
    pub latencies: Vec<LatencyView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeCountView {
    /// RFC 3339, the beginning of the bucket; absent without `by_time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    pub connection: String,
    pub kind: String,
    /// `segments_refused`, `segments_delivered` or `segments_failed`.
    pub measure: String,
    /// As the carrier said it; `*` stands for those that were too many to be told apart.
    pub code: String,
    pub count: i64,
}

/// From the carrier's response to its receipt; exact to a tenth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LatencyView {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    pub connection: String,
    pub kind: String,
    /// Deliveries of which it is known.
    pub count: u64,
    pub p50_ms: u64,
    pub p90_ms: u64,
    pub p99_ms: u64,
}
