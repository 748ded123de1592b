//! The lane: one journal stream and its single owner. The core is plain and synchronous; `actor` is the shell around it.

mod actor;
mod answers;
mod campaigns;
mod caps;
mod clock;
mod clock_guard;
mod core;
mod dispatch;
mod due;
mod effect;
mod explain;
mod install;
mod intake;
mod link;
mod options;
mod plan;
mod reading;
mod recovery;
mod relay;
mod retention;
mod shared;
mod windows;

pub use actor::{Inbox, Item, LaneActor, StopReport};
pub use answers::{CarrierReceipt, CarrierReply};
pub use campaigns::{ChangeRefused, DraftRefused, GOING_ON_MAX, GOING_ON_PER_ACCOUNT_MAX};
pub use clock_guard::ClockStatus;
pub use core::{Finished, LaneCore};
pub use effect::{BatchJob, BatchTaken, Effect, KnownLines, Reply};
pub use explain::{MemberStanding, PullVerdict};
pub use install::{DRAIN_TIMEOUT, Installed};
pub use link::{Link, LinkMail, Load, Wanted};
pub use options::LaneOptions;
pub use reading::Read;
pub use recovery::{Recovered, RecoveryError, recover};
pub use shared::SharedLane;
