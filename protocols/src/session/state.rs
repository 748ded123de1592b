//! Where a session stands, and how it ended.

use crate::error::DecodeError;
use crate::frame::FrameError;

/// Milliseconds of a monotonic clock that the caller owns.
pub type Millis = u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// The bind is not answered yet.
    Binding,
    Bound,
    /// No new requests; open ones are waited for, then the unbind is sent and its answer waited for.
    Unbinding,
    /// Nothing more happens; what is in the output may still be written.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    #[error("the bind was refused")]
    BindRefused,
    #[error("the bind was not made or not answered in time")]
    BindTimeout,
    #[error("the peer's answer to the bind does not prove that it knows the secret")]
    PeerNotAuthenticated,
    #[error("{count} link tests went unanswered")]
    LinkTestTimeout { count: u8 },
    #[error("we ended the session")]
    Unbound,
    #[error("the peer did not answer our unbind in time")]
    UnbindTimeout,
    #[error("the peer ended the session")]
    PeerUnbound,
    #[error("the stream cannot be cut into PDUs")]
    Frame(#[source] FrameError),
    #[error("the answer to the bind cannot be read")]
    BindAnswer(#[source] DecodeError),
}
