//! Campaigns: how far they are, and steering them.

mod actions;
mod detail;
mod list;

pub use list::{Campaigns, accounts};
