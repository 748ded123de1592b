//! Records: messages that were sent, and each one's journey.

mod detail;
mod filters;
mod journey;
mod list;
mod route;

pub use list::Records;
