//! The supervised actors: node → lane → tenant, connection; and the handle by which the rest of the house reaches them.
//!
//! Logic is in plain, synchronous cores (`lane::LaneCore`, `connection::ConnectionCore`, `columns::Columns`); the actors are
//! thin shells that hold mailboxes, sockets and timers.

// What the integration tests are made of serves the tests inside, too.
#[cfg(test)]
extern crate self as carillon_actors;

pub mod backoff;
pub mod campaign;
pub mod clock;
pub mod columns;
pub mod connection;
mod error_text;
pub mod fan_out;
pub mod feed;
mod feed_handle;
pub mod feed_tail;
mod handle;
pub mod history;
pub mod intake;
#[cfg(test)]
mod interruption_tests;
mod known_batch;
pub mod lane;
pub mod live;
pub mod mail;
mod node;
mod roster;
pub mod status;
#[cfg(test)]
mod supervision_tests;
pub mod tenant;
#[cfg(test)]
mod test_carrier;

pub use feed_handle::{FeedBounds, WebhookProgress};
pub use handle::{LaneHandle, QueryError, SEARCH_MAX};
pub use history::{CarrierRows, Statistics};
pub use known_batch::{KnownAnswers, KnownBatchError, read_known_lines};
pub use lane::{RecoveryError, StopReport};
pub use node::{NodeOptions, StartError, StartReport, start_node};
