use crate::fact::FinalState;
use serde::{Deserialize, Serialize};

/// What became of a campaign's messages: a fold of ACCEPTED, INTENT, FINAL and AMENDED.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub expanded: u32,
    /// Not ended, and nothing of it was ever about to be written.
    pub waiting: u32,
    /// An INTENT stands, whatever came of it.
    pub written: u32,
    pub delivered: u32,
    pub sent: u32,
    pub failed: u32,
    pub rejected: u32,
    pub cancelled: u32,
    pub expired: u32,
    pub unknown: u32,
}

impl Tally {
    pub fn accepted(&mut self) {
        self.expanded += 1;
        self.waiting += 1;
    }

    /// By the first INTENT of a message.
    pub fn written(&mut self) {
        self.waiting -= 1;
        self.written += 1;
    }

    /// `was_written`: an INTENT had been recorded before.
    pub fn ended(&mut self, state: FinalState, was_written: bool) {
        if !was_written {
            self.waiting -= 1;
        }
        *self.of(state) += 1;
    }

    /// A late receipt corrected an end.
    pub fn amended(&mut self, before: FinalState, after: FinalState) {
        let of_before = self.of(before);
        *of_before = of_before.saturating_sub(1);
        *self.of(after) += 1;
    }

    /// Messages that have reached a final state.
    pub fn all_ended(&self) -> u32 {
        self.delivered
            + self.sent
            + self.failed
            + self.rejected
            + self.cancelled
            + self.expired
            + self.unknown
    }

    pub fn open(&self) -> u32 {
        self.expanded - self.all_ended()
    }

    /// How many ended so.
    pub fn count(&self, state: FinalState) -> u32 {
        let mut copy = *self;
        *copy.of(state)
    }

    fn of(&mut self, state: FinalState) -> &mut u32 {
        match state {
            FinalState::Delivered => &mut self.delivered,
            FinalState::Sent => &mut self.sent,
            FinalState::Failed => &mut self.failed,
            FinalState::Rejected => &mut self.rejected,
            FinalState::Cancelled => &mut self.cancelled,
            FinalState::Expired => &mut self.expired,
            FinalState::Unknown => &mut self.unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_counted_once_in_each_respect() {
        let mut tally = Tally::default();
        (0..4).for_each(|_| tally.accepted());
        tally.written();
        tally.written();
        assert_eq!((tally.waiting, tally.written, tally.open()), (2, 2, 4));
        tally.ended(FinalState::Delivered, true);
        tally.ended(FinalState::Cancelled, false);
        assert_eq!((tally.waiting, tally.open(), tally.all_ended()), (1, 2, 2));
        tally.ended(FinalState::Unknown, true);
        tally.amended(FinalState::Unknown, FinalState::Delivered);
        assert_eq!((tally.delivered, tally.unknown, tally.open()), (2, 0, 1));
        assert_eq!(tally.count(FinalState::Cancelled), 1);
    }
}
