//! Campaigns: a recipients file is checked, then made into messages by credit and pace (SEND-5, SEND-8).
//!
//! [`CampaignCore`] decides; the actor around it reads and checks off the lane's thread. What happened stands in the journal, so
//! that a campaign goes on after a crash exactly at the line where it was.

mod actor;
mod core;
mod credit;
mod expansion;
mod file_keeper;
mod handle;
pub mod lines;
mod meter;
mod pace;
pub mod recipients;
mod resend;
mod seats;

pub use actor::CampaignActor;
#[cfg(test)]
pub use actor::Fault;
pub use core::{CampaignCore, CampaignEffect, CampaignEvent};
pub use expansion::{ExpandedLine, Expansion, ExpansionError};
pub(crate) use file_keeper::remove_left;
pub use file_keeper::{FileKeeper, FilesKept};
pub(crate) use handle::progress;
pub use handle::{CampaignError, CampaignProgress, CampaignQuery, CampaignView};
pub(crate) use seats::start_all;
pub use seats::{CampaignSeats, CampaignTools};
