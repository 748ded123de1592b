use crate::backoff::Backoff;
use crate::lane::WriteOrder;
use carillon_domain::catalog::Connection;
use carillon_domain::time::Monotonic;
use carillon_protocols::session::{ClientSession, SessionState};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The first and the longest wait between two tries to connect.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// A session that was bound this long counts as a success; the next failure waits as little as the first one.
const STABLE_AFTER: Duration = Duration::from_secs(5);

/// Output that the socket has not taken, above which the session reads and submits nothing. A full window of submits stays
/// below, so that only a peer that asks much and takes nothing gets here.
const UNWRITTEN_BYTES_MAX: u64 = 2 << 20;

/// One of the connection's sessions, whether it exists at the moment or not.
#[derive(Debug)]
pub struct Slot {
    pub state: SlotState,
    pub backoff: Backoff,
}

#[derive(Debug)]
pub enum SlotState {
    Idle { retry_at: Monotonic },
    Connecting { epoch: u32 },
    Active(Box<ActiveSession>),
}

#[derive(Debug)]
pub struct ActiveSession {
    pub session: ClientSession,
    pub epoch: u32,
    pub bound_since: Option<Monotonic>,
    /// Bytes of the output that the socket has accepted.
    pub written: u64,
    /// Segments with INTENT for this session that are not written yet.
    pub reserved: usize,
    /// Those of them whose INTENT is durable: they wait for a free slot of the window, or for the rate.
    pub ready: VecDeque<WriteOrder>,
    /// Nothing came for too long while requests were open.
    pub silent: bool,
    /// Takes nothing new, and ends when nothing is open on it.
    pub leaving: bool,
    /// As it was bound; what may change in the middle of a session is as it is now.
    pub config: Arc<Connection>,
}

impl Slot {
    pub fn new(retry_at: Monotonic) -> Self {
        Slot {
            state: SlotState::Idle { retry_at },
            backoff: Backoff::new(RETRY_FIRST, RETRY_MAX),
        }
    }

    pub fn active(&mut self) -> Option<&mut ActiveSession> {
        match &mut self.state {
            SlotState::Active(active) => Some(active),
            _ => None,
        }
    }

    /// The session, if it is the one of this epoch.
    pub fn of_epoch(&mut self, epoch: u32) -> Option<&mut ActiveSession> {
        self.active().filter(|active| active.epoch == epoch)
    }
}

impl ActiveSession {
    pub fn is_bound(&self) -> bool {
        self.session.state() == SessionState::Bound
    }

    /// Bound, not silent, not clogged, and not about to end.
    pub fn is_usable(&self) -> bool {
        self.is_bound() && !self.silent && !self.is_clogged() && !self.leaving
    }

    /// Nothing is written and unanswered, and nothing is on its way there.
    pub fn is_quiet(&self) -> bool {
        self.session.in_flight() == 0 && self.reserved == 0
    }

    /// The peer does not take what we write.
    pub fn is_clogged(&self) -> bool {
        self.session.output_total() - self.written > UNWRITTEN_BYTES_MAX
    }

    pub fn was_stable(&self, now: Monotonic) -> bool {
        self.bound_since.is_some_and(|since| now - since >= STABLE_AFTER)
    }

    /// Segments that may be given an INTENT for this session now.
    pub fn credit(&self, look_ahead: u16) -> usize {
        if !self.is_usable() {
            return 0;
        }
        (self.session.window_free() + usize::from(look_ahead)).saturating_sub(self.reserved)
    }
}
