//! SMS segments: how many a text needs, and what each carries.
//!
//! Text goes in the GSM 7-bit default alphabet where all of it fits (3GPP TS 23.038 §6.2.1), else in UCS-2, which carriers
//! read as UTF-16BE. A character is never cut: neither a surrogate pair nor an escape and its code.

mod gsm7;
mod limits;
mod payload;
mod plan;
mod split;

pub use gsm7::decode_gsm7;
pub use limits::{RESERVE_MAX, SegmentLimits};
pub use payload::Payload;
pub use plan::{Coding, SegmentError, SegmentPlan, plan};
pub use split::{Segment, Segments, segments, split};
