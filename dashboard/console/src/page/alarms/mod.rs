//! Alarms: what stands, what is shelved, and what was.

mod detail;
mod handling;
mod list;
mod shelve;

pub use list::Alarms;
