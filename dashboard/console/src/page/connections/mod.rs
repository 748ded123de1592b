//! Connections: how they do, and what may be done to them.

mod actions;
mod detail;
mod list;

pub use list::{Connections, Keys};
