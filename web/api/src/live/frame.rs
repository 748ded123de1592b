use super::panels::{Panels, PanelsChange};
use serde::{Deserialize, Serialize};

/// From a screen to the server, as JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum LiveRequest {
    /// The first message, and again to see something else.
    Subscribe {
        /// An organisation's name; without one everything that may be seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
        /// Where the screen was when its link was lost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Place>,
    },
    Ping,
}

/// A place in the stream of changes of one scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// One stream of changes; another one begins when the server starts, or when nobody looked at the scope for a while.
    pub epoch: u64,
    pub seq: u64,
}

/// From the server to a screen, as JSON text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveMessage {
    /// Everything; what the screen had is worth nothing any more.
    Snapshot {
        place: Place,
        /// The server's clock, in Unix milliseconds.
        at_ms: u64,
        /// The build; a screen of another one loads itself anew.
        build: String,
        /// The organisation; empty for the whole installation.
        scope: String,
        /// Organisations that may be subscribed to.
        scopes: Vec<String>,
        panels: Box<Panels>,
    },
    /// What changed since `place.seq - 1`.
    Change {
        place: Place,
        at_ms: u64,
        panels: Box<PanelsChange>,
    },
    Pong,
    /// The last message; the server closes the link.
    End {
        reason: LiveEnd,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveEnd {
    /// The session or the token ended, or was taken away.
    Unauthenticated,
    /// Not a [`LiveRequest`], or too many of them.
    BadRequest,
    /// There is no such scope, or it may not be seen.
    UnknownScope,
    /// The server stops.
    Stopping,
}
