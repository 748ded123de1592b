use super::{RollUp, SegmentState, give_up, roll_up};
use crate::fact::FinalState;

/// What may still become of a plan beside the attempts that have started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Further {
    /// No other attempt can start.
    Nothing,
    /// Another one starts if the last one does not deliver.
    Attempt,
    /// Another one starts if nobody reads the message; being delivered does not prevent it.
    UntilRead,
}

/// Rolls the attempts of a plan up to the state of the message (MSG-1).
///
/// `attempts` are those that have started, in their order. `since` is the first whose delivery ends the message: an attempt
/// that started because nobody read the message is not made superfluous by an earlier one that was delivered. What is
/// delivered there ends the message at once; otherwise it ends when every attempt has ended and no other can start.
pub fn whole(attempts: &[RollUp], since: usize, further: Further) -> RollUp {
    let delivered = RollUp::Final(FinalState::Delivered);
    let current = attempts.get(since..).unwrap_or_default();
    if further != Further::UntilRead && current.contains(&delivered) {
        return delivered;
    }
    if attempts.is_empty() || further != Further::Nothing || attempts.contains(&RollUp::Open) {
        return RollUp::Open;
    }
    RollUp::Final(best(attempts.iter().filter_map(|attempt| match attempt {
        RollUp::Final(state) => Some(*state),
        RollUp::Open => None,
    })))
}

/// The state to which a late receipt corrects a finished message, after it was applied to attempt `moved`; `None` when the
/// message stays as it is (RCP-1). `attempts` holds the segments of each attempt.
pub fn amend(ended: FinalState, attempts: &[&[SegmentState]], moved: usize) -> Option<FinalState> {
    if !ended.is_amendable() {
        return None;
    }
    // Whether it decides for its own attempt.
    let RollUp::Final(_) = roll_up(attempts.get(moved)?, true) else {
        return None;
    };
    let state = best(attempts.iter().map(|segments| match give_up(segments) {
        RollUp::Final(state) => state,
        // An INTENT does not stand when a message ends; what never was a segment decides nothing.
        RollUp::Open => FinalState::Unknown,
    }));
    // That nothing more is known of the others was so before.
    let is_news = !matches!(state, FinalState::Sent | FinalState::Unknown);
    (is_news && state != ended).then_some(state)
}

