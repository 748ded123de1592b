//! What happens in a server session.

use crate::coding::DataCoding;
use crate::concat::Concatenation;
use crate::session::CloseReason;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// See [`super::ServerSession::bind_request`]; to be accepted or refused.
    BindRequested,
    /// To be answered by [`super::ServerSession::respond_submit`].
    Submit { tag: SubmitTag, submit: SubmitIn },
    /// The client answered a receipt or reply; 0 means that it has it.
    DeliverAnswered { token: u64, code: u32 },
    /// No answer within the response time-out; one that comes later is ignored.
    DeliverTimedOut { token: u64 },
    /// The client ended the session and has its answer. Followed by `Closed`.
    PeerUnbound,
    /// The last event of every session that was not ended by `refuse_bind`.
    Closed { reason: CloseReason },
}

/// A submit as it came. Texts are the client's own, without padding; none of them is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitIn {
    /// The service number.
    pub source: String,
    /// At least one. The answer names one id for all: in CMPP it stands for a range, see
    /// [`MessageId::in_group`](crate::cmpp::MessageId::in_group).
    pub destinations: Vec<String>,
    pub coding: DataCoding,
    pub concatenation: Option<Concatenation>,
    /// Without the user data header.
    pub payload: Vec<u8>,
    /// Whether a receipt is asked for.
    pub receipt: bool,
    /// CMPP Service_Id, SMPP service_type.
    pub service_id: String,
    /// The payload read by its coding; `None` when that is not one of text.
    pub text: Option<String>,
}

/// What the response to a submit needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubmitTag {
    pub(super) sequence: u32,
    pub(super) kind: SubmitKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum SubmitKind {
    Cmpp,
    SubmitSm,
    SubmitMulti,
    DataSm,
}
