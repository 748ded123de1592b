//! A short day of the demo hospital against a real server, with connections that go bad and a crash in the middle; then the
//! figures of screens and rollups are counted again from what carriers, relay and callers have in their books (STAT-1, MON-1).

mod books;
mod catalog;
mod day;
mod figures;
mod recount;

pub use day::{DemoDayOptions, DemoDayReport, demo_day};
