//! The server: takes binds and submits, sends receipts and replies.

mod bind;
mod cmpp;
mod config;
mod event;
mod session;
mod smpp;

pub use bind::{BindRefusal, BindRequest, BindRole};
pub use config::ServerConfig;
pub use event::{ServerEvent, SubmitIn, SubmitTag};
pub use session::ServerSession;
