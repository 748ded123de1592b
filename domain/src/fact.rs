//! Facts: everything that happens, in the order in which it happened. All other state is a fold over them.
//!
//! A fact is appended to the journal before anything that rests on it becomes visible outside (ACK-1). The encoding is
//! versioned per frame; see [`crate::frame`].

use crate::campaign::{CampaignChange, CampaignLine};
use crate::catalog::{CapPeriods, Priority};
use crate::content::Content;
use crate::day_window::DayWindow;
use crate::ids::{AccountId, BusinessTypeId, CampaignId, ConnectionId, MessageId, RouteGroupId, TenantId};
use crate::phone::PhoneNumber;
use crate::time::UnixMs;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// A message was taken from a caller; the caller's answer waits for it.
    Accepted(Box<Accepted>),
    /// A range of lines of one batch was taken; stands in the same frame as the messages it made.
    Batch(Box<Batch>),
    /// A carrier session was bound or lost.
    Session(Session),
    /// A segment is about to be written to a carrier. Alone on replay it means UNCERTAIN.
    Intent(Intent),
    /// A segment whose INTENT stands was never written: not one byte of it was accepted by the socket.
    Returned { segment: SegmentKey, at: UnixMs },
    /// The carrier took the segment.
    Submitted {
        segment: SegmentKey,
        carrier_id: CarrierId,
        at: UnixMs,
    },
    /// The carrier refused the segment.
    Rejected {
        segment: SegmentKey,
        code: StatusCode,
        action: RejectAction,
        at: UnixMs,
    },
    /// Nobody can say whether the carrier has the segment.
    Uncertain {
        segment: SegmentKey,
        cause: UncertainCause,
        at: UnixMs,
    },
    /// A receipt came from a carrier; the acknowledgement to the carrier waits for it.
    Receipt(Box<Receipt>),
    /// A receipt that had come before its `Submitted` now has its segment.
    ReceiptMatched {
        connection: ConnectionId,
        carrier_id: CarrierId,
        segment: SegmentKey,
        at: UnixMs,
    },
    /// A message came from a phone; the acknowledgement to the carrier waits for it.
    Reply(Box<Reply>),
    /// The message reached a final state (MSG-1).
    Final(Box<Finished>),
    /// A late receipt corrected Sent, Expired or Unknown.
    Amended(Box<Finished>),
    /// The next attempt of a message starts (SEND-2).
    Fallback(Fallback),
    /// The person has read or clicked the message, by an attempt's channel or by what the caller saw.
    Read { message: MessageId, at: UnixMs },
    /// Something happened to a campaign.
    Campaign {
        campaign: CampaignId,
        change: CampaignChange,
        at: UnixMs,
    },
    /// Events of an account up to this place were delivered to its webhook.
    Cursor(Cursor),
    /// The wall clock was set; times before and after are this far apart more than the time that passed.
    ClockSet { by_ms: i64, at: UnixMs },
    /// A webhook began to fail, works again, or was switched off or on.
    Webhook(WebhookStanding),
    /// The route group of an attempt that nobody began to send is gone; the rules lead to this one now.
    Rerouted {
        message: MessageId,
        attempt: u8,
        group: RouteGroupId,
        at: UnixMs,
    },
    /// No further attempt of the message starts: a check that was passed at acceptance fails by now (`quota`, `no_route`).
    PlanEnded {
        message: MessageId,
        cause: StatusCode,
        at: UnixMs,
    },
    /// What was accepted of a message that is still open, again, because the frame in which it stood is to go.
    Carried(Box<Accepted>),
}

impl Fact {
    /// Whether the event feeds of an account tell it (API-1).
    pub fn is_event(&self) -> bool {
        matches!(self, Fact::Final(_) | Fact::Amended(_) | Fact::Reply(_))
    }

