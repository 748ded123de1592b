//! What a carrier says about the fate of a segment.

use super::segment_id::SegmentId;

/// Texts are the carrier's own, without padding; none of them is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Of the submit it speaks of.
    pub id: SegmentId,
    /// `DELIVRD`, `UNDELIV`, … or any other code.
    pub status: String,
    /// A second code, where the protocol has one; else empty.
    pub error: String,
    /// The destination of the submit.
    pub to: String,
    /// YYMMDDhhmm, with seconds from some carriers; may be empty.
    pub submit_time: String,
    /// YYMMDDhhmm, with seconds from some carriers; may be empty.
    pub done_time: String,
}
