use super::yes;
use crate::catalog::{Cap, Priority, UncertainPolicy};
use crate::day_window::DayWindow;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessTypeEntry {
    pub name: CompactString,
    /// `high`, `medium` (default) or `low`.
    #[serde(default)]
    pub priority: Priority,
    /// `hold` (default) or `resend_once`.
    #[serde(default)]
    pub uncertain: UncertainPolicy,
    /// Seconds an unsent message stays valid, 60…604,800; default one day.
    #[serde(default = "validity_s")]
    pub validity_s: u32,
    /// Seconds a receipt is waited for, 60…604,800; default 48 hours.
    #[serde(default = "receipt_wait_s")]
    pub receipt_wait_s: u32,
    /// Default false: free text is allowed.
    #[serde(default)]
    pub template_required: bool,
    /// Default true.
    #[serde(default = "yes")]
    pub receipts: bool,
    /// Default none.
    #[serde(default)]
    pub tail: CompactString,
    /// e.g. `"08:00-20:00"`; default at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending_window: Option<DayWindow>,
    /// Default false.
    #[serde(default)]
    pub ignore_quiet_hours: bool,
    /// e.g. `[{ messages = 3, period = "day" }]`; default without limit.
    #[serde(default)]
    pub caps: Vec<Cap>,
}

fn validity_s() -> u32 {
    24 * 3600
}

fn receipt_wait_s() -> u32 {
    48 * 3600
}