    /// The fact's name in logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Fact::Accepted(_) => "accepted",
            Fact::Batch(_) => "batch",
            Fact::Session(_) => "session",
            Fact::Intent(_) => "intent",
            Fact::Returned { .. } => "returned",
            Fact::Submitted { .. } => "submitted",
            Fact::Rejected { .. } => "rejected",
            Fact::Uncertain { .. } => "uncertain",
            Fact::Receipt(_) => "receipt",
            Fact::ReceiptMatched { .. } => "receipt_matched",
            Fact::Reply(_) => "reply",
            Fact::Final(_) => "final",
            Fact::Amended(_) => "amended",
            Fact::Fallback(_) => "fallback",
            Fact::Read { .. } => "read",
            Fact::Campaign { .. } => "campaign",
            Fact::Cursor(_) => "cursor",
            Fact::ClockSet { .. } => "clock_set",
            Fact::Webhook(_) => "webhook",
            Fact::Rerouted { .. } => "rerouted",
            Fact::PlanEnded { .. } => "plan_ended",
            Fact::Carried(_) => "carried",
        }
    }

    /// When it happened, by the wall clock of that moment. `None` for an acceptance: the time in its id never goes back, the
    /// clock may; and for what only says again what was accepted.
    pub fn at(&self) -> Option<UnixMs> {
        Some(match self {
            Fact::Accepted(_) | Fact::Carried(_) => return None,
            Fact::Batch(batch) => batch.at,
            Fact::Session(session) => session.at,
            Fact::Intent(intent) => intent.at,
            Fact::Receipt(receipt) => receipt.at,
            Fact::Reply(reply) => reply.at,
            Fact::Final(finished) | Fact::Amended(finished) => finished.at,
            Fact::Fallback(fallback) => fallback.at,
            Fact::Cursor(cursor) => cursor.at,
            Fact::Webhook(standing) => standing.at,
            Fact::Returned { at, .. }
            | Fact::Submitted { at, .. }
            | Fact::Rejected { at, .. }
            | Fact::Uncertain { at, .. }
            | Fact::ReceiptMatched { at, .. }
            | Fact::Read { at, .. }
            | Fact::Campaign { at, .. }
            | Fact::ClockSet { at, .. }
            | Fact::Rerouted { at, .. }
            | Fact::PlanEnded { at, .. } => *at,
        })
    }
}

/// One segment of one attempt of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SegmentKey {
    pub message: MessageId,
    /// Index into the plan of attempts.
    pub attempt: u8,
    /// Zero-based index of the segment.
    pub segment: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    pub message: MessageId,
    pub tenant: TenantId,
    pub account: AccountId,
    pub business_type: BusinessTypeId,
    pub priority: Priority,
    /// The person's number; `None` when only mail is sent.
    pub to: Option<PhoneNumber>,
    /// The attempts in order; never empty.
    pub plan: Vec<PlannedAttempt>,
    /// Nothing is written to a carrier before this moment; 0 when it may go at once.
    pub not_before: UnixMs,
    /// The recipient's own sending window.
    pub person_window: Option<DayWindow>,
    /// The periods in which it counts for its person (SEND-5).
    pub counted: CapPeriods,
    /// Nothing may be written to a carrier after this moment.
    pub valid_until: UnixMs,
    pub idempotency: Option<IdempotencyKey>,
    /// The caller's own name for the message (a visit, a report); returned in feeds and searches.
    pub reference: Option<CompactString>,
    /// Price of one segment in 1/10,000 yuan.
    pub price_per_segment: u32,
    pub catalog_version: u32,
    pub campaign: Option<CampaignLine>,
}

/// One attempt of the plan as accepted: a channel kind, what it says and where it leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedAttempt {
    pub kind: crate::plan::ChannelKind,
    pub group: RouteGroupId,
    /// SMS segments this attempt needs (1 for kinds without segments).
    pub segments: u8,
    /// What must have happened to the attempt before, for this one to start; `None` for the first.
    pub when: Option<crate::plan::Condition>,
    pub content: Content,
}

/// An attempt starts because of what became of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    pub message: MessageId,
    /// Index into the plan of the attempt that starts.
    pub attempt: u8,
    pub reason: FallbackReason,
    pub at: UnixMs,
}

/// Which condition was met, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FallbackReason {
    NotSubmitted {
        code: Option<StatusCode>,
    },
    Failed {
        code: Option<StatusCode>,
    },
    /// After this much bound time.
    NotDelivered {
        seconds: u32,
    },
    NotRead {
        seconds: u32,
    },
}

/// How far an account's events were delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub account: AccountId,
    pub feed: FeedName,
    /// The frame, and the index of the fact in it, that comes next.
    pub frame: u64,
    pub index: u32,
    pub at: UnixMs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedName {
    Receipts,
    Replies,
}

/// How an account's webhook does, kept over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookStanding {
    pub account: AccountId,
    /// The first of the failures since the last success.
    pub failing_since: Option<UnixMs>,
    pub off: Option<WebhookOff>,
    pub at: UnixMs,
}

/// Why a webhook is no longer called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WebhookOff {
    /// The receiver answered 410 Gone.
    Gone,
    /// It has failed for too long.
    Failing,
}

/// A caller's idempotency key: the hash of (account, key), and a fingerprint of the body it stood over (IDEM-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdempotencyKey {
    pub key: [u8; 16],
    pub fingerprint: u64,
}

