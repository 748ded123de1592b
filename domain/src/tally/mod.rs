//! Counting what happens: the same figures go to live screens and to rollups (STAT-1, MON-1).
//!
//! What is counted is a fold over facts, told twice: while it happens, and from the journey of a message that has ended. Both
//! must come to the same sums, so that a restart may take the one for the other.

mod contributions;
mod counts;
mod dimensions;
mod latency;

pub use contributions::{
    Contribution, SegmentContribution, contributions, corrections, decided_by_receipt, segment_contributions,
    written_to,
};
pub use counts::{Counts, MEASURES, Measure};
pub use dimensions::Dimensions;
pub use latency::{LATENCY_BUCKETS, LatencyBucket};
