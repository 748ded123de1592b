//! What happens in a client session.

use crate::error::DecodeError;
use crate::session::{CloseReason, Receipt, RejectClass, Reply, SegmentId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// `peer_version`: what the carrier says it speaks, in the protocol's own octet; 0 when it says nothing.
    Bound { peer_version: u8 },
    /// Followed by `Closed`.
    BindRefused { code: u32, reason: &'static str },
    /// The carrier took the segment. `late`: after its `TimedOut`.
    Submitted { token: u64, id: SegmentId, late: bool },
    /// The carrier did not take the segment. `late`: after its `TimedOut`.
    Rejected {
        token: u64,
        code: u32,
        class: RejectClass,
        late: bool,
    },
    /// No answer within the response time-out; the window slot is free again.
    TimedOut { token: u64 },
    /// To be acknowledged by [`super::ClientSession::acknowledge`] once it is durable (ACK-1).
    Receipt { tag: DeliverTag, receipt: Receipt },
    /// To be acknowledged by [`super::ClientSession::acknowledge`] once it is durable (ACK-1).
    Reply { tag: DeliverTag, reply: Reply },
    /// Something was delivered that cannot be read, and was refused with the specification's code.
    Refused { sequence: u32, error: DecodeError },
    /// The carrier ended the session and has its answer. Followed by `Closed`.
    PeerUnbound,
    /// The last event of every session.
    Closed { reason: CloseReason },
}

/// What the response to a receipt or reply needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliverTag {
    pub(super) sequence: u32,
    pub(super) kind: DeliverKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum DeliverKind {
    Cmpp { message_id: u64 },
    DeliverSm,
    DataSm,
}
