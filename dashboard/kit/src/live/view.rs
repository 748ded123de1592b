//! What a screen says of its link.

/// The state of the link to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkView {
    /// For the first time, or again within moments.
    Connecting,
    /// Changes arrive.
    Live,
    /// No socket, but the server answers when it is asked every few seconds.
    Polling,
    /// Nothing arrives.
    Lost {
        /// The next attempt's number.
        attempt: u32,
        /// Until then; 0 while it is under way.
        retry_in_ms: u64,
    },
    /// The server does not let this screen look on: no session, or a token that is no longer valid.
    Refused,
}
