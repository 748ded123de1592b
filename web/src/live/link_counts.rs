use std::sync::atomic::{AtomicU64, Ordering};

/// What became of screens' sockets since the start.
#[derive(Debug, Default)]
pub struct LinkCounts {
    /// Refused because too many are open.
    refused: AtomicU64,
    /// Times a peer did not read, and was sent nothing more until it did.
    held_back: AtomicU64,
    closed: [AtomicU64; Closed::ALL.len()],
}

/// Why a socket was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The peer left, or the link broke.
    Left,
    /// It did not read.
    Silent,
    BadRequest,
    UnknownScope,
    Unauthenticated,
    Stopping,
}

impl Closed {
    pub const ALL: [Closed; 6] = [
        Closed::Left,
        Closed::Silent,
        Closed::BadRequest,
        Closed::UnknownScope,
        Closed::Unauthenticated,
        Closed::Stopping,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Closed::Left => "left",
            Closed::Silent => "silent",
            Closed::BadRequest => "bad_request",
            Closed::UnknownScope => "unknown_scope",
            Closed::Unauthenticated => "unauthenticated",
            Closed::Stopping => "stopping",
        }
    }
}

impl LinkCounts {
    pub fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_held_back(&self) {
        self.held_back.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_closed(&self, why: Closed) {
        self.closed[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub fn held_back(&self) -> u64 {
        self.held_back.load(Ordering::Relaxed)
    }

    pub fn closed(&self, why: Closed) -> u64 {
        self.closed[why as usize].load(Ordering::Relaxed)
    }
}
