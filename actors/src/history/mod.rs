//! From the lane to the history: what ended stays readable in memory until a thread of its own has stored it.

mod builder;
mod feed;
mod recent;

pub use builder::HistoryBuilder;
pub use feed::HistoryFeed;
pub use recent::Recent;
