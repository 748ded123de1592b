use super::Cap;
use crate::day_window::DayWindow;
use crate::ids::BusinessTypeId;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// What a message is for (业务类型), and the policy that follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessType {
    pub id: BusinessTypeId,
    pub name: CompactString,
    pub priority: Priority,
    pub uncertain: UncertainPolicy,
    /// How long an unsent message stays valid, seconds.
    pub validity_s: u32,
    /// How long a receipt is waited for, seconds; SMS default 48 h.
    pub receipt_wait_s: u32,
    /// Free text is refused; the request must name a template.
    pub template_required: bool,
    /// Whether receipts are asked for. Without, a message ends as Sent.
    pub receipts: bool,
    /// Appended to every text (贴尾), e.g. an unsubscribe hint; empty for none.
    pub tail: CompactString,
    /// Messages are written only inside it, e.g. what the law allows for advertising.
    #[serde(default)]
    pub sending_window: Option<DayWindow>,
    /// Written also in the quiet hours of an organisation (verification codes, alarms).
    #[serde(default)]
    pub ignore_quiet_hours: bool,
    /// How much a person may get; one per period.
    #[serde(default)]
    pub caps: Vec<Cap>,
}

/// Priority class inside an organisation; a higher class overtakes the waiting ones below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    High,
    #[default]
    Medium,
    Low,
}

impl Priority {
    pub const ALL: [Priority; 3] = [Priority::High, Priority::Medium, Priority::Low];
}

/// What happens to a segment whose outcome nobody knows (UNC-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UncertainPolicy {
    /// Wait for a receipt; never write it again.
    #[default]
    Hold,
    /// Write it once more (verification codes, alarms).
    ResendOnce,
}
