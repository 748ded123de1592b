//! What operators see and do over the API.

mod catalog;
mod connections;
mod messages;

pub use catalog::catalog;
pub use connections::{connections, restart_connection, state_word};
pub use messages::{message, search};
