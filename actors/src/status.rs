//! What a lane tells about itself: counters for metrics, states for operators.

use carillon_domain::ids::ConnectionId;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows; written by the lane, read by anyone.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Everything a lane counts. Nothing is dropped without one of these growing.
#[derive(Debug, Default)]
pub struct Counters {
    pub messages_accepted: Counter,
    pub lines_refused: Counter,
    pub requests_overloaded: Counter,
    pub requests_repeated: Counter,
    pub requests_conflicting: Counter,
    pub segments_intended: Counter,
    pub segments_written: Counter,
    pub segments_returned: Counter,
    pub segments_submitted: Counter,
    pub segments_rejected: Counter,
    pub segments_throttled: Counter,
    pub segments_uncertain: Counter,
    /// Answers to a write of a segment that was written again since, or whose message has ended.
    pub answers_outdated: Counter,
    pub receipts_matched: Counter,
    pub receipts_parked: Counter,
    pub receipts_duplicate: Counter,
    pub receipts_unmatched: Counter,
    pub deliveries_unreadable: Counter,
    /// From carriers: answers to nothing, commands that have no place, bodies that cannot be read.
    pub answers_ignored: Counter,
    pub commands_ignored: Counter,
    pub pdus_malformed: Counter,
    /// Mails to return paths of ours, and peers that were sent away.
    pub bounces_received: Counter,
    pub bounces_refused: Counter,
    pub replies: Counter,
    pub replies_unowned: Counter,
    pub finals_delivered: Counter,
    pub finals_sent: Counter,
    pub finals_failed: Counter,
    pub finals_rejected: Counter,
    pub finals_cancelled: Counter,
    pub finals_expired: Counter,
    pub finals_unknown: Counter,
    pub finals_amended: Counter,
    /// Attempts started because of what became of the one before (SEND-2).
    pub fallbacks_not_submitted: Counter,
    pub fallbacks_failed: Counter,
    pub fallbacks_not_delivered: Counter,
    pub fallbacks_not_read: Counter,
    /// Messages refused because no more people can be counted for frequency caps (SEND-5).
    pub caps_full: Counter,
    /// Plans whose next attempt was refused by a check that was passed at acceptance.
    pub plans_ended: Counter,
    /// The wall clock jumped; plan timers were held.
    pub clock_jumps: Counter,
    pub actor_restarts: Counter,
    /// Moved to another route group because theirs was removed.
    pub messages_rerouted: Counter,
    /// Recorded again, because the volume in which they stood was to go.
    pub messages_carried: Counter,
    /// Members of adaptive groups that became preferred or fell back to the reserve.
    pub route_switches: Counter,
    pub messages_open: Gauge,
    pub messages_waiting: Gauge,
    pub checkpoint_frame: Gauge,
    pub history_frame: Gauge,
}

/// A connection as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionStatus {
    pub connection: ConnectionId,
    pub state: ConnectionState,
    pub sessions_bound: u8,
    pub sessions_wanted: u8,
    pub in_flight: u32,
    pub written_last_second: u32,
    /// The last thing that went wrong, in words.
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Disabled in the catalog.
    Off,
    /// Takes nothing new: an operator said so, or it is about to go.
    Draining,
    Connecting,
    Up,
    /// Some of its sessions are not bound.
    Degraded,
    /// Bound, but silent with requests open: pulls nothing.
    BreakerOpen,
    /// Paused because the carrier asked to slow down.
    Throttled,
    /// Waiting before the next try.
    Down,
    /// Its restart budget is spent; an operator has to act.
    Failed,
}

/// Whether the lane can take work.
#[derive(Clone, Debug, PartialEq)]
pub enum Readiness {
    Starting,
    Ready,
    Stopping,
    Failed { reason: String },
}
