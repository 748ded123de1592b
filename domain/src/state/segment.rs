use crate::fact::{IntentReason, ReceiptOutcome, RejectAction};
use crate::journey::SegmentWord;
use serde::{Deserialize, Serialize};

/// Where one segment of one attempt stands. One byte, so that millions fit into a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum SegmentState {
    /// Not written, or written and certainly not taken by the carrier: may be written.
    Waiting = 0,
    /// An INTENT stands: bytes may be on the wire, and no answer has come.
    Intent = 1,
    /// The carrier has it.
    Submitted = 2,
    Delivered = 3,
    /// A receipt says that it will not be delivered.
    Failed = 4,
    /// Its time ran out, with us or at the carrier. A later receipt that is definite still corrects it.
    Expired = 5,
    /// The carrier refused it for good.
    Rejected = 6,
    /// Nobody can say whether the carrier has it (UNC-1).
    Uncertain = 7,
}

/// What can happen to a segment. Each corresponds to one journalled fact, so that a replay takes the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentEvent {
    Intent(IntentReason),
    /// Not one byte of it was accepted by the socket.
    Returned,
    Submitted,
    Rejected(RejectAction),
    Uncertain,
    Receipt(ReceiptOutcome),
    /// The message's validity passed while it was not written.
    Deadline,
}

/// An event that does not fit the state; the state stays as it is.
///
/// For a receipt this is ordinary: it came before the response (park it), or it came twice or late (count it, RCP-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} does not fit a segment that is {state:?}")]
pub struct InvalidTransition {
    pub state: SegmentState,
    pub event: SegmentEvent,
}

impl SegmentState {
    pub const ALL: [SegmentState; 8] = [
        SegmentState::Waiting,
        SegmentState::Intent,
        SegmentState::Submitted,
        SegmentState::Delivered,
        SegmentState::Failed,
        SegmentState::Expired,
        SegmentState::Rejected,
        SegmentState::Uncertain,
    ];

    /// The state after `event`.
    ///
    /// A segment whose fate is unknown is written again only as an explicit re-send, or after the carrier answered that
    /// it did not take it (DUP-1). A receipt only moves forwards (RCP-1); one that comes before the response does not fit
    /// and is parked by the caller.
    #[inline]
    pub fn next(self, event: SegmentEvent) -> Result<SegmentState, InvalidTransition> {
        use SegmentState::{Expired, Intent, Rejected, Submitted, Uncertain, Waiting};
        Ok(match (self, event) {
            (Waiting, SegmentEvent::Intent(reason)) if reason != IntentReason::Resend => Intent,
            (Uncertain, SegmentEvent::Intent(IntentReason::Resend)) => Intent,
            (Waiting, SegmentEvent::Deadline) => Expired,
            (Intent, SegmentEvent::Returned) => Waiting,
            (Intent, SegmentEvent::Uncertain) => Uncertain,
            (Intent | Uncertain, SegmentEvent::Submitted) => Submitted,
            (Intent | Uncertain, SegmentEvent::Rejected(RejectAction::Fail)) => Rejected,
            (Intent | Uncertain, SegmentEvent::Rejected(RejectAction::RetryLater)) => Waiting,
            (Submitted | Uncertain | Expired, SegmentEvent::Receipt(outcome)) => self.after_receipt(outcome),
            _ => return Err(InvalidTransition { state: self, event }),
        })
    }

    fn after_receipt(self, outcome: ReceiptOutcome) -> SegmentState {
        match outcome {
            ReceiptOutcome::Delivered => SegmentState::Delivered,
            ReceiptOutcome::Failed => SegmentState::Failed,
            ReceiptOutcome::Expired => SegmentState::Expired,
            ReceiptOutcome::Pending => self,
        }
    }

    /// Whether no event changes it any more.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            SegmentState::Delivered | SegmentState::Failed | SegmentState::Rejected
        )
    }
}

/// A byte that stands for no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not the number of a segment state")]
pub struct UnknownState(pub u8);

impl TryFrom<u8> for SegmentState {
    type Error = UnknownState;

    fn try_from(byte: u8) -> Result<Self, UnknownState> {
        SegmentState::ALL
            .get(usize::from(byte))
            .copied()
            .ok_or(UnknownState(byte))
    }
}

impl From<SegmentState> for u8 {
    fn from(state: SegmentState) -> u8 {
        state as u8
    }
}

