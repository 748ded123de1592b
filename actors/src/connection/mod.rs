//! One carrier connection: its sessions, its pace, and the actor that holds its sockets.

mod actor;
mod core;
mod encode;
mod events;
mod limiter;
mod reader;
mod slot;
mod standing;
mod writing;

pub use actor::{ConnectionActor, ConnectionWake, RetryNow, Unbind};
pub use core::{Command, ConnectionCore};
pub use limiter::SlidingSecond;
