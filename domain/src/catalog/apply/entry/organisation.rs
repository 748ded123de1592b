use super::one;
use crate::day_window::DayWindow;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationEntry {
    pub name: CompactString,
    /// 1…1000, default 1.
    #[serde(default = "one")]
    pub weight: u16,
    /// e.g. `"22:00-07:00"`; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<DayWindow>,
    /// Of a cluster: the lane that takes and sends its messages; 0…1023, default 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub lane: u16,
}

fn is_first(lane: &u16) -> bool {
    *lane == 0
}
