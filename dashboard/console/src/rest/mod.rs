//! Requests to the server, in the types of its API.

mod calls;
mod client;

pub use calls::*;
pub use client::in_background;
