use std::fmt;

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{promise}: {what}")]
pub struct Violation {
    pub promise: Promise,
    pub what: String,
}

/// What is checked, by the names under which ARCHITECTURE.md lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    Msg1,
    Dup1,
    Unc1,
    Win1,
    Rate1,
    Rcp1,
    Fair1,
    Ack1,
    Idem1,
    /// A person gets no more messages of a type than its cap, and what was never on its way does not count (SEND-5).
    Caps,
    /// Messages leave only by connections that their account may use (SEND-10).
    Granted,
    /// The state that was lived is the one that its facts give.
    Replay,
    /// What the records say is what the carriers saw.
    Truth,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Promise::Msg1 => "MSG-1",
            Promise::Dup1 => "DUP-1",
            Promise::Unc1 => "UNC-1",
            Promise::Win1 => "WIN-1",
            Promise::Rate1 => "RATE-1",
            Promise::Rcp1 => "RCP-1",
            Promise::Fair1 => "FAIR-1",
            Promise::Ack1 => "ACK-1",
            Promise::Idem1 => "IDEM-1",
            Promise::Caps => "SEND-5",
            Promise::Granted => "SEND-10",
            Promise::Replay => "replay",
            Promise::Truth => "truth",
        })
    }
}
