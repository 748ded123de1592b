//! Both ends of a carrier connection as pure state machines: bytes and the time go in, bytes and events come out.
//!
//! [`ClientSession`] binds to a carrier and submits; [`ServerSession`] is what an upstream system or a simulated carrier's
//! client binds to. Neither knows a socket, a clock or a thread. The words are those of both protocols; what only one of
//! them has is mapped here and stays here.

mod client;
mod link;
mod link_test;
mod protocol;
mod receipt;
mod reply;
mod segment_id;
mod sequence;
mod server;
mod smpp_content;
mod smpp_refusal;
mod state;
mod submit;
mod window;

pub use crate::coding::DataCoding;
pub use crate::concat::Concatenation;
pub use crate::reject::RejectClass;
pub use client::{ClientConfig, ClientEvent, ClientSession, ConfigError, DeliverTag};
pub use link::Ignored;
pub use protocol::Protocol;
pub use receipt::Receipt;
pub use reply::{Reply, ReplyOut};
pub use segment_id::SegmentId;
pub use server::{
    BindRefusal, BindRequest, BindRole, ServerConfig, ServerEvent, ServerSession, SubmitIn, SubmitTag,
};
pub use state::{CloseReason, Millis, SessionState};
pub use submit::{OpenSubmit, Submit, SubmitError};
