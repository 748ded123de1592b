use crate::plan::{ChannelKind, ConditionEntry};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategyEntry {
    /// Unique in the organisation.
    pub name: CompactString,
    pub organisation: CompactString,
    pub steps: Vec<StepEntry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepEntry {
    /// `sms` or `mail`.
    pub channel: ChannelKind,
    /// A template of the organisation; default the content of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<CompactString>,
    /// On what the step starts; none in the first, which starts at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<ConditionEntry>,
}
