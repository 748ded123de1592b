//! The client: binds to a carrier, submits, takes receipts and replies.

mod cmpp;
mod config;
mod event;
mod session;
mod smpp;

pub use config::{ClientConfig, ConfigError};
pub use event::{ClientEvent, DeliverTag};
pub use session::ClientSession;
