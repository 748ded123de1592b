//! The carrier's name for a segment.

use compact_str::CompactString;
use std::fmt;

/// What the carrier answered to a submit and names again in the receipt. Compared as it came; forms that differ between
/// answer and receipt (hexadecimal, decimal) are for the caller to bring together, per carrier account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SegmentId {
    /// CMPP Msg_Id.
    Number(u64),
    /// SMPP message_id.
    Text(CompactString),
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SegmentId::Number(number) => number.fmt(f),
            SegmentId::Text(text) => text.fmt(f),
        }
    }
}
