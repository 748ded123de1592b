use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// One entry of a ledger file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    Account(AccountHeader),
    Segment(Record),
    Summary(Summary),
}

/// Names a carrier account; stands before its first record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountHeader {
    /// The number by which records name it; unique in one file.
    pub account: u16,
    pub carrier: CompactString,
    pub login: CompactString,
    pub contract: Option<Contract>,
}

/// What the client is configured to keep on this account (RATE-1, WIN-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Segments in any sliding second over all sessions.
    pub rate_per_second: u32,
    /// Unanswered requests per session.
    pub window: u32,
    pub sessions: u32,
}

impl Contract {
    /// RATE-1: the carrier counts at arrival, so a full window may bunch up on top of 1.05 × rate.
    pub fn rate_limit(&self) -> u32 {
        let window = self.window.saturating_mul(self.sessions);
        (self.rate_per_second / 20)
            .saturating_add(self.rate_per_second)
            .saturating_add(window)
    }
}

/// One segment as a carrier received it, with everything that came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub account: u16,
    /// Counts the TCP sessions of this carrier.
    pub session: u32,
    /// Arrival, µs since the Unix epoch.
    pub at_us: u64,
    pub source: CompactString,
    pub destination: CompactString,
    /// Found in this segment's own text (see [`crate::marker`]).
    pub marker: Option<u64>,
    /// Hash of coding and payload; equal segments have equal hashes in every run.
    pub content: u64,
    pub part: Option<Part>,
    /// Decoded text, when the ledger keeps texts.
    pub text: Option<String>,
    /// The segment's id, whatever form it has on the wire.
    pub carrier_id: u64,
    pub answer: Answer,
    pub receipts: Vec<GivenReceipt>,
}

/// What happens to a segment at its carrier.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    Arrived(&'a Record),
    /// With the answer that the record holds.
    Answered(&'a Record),
    /// A receipt with this status was written.
    Given(&'a Record, &'a str),
    /// The client acknowledged one of its receipts.
    Acknowledged(&'a Record),
}

/// Place of a segment in a long message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Part {
    pub reference: u16,
    pub total: u8,
    pub number: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// None yet, or none ever: the session ended or the carrier kept silent.
    None,
    Accepted,
    Refused(u32),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenReceipt {
    pub status: CompactString,
    /// When it was written, µs since the Unix epoch.
    pub at_us: u64,
    /// When the client acknowledged it; `None` if it never did.
    pub acknowledged_us: Option<u64>,
}

/// Totals of one account, written last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub account: u16,
    pub segments: u64,
    pub accepted: u64,
    /// Refused because the account was over its rate or its behaviour said so.
    pub refused: u64,
    pub unanswered: u64,
    pub receipts_acknowledged: u64,
    pub receipts_unacknowledged: u64,
    pub replies: u64,
    pub sessions: u64,
    /// Most segments in any sliding second, and when that second ended (µs since the Unix epoch).
    pub peak_per_second: u32,
    pub peak_at_us: u64,
    /// Most requests without an answer on one session.
    pub peak_in_flight: u32,
}
