use crate::fact::FinalState;
use std::ops::{Index, IndexMut};

/// What is counted. The numbers stand in stored rollups and are never given to something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Measure {
    // --- messages, at the moment of the event
    Accepted = 0,
    Delivered = 1,
    Sent = 2,
    Failed = 3,
    Rejected = 4,
    Cancelled = 5,
    Expired = 6,
    Unknown = 7,
    /// Attempts started because of what became of the one before (SEND-2).
    Fallbacks = 8,
    // --- segments
    /// Taken by the carrier.
    SegmentsSubmitted = 9,
    /// Refused by the carrier, for good or for now.
    SegmentsRefused = 10,
    /// Nobody can say whether the carrier took them (UNC-1).
    SegmentsUncertain = 11,
    /// Definite receipts say: delivered.
    SegmentsDelivered = 12,
    /// Definite receipts say: not delivered.
    SegmentsFailed = 13,
}

pub const MEASURES: usize = 14;

impl Measure {
    pub const ALL: [Measure; MEASURES] = [
        Measure::Accepted,
        Measure::Delivered,
        Measure::Sent,
        Measure::Failed,
        Measure::Rejected,
        Measure::Cancelled,
        Measure::Expired,
        Measure::Unknown,
        Measure::Fallbacks,
        Measure::SegmentsSubmitted,
        Measure::SegmentsRefused,
        Measure::SegmentsUncertain,
        Measure::SegmentsDelivered,
        Measure::SegmentsFailed,
    ];

    /// Messages that ended so.
    pub fn ended(state: FinalState) -> Measure {
        match state {
            FinalState::Delivered => Measure::Delivered,
            FinalState::Sent => Measure::Sent,
            FinalState::Failed => Measure::Failed,
            FinalState::Rejected => Measure::Rejected,
            FinalState::Cancelled => Measure::Cancelled,
            FinalState::Expired => Measure::Expired,
            FinalState::Unknown => Measure::Unknown,
        }
    }

    /// The word used in the API.
    pub fn word(self) -> &'static str {
        match self {
            Measure::Accepted => "accepted",
            Measure::Delivered => "delivered",
            Measure::Sent => "sent",
            Measure::Failed => "failed",
            Measure::Rejected => "rejected",
            Measure::Cancelled => "cancelled",
            Measure::Expired => "expired",
            Measure::Unknown => "unknown",
            Measure::Fallbacks => "fallbacks",
            Measure::SegmentsSubmitted => "segments_submitted",
            Measure::SegmentsRefused => "segments_refused",
            Measure::SegmentsUncertain => "segments_uncertain",
            Measure::SegmentsDelivered => "segments_delivered",
            Measure::SegmentsFailed => "segments_failed",
        }
    }
}

/// A number for every measure. Signed: a correction takes from one state and gives to another, at its own time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([i64; MEASURES]);

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        for (sum, other) in self.0.iter_mut().zip(other.0) {
            *sum += other;
        }
    }

    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// Definite receipts.
    pub fn receipts(&self) -> i64 {
        self[Measure::SegmentsDelivered] + self[Measure::SegmentsFailed]
    }
}

impl Index<Measure> for Counts {
    type Output = i64;

    fn index(&self, measure: Measure) -> &i64 {
        &self.0[measure as usize]
    }
}

impl IndexMut<Measure> for Counts {
    fn index_mut(&mut self, measure: Measure) -> &mut i64 {
        &mut self.0[measure as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_measure_has_its_place_and_word() {
        for (place, measure) in Measure::ALL.into_iter().enumerate() {
            assert_eq!(measure as usize, place);
        }
        let words: BTreeSet<_> = Measure::ALL.map(Measure::word).into_iter().collect();
        assert_eq!(words.len(), MEASURES);
    }
}
