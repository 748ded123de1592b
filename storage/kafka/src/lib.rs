//! The journal on Kafka: one lane is one partition, and several processes may want it.
//!
//! A record of the partition is a frame of the lane, a claim by a new owner, or a mark that a checkpoint is whole. Kafka puts them in
//! one order, and [`log::LaneLog`] says which of them count: frames that carry the newest claim before them, numbered without gaps. So
//! an owner that was replaced may write what it likes: nobody reads it (ADR 0032).

mod checkpoint;
mod claim;
mod client;
pub mod cluster;
mod error;
mod journal;
mod log;
#[cfg(test)]
mod model;
mod options;
mod producer;
mod progress;
mod reader;
mod record;
mod topics;

pub use journal::{KafkaJournal, PAYLOAD_BYTES_MAX};
pub use log::{LaneLog, Taken};
pub use options::{KafkaOptions, Owner};
pub use record::{Checkpointed, Claim, Record, RecordError, Span};
