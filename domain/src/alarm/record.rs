use crate::time::UnixMs;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The number of one rise of an alarm. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AlarmId(pub u64);

impl AlarmId {
    /// A lane's number is in the upper bits, so that lanes that share a database number their alarms without asking each other. All of
    /// them are numbers in JavaScript: a lane has ten bits.
    pub const NUMBER_BITS: u32 = 40;

    /// The lane that raised it.
    pub fn lane(self) -> u16 {
        u16::try_from(self.0 >> Self::NUMBER_BITS).unwrap_or(u16::MAX)
    }
}

/// The built-in rules. The unit of the figure stands with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmRule {
    /// No session of a connection is bound, or it does not answer. Sessions bound.
    ConnectionDown,
    /// Some of its sessions are not bound. Sessions bound.
    ConnectionDegraded,
    /// Its carrier keeps slowing it down. Segments written in the last second.
    ConnectionThrottled,
    /// What a connection submitted and what failed of it. Per mille failed.
    ErrorRate,
    /// What waits would take too long to leave. Seconds.
    Backlog,
    /// Receipts take too long: p99. Milliseconds.
    Latency,
    /// Room on the disk of a store. Free per mille.
    Disk,
    /// Segments of which nobody can say whether the carrier has them. Segments.
    Uncertain,
    /// The history is behind the journal. Messages.
    HistoryBehind,
    /// A webhook was switched off after failing for long. Hours without success.
    WebhookOff,
    /// The wall clock jumped and waits are held. Milliseconds.
    ClockJump,
}

impl AlarmRule {
    pub const ALL: [AlarmRule; 11] = [
        AlarmRule::ConnectionDown,
        AlarmRule::ConnectionDegraded,
        AlarmRule::ConnectionThrottled,
        AlarmRule::ErrorRate,
        AlarmRule::Backlog,
        AlarmRule::Latency,
        AlarmRule::Disk,
        AlarmRule::Uncertain,
        AlarmRule::HistoryBehind,
        AlarmRule::WebhookOff,
        AlarmRule::ClockJump,
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 警告
    Warning,
    /// 紧急
    Critical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    Unacknowledged,
    Acknowledged,
    /// The cause went away before anybody acknowledged it.
    Returned,
    /// Somebody knows and does not want to hear of it for a while.
    Shelved,
    /// Over: history.
    Cleared,
}

/// Of one rule and object at most one alarm is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AlarmKey {
    pub rule: AlarmRule,
    /// A name: of a connection, a store, an account; empty for the whole installation.
    pub object: CompactString,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    pub id: AlarmId,
    pub key: AlarmKey,
    pub severity: Severity,
    /// When it rose.
    pub since: UnixMs,
    /// When the cause went away; `None` while it stands.
    pub returned: Option<UnixMs>,
    pub acknowledged: Option<(UnixMs, CompactString)>,
    pub shelf: Option<Shelf>,
    /// When it became history.
    pub cleared: Option<UnixMs>,
    /// What raised it, in the rule's unit; the newest while it stands.
    pub figure: i64,
    pub limit: i64,
    pub detail: CompactString,
    /// Connections that carry on instead.
    pub taken_over_by: Vec<CompactString>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelf {
    pub until: UnixMs,
    pub by: CompactString,
    pub reason: CompactString,
}

impl Alarm {
    pub fn state(&self) -> AlarmState {
        if self.cleared.is_some() {
            AlarmState::Cleared
        } else if self.shelf.is_some() {
            AlarmState::Shelved
        } else if self.returned.is_some() {
            AlarmState::Returned
        } else if self.acknowledged.is_some() {
            AlarmState::Acknowledged
        } else {
            AlarmState::Unacknowledged
        }
    }

    /// The cause is there, and nobody set it aside.
    pub fn is_standing(&self) -> bool {
        matches!(
            self.state(),
            AlarmState::Unacknowledged | AlarmState::Acknowledged
        )
    }
}
