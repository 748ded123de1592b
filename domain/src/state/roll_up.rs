use super::SegmentState;
use crate::fact::FinalState;

/// What the segments of an attempt amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollUp {
    /// Something is still expected.
    Open,
    Final(FinalState),
}

/// Rolls the segments of one attempt up to the state of the whole (MSG-1). `receipts_due` says whether receipts were asked
/// for.
///
/// A message is read as a whole, so one failed segment fails it at once, and one expired segment expires it; what was not
/// written then stays unwritten. Nothing ends while an INTENT is unanswered.
#[inline]
pub fn roll_up(segments: &[SegmentState], receipts_due: bool) -> RollUp {
    let seen = Seen::in_segments(segments);
    if segments.is_empty() || seen.any(SegmentState::Intent) {
        return RollUp::Open;
    }
    if seen.any(SegmentState::Failed) || seen.any(SegmentState::Rejected) {
        return RollUp::Final(FinalState::Failed);
    }
    if seen.any(SegmentState::Expired) {
        return RollUp::Final(FinalState::Expired);
    }
    if seen.any(SegmentState::Waiting) || seen.any(SegmentState::Uncertain) {
        return RollUp::Open;
    }
    if !seen.any(SegmentState::Submitted) {
        return RollUp::Final(FinalState::Delivered);
    }
    if receipts_due {
        RollUp::Open
    } else {
        RollUp::Final(FinalState::Sent)
    }
}

/// The end of an attempt whose receipt wait is over: what is not known by now counts as never to be known.
///
/// Unwritten segments make it Expired, uncertain ones Unknown, submitted ones without receipt Sent. Open only while an
/// INTENT is unanswered: its answer or time-out comes within the protocol's time.
pub fn give_up(segments: &[SegmentState]) -> RollUp {
    if let RollUp::Final(state) = roll_up(segments, false) {
        return RollUp::Final(state);
    }
    let seen = Seen::in_segments(segments);
    if segments.is_empty() || seen.any(SegmentState::Intent) {
        RollUp::Open
    } else if seen.any(SegmentState::Waiting) {
        RollUp::Final(FinalState::Expired)
    } else {
        RollUp::Final(FinalState::Unknown)
    }
}

/// The set of states that occur, one bit each.
#[derive(Clone, Copy)]
struct Seen(u8);

impl Seen {
    fn in_segments(segments: &[SegmentState]) -> Seen {
        Seen(segments.iter().fold(0, |bits, state| bits | 1 << *state as u8))
    }

    fn any(self, state: SegmentState) -> bool {
        self.0 & 1 << state as u8 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::amend;
    use super::super::segment::tests::EVENTS;
    use super::*;
    use SegmentState::*;
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = SegmentState> {
        (0..8usize).prop_map(|index| SegmentState::ALL[index])
    }

    #[test]
    fn table() {
        use FinalState as F;
        use RollUp::{Final, Open};
        let cases: &[(&[SegmentState], RollUp, RollUp, RollUp)] = &[
            // segments, receipts due, no receipts, receipt wait over
            (&[], Open, Open, Open),
            (&[Waiting], Open, Open, Final(F::Expired)),
            (&[Intent], Open, Open, Open),
            (&[Submitted], Open, Final(F::Sent), Final(F::Sent)),
            (&[Uncertain], Open, Open, Final(F::Unknown)),
            (
                &[Delivered],
                Final(F::Delivered),
                Final(F::Delivered),
                Final(F::Delivered),
            ),
            (&[Failed], Final(F::Failed), Final(F::Failed), Final(F::Failed)),
            (&[Rejected], Final(F::Failed), Final(F::Failed), Final(F::Failed)),
            (
                &[Expired],
                Final(F::Expired),
                Final(F::Expired),
                Final(F::Expired),
            ),
            (&[Delivered, Submitted], Open, Final(F::Sent), Final(F::Sent)),
            (&[Failed, Intent], Open, Open, Open),
            (
                &[Delivered, Failed, Waiting],
                Final(F::Failed),
                Final(F::Failed),
                Final(F::Failed),
            ),
            (
                &[Expired, Submitted],
                Final(F::Expired),
                Final(F::Expired),
                Final(F::Expired),
            ),
            (
                &[Expired, Rejected],
                Final(F::Failed),
                Final(F::Failed),
                Final(F::Failed),
            ),
            (&[Uncertain, Waiting], Open, Open, Final(F::Expired)),
            (&[Uncertain, Submitted], Open, Open, Final(F::Unknown)),
        ];
        for (segments, due, not_due, over) in cases {
            assert_eq!(roll_up(segments, true), *due, "{segments:?}, receipts due");
            assert_eq!(roll_up(segments, false), *not_due, "{segments:?}, no receipts");
            assert_eq!(give_up(segments), *over, "{segments:?}, receipt wait over");
        }
    }

    proptest! {
        /// MSG-1: whatever happens to the segments, the receipt wait ends every attempt without a standing INTENT.
        #[test]
        fn every_combination_has_exactly_one_end(segments in prop::collection::vec(any_state(), 1..20)) {
            let in_flight = segments.contains(&Intent);
            prop_assert_eq!(give_up(&segments) == RollUp::Open, in_flight);
            for due in [true, false] {
                if let RollUp::Final(state) = roll_up(&segments, due) {
                    prop_assert_eq!(give_up(&segments), RollUp::Final(state));
                }
            }
            if segments.iter().all(|state| state.is_final() || *state == Expired) {
                prop_assert!(roll_up(&segments, true) != RollUp::Open);
            }
        }

        /// Order is of no importance.
        #[test]
        fn the_order_of_segments_does_not_matter(mut segments in prop::collection::vec(any_state(), 1..8), due: bool) {
            let before = roll_up(&segments, due);
            segments.reverse();
            prop_assert_eq!(roll_up(&segments, due), before);
        }

        /// A message that ended is changed by later events only where an end may be amended, and then for good.
        #[test]
        fn an_end_is_left_at_most_by_amendment(
            segments in 1..4usize,
            events in prop::collection::vec((0..4usize, 0..EVENTS.len()), 0..60),
            due: bool,
        ) {
            let mut states = vec![Waiting; segments];
            let mut ended = None;
            for (segment, event) in events {
                let segment = segment % segments;
                let written = states[segment] != Waiting;
                let Ok(next) = states[segment].next(EVENTS[event]) else { continue };
                // What ended is not written any more.
                if ended.is_some() && !written {
                    continue;
                }
                states[segment] = next;
                match ended {
                    None => {
                        if let RollUp::Final(state) = roll_up(&states, due) {
                            ended = Some(state);
                        }
                    }
                    Some(state) => {
                        if let Some(amended) = amend(state, &[&states], 0) {
                            prop_assert!(state.is_amendable());
                            prop_assert!(amended != FinalState::Sent && amended != FinalState::Unknown);
                            ended = Some(amended);
                        }
                    }
                }
            }
        }
    }
}
