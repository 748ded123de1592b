//! Which records of a lane's partition count, as every reader of them decides it: without clocks, by their order alone.

use crate::record::{Checkpointed, Record, Span};
use carillon_storage::journal::FrameSeq;
use std::ops::Range;

/// The fold over a lane's partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneLog {
    /// The offset of the newest claim.
    epoch: Option<u64>,
    /// Who made it.
    owner: String,
    last: FrameSeq,
    /// After the last record that was looked at.
    next_offset: u64,
    spans: Vec<Span>,
    /// The newest checkpoint that counts, and the offset of its record.
    checkpoint: Option<(u64, Checkpointed)>,
}

/// What a record turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The lane's next frame.
    Frame(FrameSeq),
    Claim,
    Checkpointed,
    Pointer,
    /// Of an owner that was replaced before; it does not count.
    Stale,
}

impl LaneLog {
    /// The log as it was at a checkpoint, whose record is at `offset`; what follows `mark.read_from` is still to be taken.
    pub fn at_checkpoint(offset: u64, mark: Checkpointed) -> Self {
        LaneLog {
            epoch: mark.epoch_then,
            owner: String::new(),
            last: mark.at,
            next_offset: mark.read_from,
            spans: mark.spans.clone(),
            checkpoint: Some((offset, mark)),
        }
    }

    /// Looks at the next record. Offsets between it and the one before were foreign or are gone.
    pub fn take(&mut self, offset: u64, record: &Record<'_>) -> Taken {
        debug_assert!(offset >= self.next_offset, "records come in their order");
        self.next_offset = offset + 1;
        match record {
            Record::Claim(claim) => {
                self.epoch = Some(offset);
                self.owner.clone_from(&claim.owner);
                Taken::Claim
            }
            Record::Frame { epoch, seq, .. } if self.epoch == Some(*epoch) && *seq == self.last.next() => {
                self.frame(offset, *seq, *epoch);
                Taken::Frame(*seq)
            }
            Record::Checkpointed(mark) if self.epoch == Some(mark.epoch) => {
                self.checkpointed(offset, mark.clone());
                Taken::Checkpointed
            }
            Record::Pointer(pointer) if self.epoch == Some(pointer.epoch) => Taken::Pointer,
            Record::Frame { .. } | Record::Checkpointed(_) | Record::Pointer(_) => Taken::Stale,
        }
    }

    /// What stands between the owner's last record and the one that was acknowledged at `offset`. Only when that is nothing, or was read
    /// and holds no claim ([`LaneLog::take_between`]), may the owner act on it. `None` when it cannot be the owner's next record.
    pub fn between(&self, offset: u64) -> Option<Range<u64>> {
        (offset >= self.next_offset).then_some(self.next_offset..offset)
    }

    /// Looks at a record that stands between the owner's own. Who has taken the lane over, when it says so.
    pub fn take_between(&mut self, offset: u64, record: &Record<'_>) -> Option<String> {
        match self.take(offset, record) {
            Taken::Claim => Some(self.owner.clone()),
            _ => None,
        }
    }

    /// A frame of the owner was acknowledged. False when the one before it was not: it may never have been written, and then this one
    /// counts for nobody.
    pub(crate) fn own_frame(&mut self, offset: u64, seq: FrameSeq) -> bool {
        match self.epoch {
            Some(epoch) if seq == self.last.next() => {
                self.frame(offset, seq, epoch);
                true
            }
            _ => false,
        }
    }

    /// A frame that counts.
    fn frame(&mut self, offset: u64, seq: FrameSeq, epoch: u64) {
        let follows = self
            .spans
            .last()
            .is_some_and(|span| span.epoch == epoch && span.offset + (seq.0 - span.seq.0) == offset);
        if !follows {
            self.spans.push(Span { seq, offset, epoch });
        }
        self.last = seq;
        self.next_offset = offset + 1;
    }

    /// A checkpoint that counts. What was known of the places of frames stays.
    pub(crate) fn checkpointed(&mut self, offset: u64, mark: Checkpointed) {
        self.checkpoint = Some((offset, mark));
        self.next_offset = offset + 1;
    }

    /// A record that counts and changes nothing.
    pub(crate) fn skip(&mut self, offset: u64) {
        self.next_offset = offset + 1;
    }

    /// Whoever reads on from here begins at this offset.
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    pub fn epoch(&self) -> Option<u64> {
        self.epoch
    }

    /// The node that claimed the lane last, as it calls itself.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The last frame that counts.
    pub fn last(&self) -> FrameSeq {
        self.last
    }

    pub fn checkpoint(&self) -> Option<&(u64, Checkpointed)> {
        self.checkpoint.as_ref()
    }

    /// Where a frame lies.
    pub fn offset(&self, seq: FrameSeq) -> Option<u64> {
        if seq > self.last {
            return None;
        }
        let span = self.span_of(seq)?;
        Some(span.offset + (seq.0 - span.seq.0))
    }

    /// The first frame that lies at this offset or after it; the one after the last when none does.
    pub fn first_at(&self, offset: u64) -> FrameSeq {
        let after = self.spans.partition_point(|span| span.offset <= offset);
        let next_begins = self.spans.get(after).map_or(self.last.next(), |span| span.seq);
        match after.checked_sub(1) {
            None => next_begins,
            Some(at) => {
                let span = self.spans[at];
                FrameSeq(span.seq.0 + (offset - span.offset)).min(next_begins)
            }
        }
    }

