//! The carriers' wire protocols: CMPP 2.0 and 3.0, and SMPP 3.4.
//!
//! [`cmpp`] and [`smpp`] turn bytes into PDUs and back. [`session`] holds both ends of a connection as pure state machines
//! behind one neutral interface: bytes and the time go in, bytes and events come out. Nothing here does I/O, reads a clock
//! or knows another crate of ours.

pub mod cmpp;
pub mod coding;
pub mod concat;
pub mod error;
pub mod frame;
pub mod reject;
pub mod session;
pub mod smpp;
pub mod text;
mod wire;
