//! The states of a segment, of an attempt and of a message, and the only ways between them.

mod roll_up;
mod segment;
mod whole;

pub use roll_up::{RollUp, give_up, roll_up};
pub use segment::{InvalidTransition, SegmentEvent, SegmentState, UnknownState};
pub use whole::{Further, amend, whole};
