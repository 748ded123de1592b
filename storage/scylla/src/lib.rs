//! The history of all lanes on ScyllaDB, or whatever speaks the same CQL (Apache Cassandra 5.0 in the tests).
//!
//! A batch touches many partitions, and nothing makes them one transaction. So every row carries the frame up to which its batch goes, and
//! a lane's row in `lane` says up to which frame its batches are whole: it is written last. Readers pass over what goes beyond it; where a
//! row has an earlier value, that stands beside the new one. So a batch is there as a whole or not at all, and whoever hands over again
//! what a crash left unfinished finds what stood there before.

mod cluster;
mod corrections;
mod directory;
mod failed;
mod figures;
mod journeys;
mod lanes;
mod options;
mod place;
mod schema;
mod search;
mod statistics;
mod store;
mod writing;

pub use options::{Credentials, Keep, ScyllaOptions};
pub use store::ScyllaHistory;