/// The end that tells most for the person: delivered, then what may have been, then what was not.
fn best(ends: impl Iterator<Item = FinalState>) -> FinalState {
    const ORDER: [FinalState; 5] = [
        FinalState::Delivered,
        FinalState::Sent,
        FinalState::Unknown,
        FinalState::Expired,
        FinalState::Failed,
    ];
    let place = |state: &FinalState| {
        ORDER
            .iter()
            .position(|other| other == state)
            .unwrap_or(ORDER.len())
    };
    ends.min_by_key(place).unwrap_or(FinalState::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use FinalState as F;
    use RollUp::{Final, Open};
    use SegmentState::*;
    use proptest::prelude::*;

    #[test]
    fn table() {
        use Further::{Attempt, Nothing, UntilRead};
        let delivered = Final(F::Delivered);
        let failed = Final(F::Failed);
        let cases: &[(&[RollUp], usize, Further, RollUp)] = &[
            (&[], 0, Nothing, Open),
            (&[Open], 0, Nothing, Open),
            (&[failed], 0, Nothing, failed),
            (&[failed], 0, Attempt, Open),
            (&[delivered], 0, Attempt, delivered),
            (&[delivered], 0, UntilRead, Open),
            (&[delivered], 0, Nothing, delivered),
            // Several at once: the first that is delivered ends the message.
            (&[Open, delivered], 0, Nothing, delivered),
            (&[Open, failed], 0, Nothing, Open),
            // A late delivery of the first makes the second superfluous …
            (&[delivered, Open], 0, Nothing, delivered),
            // … but not where the second started because nobody read the first.
            (&[delivered, Open], 1, Nothing, Open),
            (&[delivered, failed], 1, Nothing, delivered),
            (&[delivered, failed], 1, Attempt, Open),
            (&[failed, Final(F::Sent)], 0, Nothing, Final(F::Sent)),
            (
                &[Final(F::Unknown), Final(F::Sent), Final(F::Expired)],
                0,
                Nothing,
                Final(F::Sent),
            ),
            (
                &[Final(F::Unknown), failed, Final(F::Expired)],
                0,
                Nothing,
                Final(F::Unknown),
            ),
            (&[failed, Final(F::Expired)], 0, Nothing, Final(F::Expired)),
        ];
        for (attempts, since, further, expected) in cases {
            assert_eq!(
                whole(attempts, *since, *further),
                *expected,
                "{attempts:?} {since} {further:?}"
            );
        }
    }

    #[test]
    fn a_late_receipt_amends_in_the_light_of_all_attempts() {
        type Attempts<'a> = &'a [&'a [SegmentState]];
        let cases: &[(FinalState, Attempts<'_>, usize, Option<FinalState>)] = &[
            (F::Sent, &[&[Failed], &[Delivered]], 1, Some(F::Delivered)),
            (F::Unknown, &[&[Delivered], &[Uncertain]], 0, Some(F::Delivered)),
            // Failed only when no other attempt may have reached the person.
            (F::Sent, &[&[Failed], &[Submitted]], 0, None),
            (F::Sent, &[&[Failed], &[Uncertain]], 0, None),
            (F::Sent, &[&[Failed], &[Rejected]], 0, Some(F::Failed)),
            (F::Sent, &[&[Failed], &[Expired]], 0, Some(F::Expired)),
            (F::Sent, &[&[Delivered, Submitted], &[Failed]], 0, None),
            (F::Sent, &[&[Failed]], 7, None),
            // One attempt.
            (F::Unknown, &[&[Delivered, Delivered]], 0, Some(F::Delivered)),
            (F::Expired, &[&[Delivered]], 0, Some(F::Delivered)),
            (F::Sent, &[&[Failed]], 0, Some(F::Failed)),
            (F::Sent, &[&[Delivered, Submitted]], 0, None),
            (F::Expired, &[&[Expired, Delivered]], 0, None),
        ];
        for (ended, attempts, moved, expected) in cases {
            assert_eq!(
                amend(*ended, attempts, *moved),
                *expected,
                "{ended:?} {attempts:?}"
            );
        }
    }

    fn any_end() -> impl Strategy<Value = RollUp> {
        prop::sample::select(vec![
            Open,
            Final(F::Delivered),
            Final(F::Sent),
            Final(F::Unknown),
            Final(F::Expired),
            Final(F::Failed),
        ])
    }

    proptest! {
        /// MSG-1: when all attempts have ended and no other can start, the message ends, in a state one of them ended in.
        #[test]
        fn the_end_of_all_is_the_end(attempts in prop::collection::vec(any_end(), 1..8), since in 0..8usize) {
            let end = whole(&attempts, since, Further::Nothing);
            if attempts.contains(&Open) {
                prop_assert!(end == Open || end == Final(F::Delivered));
            } else {
                prop_assert!(attempts.contains(&end));
            }
            // As long as something may come, nothing but a delivery ends it.
            let early = whole(&attempts, since, Further::Attempt);
            prop_assert!(early == Open || early == Final(F::Delivered));
            prop_assert_eq!(whole(&attempts, since, Further::UntilRead), Open);
        }

        /// What one attempt is amended to is what its segments say.
        #[test]
        fn one_attempt_speaks_for_itself(
            segments in prop::collection::vec(prop::sample::select(SegmentState::ALL.to_vec()), 1..5),
        ) {
            for ended in [F::Sent, F::Expired, F::Unknown] {
                let expected = match roll_up(&segments, true) {
                    Final(state) if state != ended => Some(state),
                    _ => None,
                };
                prop_assert_eq!(amend(ended, &[&segments], 0), expected);
            }
            for ended in [F::Delivered, F::Failed, F::Rejected, F::Cancelled] {
                prop_assert_eq!(amend(ended, &[&segments], 0), None);
            }
        }
    }
}
