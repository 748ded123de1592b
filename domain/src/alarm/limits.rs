use serde::{Deserialize, Serialize};

/// When figures are abnormal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlarmLimits {
    /// Per mille of a connection's segments that failed in five minutes.
    pub error_rate_warning: u32,
    pub error_rate_critical: u32,
    /// Fewer outcomes than this say nothing about a rate.
    pub error_rate_outcomes_min: u32,
    /// Seconds the backlog needs.
    pub backlog_warning_s: u32,
    pub backlog_critical_s: u32,
    /// A shorter queue is none, however slow it is.
    pub backlog_messages_min: u32,
    /// p99 from the carrier's response to its receipt.
    pub latency_warning_ms: u32,
    /// Fewer deliveries than this say nothing about it.
    pub latency_deliveries_min: u32,
    /// Free per mille of a disk.
    pub disk_warning: u32,
    pub disk_critical: u32,
    pub uncertain_warning: u32,
    pub history_behind_warning: u32,
}

impl Default for AlarmLimits {
    fn default() -> Self {
        AlarmLimits {
            error_rate_warning: 100,
            error_rate_critical: 300,
            error_rate_outcomes_min: 50,
            backlog_warning_s: 300,
            backlog_critical_s: 1_800,
            backlog_messages_min: 1_000,
            latency_warning_ms: 60_000,
            latency_deliveries_min: 50,
            disk_warning: 150,
            disk_critical: 50,
            uncertain_warning: 100,
            history_behind_warning: 500_000,
        }
    }
}
