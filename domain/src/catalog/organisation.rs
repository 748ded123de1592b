use crate::day_window::DayWindow;
use crate::ids::TenantId;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// A top organisation (机构): the tenant. Sends of different tenants share a connection by weight (FAIR-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    pub id: TenantId,
    pub name: CompactString,
    /// Relative share of a contended connection, 1…1000.
    pub weight: u16,
    /// Nothing is written to a person inside it, but for business types that ignore it (免打扰时段).
    #[serde(default)]
    pub quiet_hours: Option<DayWindow>,
    /// The lane that takes and sends its messages, from 0.
    #[serde(default)]
    pub lane: u16,
}
