//! What a server session needs to know.

use crate::session::{Millis, Protocol};

#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Versions that a client may bind with, all of one family: CMPP or SMPP. The first tells the family; an empty list
    /// refuses every bind.
    pub protocols: Vec<Protocol>,
    /// Receipts and replies in flight towards the client (WIN-1), and submits of the client that may wait for their answer.
    pub window: u16,
    /// Silence after which a link test is sent; 0 for none.
    pub link_test_interval: Millis,
    /// Until a receipt or reply counts as unanswered, and between link tests that go unanswered.
    pub response_timeout: Millis,
    /// Until the client must be bound.
    pub bind_timeout: Millis,
    /// SMPP system_id in the bind's response (at most 15 octets, else cut).
    pub system_id: String,
}
