//! One carrier connection: its sessions, its pace, and the actor that holds its sockets.

mod actor;
mod address;
mod core;
mod encode;
mod events;
mod following;
mod life;
mod limiter;
mod probe;
mod reader;
mod slot;
mod standing;
mod writing;

#[cfg(test)]
pub(crate) use actor::SocketFault;
pub use actor::{ConnectionActor, ConnectionWake, RetryNow, Unbind};
pub use address::ConnectionAddr;
pub use core::{Command, ConnectionCore};
pub(crate) use life::Life;
pub use limiter::SlidingSecond;
pub use probe::{PROBE_TIMEOUT, ProbeReport, ProbeStep, probe};
