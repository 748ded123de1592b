//! At the end of a life: every message's record against what the carriers saw.

use super::hospital::ATTEMPTS;
use super::promise::{Promise, Violation};
use super::witness::{Arrival, Witness};
use crate::ledger::Answer;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::{Journey, MessageState, SegmentJourney, SegmentWord, Step, StepKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every message that was accepted has ended once, and its record says of each segment what its carrier says.
pub fn settle(witness: &Witness, history: &BTreeMap<MessageId, Arc<Journey>>) -> Result<(), Violation> {
    for (number, made) in (0u64..).zip(&witness.made) {
        let Some(id) = made.id else { continue };
        let violation = |promise, what: String| Violation {
            promise,
            what: format!("message {number}: {what}"),
        };
        let Some(journey) = history.get(&id) else {
            return Err(violation(
                Promise::Msg1,
                format!("{id} was accepted and never ended"),
            ));
        };
        if witness.end_of(id).map(MessageState::Final) != Some(journey.state) {
            let what = format!(
                "the history has {:?}, its facts {:?}",
                journey.state,
                witness.end_of(id)
            );
            return Err(violation(Promise::Msg1, what));
        }
        for (attempt, told) in (0u64..).zip(&journey.attempts) {
            for (part, segment) in (1u8..).zip(&told.segments) {
                let arrivals = witness.arrivals(number * ATTEMPTS + attempt, part);
                if !agrees(segment, arrivals) {
                    let what =
                        format!("attempt {attempt}, part {part} is {segment:?}, carriers saw {arrivals:?}");
                    return Err(violation(Promise::Truth, what));
                }
            }
        }
    }
    Ok(())
}

/// Whether what is recorded of a segment can be, by what carriers saw of it.
fn agrees(segment: &SegmentJourney, arrivals: &[Arrival]) -> bool {
    let is_refused = |arrival: &Arrival| matches!(arrival.answer, Answer::Refused(_));
    let unknown = |step: &Step| matches!(step.what, StepKind::Uncertain { .. });
    match segment.state {
        // Found by number and time, the receipt may have been meant for a message that had ended already.
        SegmentWord::Delivered | SegmentWord::Failed | SegmentWord::Expired
            if segment.steps.iter().any(unknown) =>
        {
            true
        }
        // Sent once more, and that came back unwritten.
        SegmentWord::Waiting if segment.steps.iter().any(unknown) => true,
        SegmentWord::Waiting => arrivals.iter().all(is_refused),
        SegmentWord::Submitted => arrivals.iter().any(|arrival| arrival.answer == Answer::Accepted),
        SegmentWord::Delivered => arrivals.iter().any(|arrival| arrival.delivered),
        SegmentWord::Failed => arrivals.iter().any(|arrival| arrival.undelivered),
        // By a receipt, or by its validity when no carrier ever took it.
        SegmentWord::Expired => {
            arrivals.iter().any(|arrival| arrival.undelivered) || arrivals.iter().all(is_refused)
        }
        SegmentWord::Rejected => arrivals.last().is_none_or(is_refused),
        SegmentWord::Intent | SegmentWord::Uncertain => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::ids::ConnectionId;

    fn segment(state: SegmentWord) -> SegmentJourney {
        SegmentJourney {
            state,
            connection: None,
            carrier_id: None,
            code: None,
            steps: vec![],
        }
    }

    fn arrival(answer: Answer, delivered: bool) -> Arrival {
        Arrival {
            connection: ConnectionId(1),
            carrier_id: 1,
            answer,
            delivered,
            undelivered: false,
        }
    }

    #[test]
    fn a_record_that_no_carrier_bears_out_is_found() {
        let taken = [arrival(Answer::Accepted, false)];
        let refused = [arrival(Answer::Refused(8), false)];
        let delivered = [arrival(Answer::None, true)];
        let cases: [(SegmentWord, &[Arrival], bool); 8] = [
            (SegmentWord::Waiting, &refused, true),
            (SegmentWord::Waiting, &taken, false),
            (SegmentWord::Submitted, &[], false),
            (SegmentWord::Delivered, &taken, false),
            (SegmentWord::Delivered, &delivered, true),
            (SegmentWord::Failed, &delivered, false),
            (SegmentWord::Rejected, &taken, false),
            (SegmentWord::Uncertain, &taken, true),
        ];
        for (word, arrivals, expected) in cases {
            assert_eq!(
                agrees(&segment(word), arrivals),
                expected,
                "{word:?} {arrivals:?}"
            );
        }
    }
}
