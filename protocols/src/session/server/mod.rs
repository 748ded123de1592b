//! The server: takes binds and submits, sends receipts and replies.

mod bind;
mod cmpp;
mod cmpp_deliver;
mod cmpp_submit;
mod config;
mod desk;
mod ending;
mod event;
mod session;
mod smpp;
mod smpp_deliver;
mod smpp_submit;

pub use bind::{BindRefusal, BindRequest, BindRole};
pub use config::ServerConfig;
pub use event::{ServerEvent, SubmitIn, SubmitTag};
pub use session::ServerSession;
