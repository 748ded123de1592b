//! The history in immutable SQLite files, one per batch of finished messages, merged into larger ones as they come.
//!
//! `manifest.db` is the truth about which files count, up to which frame they are complete, what was corrected later, and what
//! all of it sums up to; a file it does not name was never finished and goes at the next start.

mod builder;
mod changes;
mod clocks;
mod failure;
mod file;
mod file_writer;
mod manifest;
mod merge;
mod merge_plan;
mod options;
mod remove_old;
#[cfg(test)]
mod remove_old_tests;
mod rollup;
#[cfg(test)]
mod rollup_tests;
mod scan;
mod shelf;
mod store;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod tests;

pub use options::{HistoryOptions, Keep};
pub use store::EmbeddedHistory;
