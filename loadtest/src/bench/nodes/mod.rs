//! Nodes of a cluster under load, while they are killed, stopped and restarted, and while what they stand on goes away.

mod cluster;
mod fault;
mod report;
mod run;
mod watch;
mod world;

pub use fault::Outside;
pub use report::NodesReport;
pub use run::{NodesOptions, nodes};
