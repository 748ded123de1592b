use serde::{Deserialize, Serialize};

/// The state of anything, in the five words that screens know. How stale a figure is, is another matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// 正常
    Ok,
    /// 停用: somebody wants it so.
    Off,
    /// 无数据
    #[default]
    None,
    /// 降级
    Degraded,
    /// 故障
    Failed,
}
