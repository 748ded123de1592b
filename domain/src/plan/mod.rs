//! Plans of attempts: which channel kinds a message may use, in which order, and on what condition the next one starts.

mod check;

use serde::{Deserialize, Serialize};

pub use check::{ATTEMPTS_MAX, CODE_BYTES_MAX, CODES_MAX, KIND_REPEATS_MAX, PlanError, WAIT_S, check};

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

    /// Whether the channel tells that something was read or clicked.
    pub fn tells_reading(self) -> bool {
        !matches!(self, ChannelKind::Sms | ChannelKind::RichSms | ChannelKind::Mms)
    }
}

/// When the next attempt starts (SEND-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The attempt before ended without having been submitted.
    NotSubmitted,
    /// It failed; with one of these codes, or with any when the list is empty.
    Failed { codes: Vec<compact_str::CompactString> },
    /// No delivery within this many seconds of bound time.
    NotDeliveredWithin { seconds: u32 },
    /// Not read or clicked within this many seconds of bound time.
    NotReadWithin { seconds: u32 },
}
