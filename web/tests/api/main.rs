//! The REST API over a real lane and the embedded stores, through real sockets.

mod admin;
mod answers;
mod audit;
mod batch;
mod campaigns;
mod clock;
mod feed;
mod harness;
mod hostile;
mod hot;
mod limits;
mod live;
#[path = "../kit/live_socket.rs"]
mod live_socket;
mod login;
mod pages;
mod plans;
mod probe;
mod query;
mod rights;
mod send;
mod signed;
mod statistics;
mod walls;
