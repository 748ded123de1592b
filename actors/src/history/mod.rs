//! From the lane to the history: what ended stays readable in memory until a thread of its own has stored it. And the search
//! over what is open, what ended and what is stored.

mod builder;
mod feed;
mod newest;
mod open_messages;
mod recent;
mod search;
#[cfg(test)]
mod search_tests;
mod statistics;

pub use builder::HistoryBuilder;
pub use feed::HistoryFeed;
pub use recent::Recent;
pub use statistics::{CarrierRows, Statistics};