impl From<SegmentState> for SegmentWord {
    fn from(state: SegmentState) -> SegmentWord {
        match state {
            SegmentState::Waiting => SegmentWord::Waiting,
            SegmentState::Intent => SegmentWord::Intent,
            SegmentState::Submitted => SegmentWord::Submitted,
            SegmentState::Delivered => SegmentWord::Delivered,
            SegmentState::Failed => SegmentWord::Failed,
            SegmentState::Expired => SegmentWord::Expired,
            SegmentState::Rejected => SegmentWord::Rejected,
            SegmentState::Uncertain => SegmentWord::Uncertain,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use SegmentState::*;

    pub(in crate::state) const EVENTS: [SegmentEvent; 14] = [
        SegmentEvent::Intent(IntentReason::Rule),
        SegmentEvent::Intent(IntentReason::Failover),
        SegmentEvent::Intent(IntentReason::Throttle),
        SegmentEvent::Intent(IntentReason::Resend),
        SegmentEvent::Returned,
        SegmentEvent::Submitted,
        SegmentEvent::Rejected(RejectAction::Fail),
        SegmentEvent::Rejected(RejectAction::RetryLater),
        SegmentEvent::Uncertain,
        SegmentEvent::Receipt(ReceiptOutcome::Delivered),
        SegmentEvent::Receipt(ReceiptOutcome::Failed),
        SegmentEvent::Receipt(ReceiptOutcome::Expired),
        SegmentEvent::Receipt(ReceiptOutcome::Pending),
        SegmentEvent::Deadline,
    ];

    /// How far a segment has come. Receipts never lower it (RCP-1).
    fn rank(state: SegmentState) -> u8 {
        match state {
            Waiting => 0,
            Intent => 1,
            Submitted | Uncertain => 2,
            Expired => 3,
            Delivered | Failed | Rejected => 4,
        }
    }

    /// The whole table, a row per state in the order of `SegmentState::ALL`, a column per event in the order of `EVENTS`.
    #[test]
    fn every_pair_of_state_and_event_is_decided() {
        const N: Option<SegmentState> = None;
        let i = Some(Intent);
        let e = Some(Expired);
        let table: [[Option<SegmentState>; 14]; 8] = [
            [i, i, i, N, N, N, N, N, N, N, N, N, N, e],
            [
                N,
                N,
                N,
                N,
                Some(Waiting),
                Some(Submitted),
                Some(Rejected),
                Some(Waiting),
                Some(Uncertain),
                N,
                N,
                N,
                N,
                N,
            ],
            [
                N,
                N,
                N,
                N,
                N,
                N,
                N,
                N,
                N,
                Some(Delivered),
                Some(Failed),
                e,
                Some(Submitted),
                N,
            ],
            [N; 14],
            [N; 14],
            [N, N, N, N, N, N, N, N, N, Some(Delivered), Some(Failed), e, e, N],
            [N; 14],
            [
                N,
                N,
                N,
                i,
                N,
                Some(Submitted),
                Some(Rejected),
                Some(Waiting),
                N,
                Some(Delivered),
                Some(Failed),
                e,
                Some(Uncertain),
                N,
            ],
        ];
        for (state, row) in SegmentState::ALL.into_iter().zip(table) {
            for (event, expected) in EVENTS.into_iter().zip(row) {
                let expected = expected.ok_or(InvalidTransition { state, event });
                assert_eq!(state.next(event), expected, "{state:?} + {event:?}");
            }
        }
    }

    #[test]
    fn receipts_never_move_backwards_and_final_states_are_never_left() {
        for state in SegmentState::ALL {
            for event in EVENTS {
                let Ok(next) = state.next(event) else { continue };
                assert!(!state.is_final(), "{event:?} left {state:?}");
                if matches!(event, SegmentEvent::Receipt(_)) {
                    assert!(
                        rank(next) >= rank(state),
                        "{event:?} moved {state:?} back to {next:?}"
                    );
                }
            }
        }
    }

    /// DUP-1: from the moment an INTENT stands, a segment comes to be written again only by way of "not written",
    /// "not accepted" or the policy's re-send.
    #[test]
    fn a_written_segment_is_written_again_only_by_permission() {
        for state in SegmentState::ALL.into_iter().filter(|state| *state != Waiting) {
            for event in EVENTS {
                match state.next(event) {
                    Ok(Waiting) => assert!(matches!(
                        event,
                        SegmentEvent::Returned | SegmentEvent::Rejected(RejectAction::RetryLater)
                    )),
                    Ok(Intent) => assert_eq!(event, SegmentEvent::Intent(IntentReason::Resend)),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_state_is_its_byte() {
        assert_eq!(size_of::<SegmentState>(), 1);
        for byte in 0..=u8::MAX {
            match SegmentState::try_from(byte) {
                Ok(state) => assert_eq!(state as u8, byte),
                Err(UnknownState(unknown)) => assert!(unknown == byte && byte > 7),
            }
        }
    }
}
