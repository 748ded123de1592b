//! The REST API over a real lane and the embedded stores, through real sockets.

mod admin;
mod batch;
mod feed;
mod harness;
mod hostile;
mod limits;
mod probe;
mod query;
mod rights;
mod send;
