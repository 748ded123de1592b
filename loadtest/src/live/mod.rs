//! A screen: one WebSocket to `/v1/live` (RFC 6455), as little as it takes.

mod frame;
mod socket;

pub use frame::{Frame, FrameError, Opcode};
pub use socket::{LiveError, LiveSocket};
