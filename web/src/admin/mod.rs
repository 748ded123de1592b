//! What operators see and do over the API.

mod apply;
mod catalog;
mod change;
mod clock;
mod connection_test;
mod connections;
mod entry;
mod messages;
mod route;
mod statistics;

pub use apply::apply;
pub use catalog::catalog;
pub use clock::{clock, confirm_clock};
pub use connection_test::test_connection;
pub use connections::{
    connections, drain_connection, protocol_word, restart_connection, resume_connection, state_word,
};
pub use entry::{entry, put_entry, remove_entry};
pub use messages::{message, search};
pub use route::route;
pub use statistics::{carrier_statistics, statistics};
