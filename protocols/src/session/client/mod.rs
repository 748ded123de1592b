//! The client: binds to a carrier, submits, takes receipts and replies.

mod cmpp;
mod cmpp_deliver;
mod config;
mod ending;
mod event;
mod session;
mod settle;
mod smpp;
mod smpp_deliver;

pub use config::{ClientConfig, ConfigError};
pub use event::{ClientEvent, DeliverTag};
pub use session::ClientSession;
