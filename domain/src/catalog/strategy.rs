use crate::ids::{StrategyId, TemplateId, TenantId};
use crate::plan::{ChannelKind, Condition};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// A stored plan of attempts (发送策略): by which channels, in which order, on what conditions (SEND-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingStrategy {
    pub id: StrategyId,
    pub tenant: TenantId,
    /// The name by which requests refer to it; unique in the organisation.
    pub name: CompactString,
    /// Sound by [`crate::plan::check_steps`].
    pub steps: Vec<StrategyStep>,
}

/// One attempt of a [`SendingStrategy`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrategyStep {
    pub channel: ChannelKind,
    /// `None`: the content of the request.
    pub template: Option<TemplateId>,
    /// `None` in the first step, and only there.
    pub when: Option<Condition>,
}
