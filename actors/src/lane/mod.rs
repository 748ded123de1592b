//! The lane: one journal stream and its single owner. The core is plain and synchronous; `actor` is the shell around it.

mod actor;
mod answers;
mod core;
mod dispatch;
mod due;
mod effect;
mod intake;
mod link;
mod options;
mod recovery;
mod shared;

pub use actor::{Inbox, Item, LaneActor, StopReport};
pub use answers::{CarrierReceipt, CarrierReply};
pub use core::{Finished, LaneCore};
pub use effect::{BatchJob, BatchTaken, Effect, KnownLines, Reply};
pub use link::{Link, LinkMail};
pub use options::LaneOptions;
pub use recovery::{Recovered, RecoveryError, recover};
pub use shared::SharedLane;
