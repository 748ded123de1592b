//! The states of a segment and of a message, and the only ways between them.

mod roll_up;
mod segment;

pub use roll_up::{RollUp, amend, give_up, roll_up};
pub use segment::{InvalidTransition, SegmentEvent, SegmentState, UnknownState};
