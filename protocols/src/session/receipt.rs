//! What a carrier says about the fate of a segment.

use super::segment_id::SegmentId;
use compact_str::CompactString;

/// Texts are the carrier's own, without padding; none of them is checked. Nearly all fit without an allocation, of which there would
/// be five for every message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Of the submit it speaks of.
    pub id: SegmentId,
    /// `DELIVRD`, `UNDELIV`, … or any other code.
    pub status: CompactString,
    /// A second code, where the protocol has one; else empty.
    pub error: CompactString,
    /// The destination of the submit.
    pub to: CompactString,
    /// YYMMDDhhmm, with seconds from some carriers; may be empty.
    pub submit_time: CompactString,
    /// YYMMDDhhmm, with seconds from some carriers; may be empty.
    pub done_time: CompactString,
}
