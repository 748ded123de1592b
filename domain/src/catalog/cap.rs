use serde::{Deserialize, Serialize};

/// How many messages of one business type a person gets in a period at most (频次限制, SEND-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// 1…1000.
    pub messages: u16,
    pub period: CapPeriod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapPeriod {
    Hour,
    /// A calendar day (UTC+8).
    Day,
}
