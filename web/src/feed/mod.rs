//! Event feeds: receipts and replies with a cursor.

mod events;
mod wait;

pub use events::{receipt, receipts, replies, reply};
