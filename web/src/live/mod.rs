//! The live feed (MON-1): one WebSocket for everything a screen shows, and the same by polling.
//!
//! [`LiveHub`] turns the lane's [board](carillon_actors::live::Board) into panels, once for all who look at the same scope; a
//! socket only hands out texts that are there already.

mod activity;
mod budget;
mod connections;
mod hosts;
mod hub;
mod link_counts;
mod open;
mod panels;
mod scope;
mod seats;
mod socket;
mod sources;
mod stores;
mod stream;

pub use activity::Activity;
pub use hosts::Hosts;
pub use hub::LiveHub;
pub use link_counts::Closed;
pub use open::{open, snapshot};
pub use seats::Seats;
pub use socket::SocketTimes;
pub use sources::Sources;
