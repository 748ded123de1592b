//! The answer to a submit.

use super::event::ClientEvent;
use crate::session::link::Link;
use crate::session::{RejectClass, SegmentId};

/// Frees the window slot and tells the outcome; an answer to nothing is counted only.
pub(super) fn settle(
    sequence: u32,
    outcome: Result<SegmentId, (u32, RejectClass)>,
    link: &mut Link,
    events: &mut Vec<ClientEvent>,
) {
    let Some(answered) = link.answered(sequence) else {
        return;
    };
    let (token, late) = (answered.token, answered.late);
    events.push(match outcome {
        Ok(id) => ClientEvent::Submitted { token, id, late },
        Err((code, class)) => ClientEvent::Rejected {
            token,
            code,
            class,
            late,
        },
    });
}
