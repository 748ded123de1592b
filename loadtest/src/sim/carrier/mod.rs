//! A carrier without its sockets: sessions in, decisions, timers, bytes out. Everything is synchronous and reads no clock.

mod core;
mod deliveries;
mod submits;

pub use core::{Carrier, Moment, Switches};
