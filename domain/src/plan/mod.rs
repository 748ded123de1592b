//! Plans of attempts: which channel kinds a message may use, in which order, and on what condition the next one starts.

mod check;
mod condition_entry;
mod due;

use serde::{Deserialize, Serialize};

pub use check::{
    ATTEMPTS_MAX, CODE_BYTES_MAX, CODES_MAX, KIND_REPEATS_MAX, PlanError, WAIT_S, check, check_steps,
};
pub use condition_entry::ConditionEntry;
pub use due::{AttemptFacts, Due, due, starting_together};

/// A way to reach a person (渠道).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Sms,
    SmartSms,
    Rcs,
    RichSms,
    Mms,
    Wechat,
    MiniProgram,
    Push,
    Mail,
    Alipay,
}

impl ChannelKind {
    /// Whether the channel tells that something was delivered. Mail only tells what bounced.
    pub fn tells_delivery(self) -> bool {
        self != ChannelKind::Mail
    }
}

/// When an attempt starts (SEND-2). A condition speaks of the attempt before; what ended in failure also was not delivered
/// and not read, so that the waits of the last two are cut short by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// At the same time as the attempt before: several channels at once.
    Together,
    /// The attempt before ended without having been submitted.
    NotSubmitted,
    /// It failed; with one of these codes, or with any when the list is empty.
    Failed { codes: Vec<compact_str::CompactString> },
    /// No delivery within this many seconds of bound time.
    NotDeliveredWithin { seconds: u32 },
    /// Not read or clicked within this many seconds of bound time. What no channel tells, the caller may (a click in its own
    /// app).
    NotReadWithin { seconds: u32 },
}
