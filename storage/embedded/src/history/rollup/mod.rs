//! Sums of what happened to messages, by minute, hour and day, kept in the manifest's database: a batch, its progress and its
//! sums are one transaction.

mod read;
mod table;

pub(super) use read::{codes, latencies, rollup};
pub(super) use table::{create_anew, expire, write};