    /// The state after a frame, for a checkpoint: from where to read on, by whom that was written, and where everything before lies.
    pub(crate) fn upto(&self, at: FrameSeq) -> (u64, Option<u64>, Vec<Span>) {
        let Some(offset) = self.offset(at) else {
            return (0, None, Vec::new());
        };
        let spans: Vec<_> = self
            .spans
            .iter()
            .copied()
            .take_while(|span| span.seq <= at)
            .collect();
        (offset + 1, spans.last().map(|span| span.epoch), spans)
    }

    /// Forgets where frames lie that are gone, all below this one. The place of the last of them stays: a checkpoint may be at it.
    pub(crate) fn forget_below(&mut self, oldest: FrameSeq) {
        let keep = self
            .spans
            .partition_point(|span| span.seq < oldest)
            .saturating_sub(1);
        self.spans.drain(..keep);
    }

    fn span_of(&self, seq: FrameSeq) -> Option<Span> {
        let after = self.spans.partition_point(|span| span.seq <= seq);
        after.checked_sub(1).map(|at| self.spans[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Claim;

    fn claim(owner: &str) -> Record<'static> {
        Record::Claim(Claim {
            owner: owner.into(),
            nonce: 0,
            checkpoint: None,
        })
    }

    fn frame(epoch: u64, seq: u64) -> Record<'static> {
        Record::Frame {
            epoch,
            seq: FrameSeq(seq),
            checkpoint: None,
            payload: b"p",
        }
    }

    /// Two owners, the first of which does not notice that it was replaced.
    fn story() -> Vec<(u64, Record<'static>, Taken)> {
        let counts = |seq| Taken::Frame(FrameSeq(seq));
        vec![
            (0, frame(0, 1), Taken::Stale),
            (1, claim("a"), Taken::Claim),
            (2, frame(1, 1), counts(1)),
            (3, frame(1, 2), counts(2)),
            // The second claims; the first's frame was on its way before it knew.
            (4, frame(1, 3), counts(3)),
            (5, claim("b"), Taken::Claim),
            (6, frame(1, 4), Taken::Stale),
            (7, frame(5, 4), counts(4)),
            (8, frame(1, 5), Taken::Stale),
            (9, frame(5, 5), counts(5)),
            // A gap: the frame in between was never written, so nothing after it counts.
            (10, frame(5, 7), Taken::Stale),
            // The offset between was foreign.
            (12, frame(5, 6), counts(6)),
        ]
    }

    #[test]
    fn frames_count_that_carry_the_newest_claim_and_have_no_gap() {
        let mut log = LaneLog::default();
        for (offset, record, taken) in story() {
            assert_eq!(log.take(offset, &record), taken, "offset {offset}");
        }
        assert_eq!(
            (log.last(), log.epoch(), log.owner()),
            (FrameSeq(6), Some(5), "b")
        );
        let offsets = [None, Some(2), Some(3), Some(4), Some(7), Some(9), Some(12), None];
        for (seq, offset) in (0..).zip(offsets) {
            assert_eq!(log.offset(FrameSeq(seq)), offset, "frame {seq}");
        }
        let firsts = [1, 1, 1, 2, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7];
        for (offset, first) in (0..).zip(firsts) {
            assert_eq!(log.first_at(offset), FrameSeq(first), "offset {offset}");
        }
    }

    #[test]
    fn reading_on_from_a_checkpoint_gives_the_same_as_reading_all() {
        let mut log = LaneLog::default();
        let story = story();
        for end in 0..=story.len() {
            let upto = log.last();
            for at in 0..=upto.0 {
                let (read_from, epoch_then, spans) = log.upto(FrameSeq(at));
                let mark = Checkpointed {
                    epoch: 0,
                    at: FrameSeq(at),
                    read_from,
                    epoch_then,
                    spans,
                    number: 1,
                    head_pieces: 0,
                    head_offset: 0,
                };
                let mut again = LaneLog::at_checkpoint(99, mark);
                for (offset, record, _) in &story {
                    if (read_from..).contains(offset) {
                        again.take(*offset, record);
                    }
                }
                let mut all = LaneLog::default();
                for (offset, record, _) in &story {
                    all.take(*offset, record);
                }
                assert_eq!(
                    (again.last(), again.epoch(), &again.spans),
                    (all.last(), all.epoch(), &all.spans)
                );
            }
            if let Some((offset, record, _)) = story.get(end) {
                log.take(*offset, record);
            }
        }
    }

    #[test]
    fn a_replaced_owners_checkpoint_does_not_count() {
        let mark = |epoch| {
            Record::Checkpointed(Checkpointed {
                epoch,
                at: FrameSeq(1),
                read_from: 2,
                epoch_then: Some(0),
                spans: vec![],
                number: 1,
                head_pieces: 1,
                head_offset: 0,
            })
        };
        let mut log = LaneLog::default();
        log.take(0, &claim("a"));
        log.take(1, &frame(0, 1));
        assert_eq!(log.take(2, &mark(0)), Taken::Checkpointed);
        log.take(3, &claim("b"));
        assert_eq!(log.take(4, &mark(0)), Taken::Stale);
        assert_eq!(log.checkpoint().map(|(offset, _)| *offset), Some(2));
        assert_eq!(log.take(5, &mark(3)), Taken::Checkpointed);
        assert_eq!(log.checkpoint().map(|(offset, _)| *offset), Some(5));
    }

    #[test]
    fn what_is_forgotten_is_only_below() {
        let mut log = LaneLog::default();
        for (offset, record, _) in story() {
            log.take(offset, &record);
        }
        for oldest in 1..=7 {
            let mut log = log.clone();
            log.forget_below(FrameSeq(oldest));
            for seq in (oldest - 1).max(1)..=6 {
                assert!(log.offset(FrameSeq(seq)).is_some(), "{seq} of {oldest}");
            }
        }
    }
}