/// Lines `first_line ..` of a batch. The accepted ones stand as [`Accepted`] in the same frame, in line order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub account: AccountId,
    pub idempotency: Option<IdempotencyKey>,
    /// Zero-based index of the first line this fact speaks of.
    pub first_line: u32,
    /// How many lines it speaks of.
    pub lines: u32,
    /// How many lines the whole batch has.
    pub lines_total: u32,
    /// One per accepted line, in line order.
    pub accepted: Vec<MessageId>,
    pub refused: Vec<RefusedLine>,
    pub at: UnixMs,
}

/// Why one line was not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedLine {
    /// Zero-based.
    pub line: u32,
    pub code: CompactString,
    pub field: CompactString,
    pub detail: CompactString,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub connection: ConnectionId,
    /// Zero-based index among the sessions of the connection.
    pub session: u8,
    /// Counts the binds of the connection; never repeats.
    pub epoch: u32,
    pub change: SessionChange,
    pub at: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SessionChange {
    Bound,
    Lost { cause: CompactString },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    pub segment: SegmentKey,
    /// Counts from 1 over all writes of this segment.
    pub try_number: u8,
    pub connection: ConnectionId,
    pub session: u8,
    pub epoch: u32,
    /// Reference number shared by the segments of one message; 0 for a single segment.
    pub concatenation: u16,
    pub reason: IntentReason,
    pub at: UnixMs,
}

/// Why a segment goes where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntentReason {
    /// The group's own order or share.
    Rule,
    /// A member that should have had it was not able to send.
    Failover,
    /// The carrier asked to slow down; the same segment again.
    Throttle,
    /// The outcome is unknown and the business type re-sends once.
    Resend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UncertainCause {
    /// The process ended between INTENT and the carrier's answer.
    Crash,
    /// The session ended before the carrier answered.
    Cut,
    /// The carrier did not answer within the protocol's time.
    Timeout,
}

/// What a refusal by the carrier leads to; decided when it came, so that a replay decides the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RejectAction {
    /// The segment has failed for good.
    Fail,
    /// The same segment is written again after a pause, by the same connection.
    RetryLater,
}

/// The carrier's name for a segment. Canonical per carrier account: equal values mean the same segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CarrierId {
    Number(u64),
    Text(Box<str>),
}

/// A code as the carrier wrote it; always kept raw, never an enum (codes differ per carrier).
pub type StatusCode = CompactString;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub connection: ConnectionId,
    pub carrier_id: CarrierId,
    /// `DELIVRD`, `UNDELIV`, `MA:0001` … as received, padding removed.
    pub status: StatusCode,
    /// The `err:` field of SMPP receipts, else empty.
    pub error: StatusCode,
    /// What the status means by the connection's table.
    pub outcome: ReceiptOutcome,
    /// The recipient's number as the carrier wrote it.
    pub to: CompactString,
    pub submit_time: CompactString,
    pub done_time: CompactString,
    /// The segment it speaks of, when that is known; otherwise it is parked until its `Submitted` comes.
    pub segment: Option<SegmentKey>,
    /// The account that sent the message, when matched.
    pub account: Option<AccountId>,
    /// The same had come before; it moves nothing (RCP-1).
    pub duplicate: bool,
    pub at: UnixMs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReceiptOutcome {
    Delivered,
    Failed,
    Expired,
    /// Not final, or unknown to the table: kept, moves nothing.
    Pending,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub id: MessageId,
    pub connection: ConnectionId,
    /// The account found by access number and extension; `None` when nobody owns the number.
    pub account: Option<AccountId>,
    pub from: CompactString,
    pub to: CompactString,
    pub text: Box<str>,
    /// Present when this is one part of a long reply.
    pub part: Option<ReplyPart>,
    pub at: UnixMs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyPart {
    pub reference: u16,
    pub total: u8,
    /// One-based.
    pub number: u8,
}

/// The end of a message, as the event feeds tell it to the account that sent it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    pub message: MessageId,
    pub account: AccountId,
    pub to: Option<PhoneNumber>,
    pub reference: Option<CompactString>,
    pub state: FinalState,
    /// The carrier's raw code, or our own word.
    pub cause: Option<StatusCode>,
    pub at: UnixMs,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FinalState {
    Delivered,
    /// Taken by the carrier, and no receipt is due.
    Sent,
    Failed,
    /// Refused by our own checks after acceptance.
    Rejected,
    Cancelled,
    Expired,
    /// UNCERTAIN past the receipt wait of its business type.
    Unknown,
}

impl FinalState {
    /// Whether a late receipt may still correct it (RCP-1).
    pub fn is_amendable(self) -> bool {
        matches!(self, FinalState::Sent | FinalState::Expired | FinalState::Unknown)
    }
}
