use super::session::MailSession;
use crate::backoff::Backoff;
use crate::columns::WriteRef;
use carillon_domain::catalog::Connection;
use carillon_domain::time::Monotonic;
use std::sync::Arc;
use std::time::Duration;

/// The first and the longest wait between two tries to open a session.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// A session that was open this long counts as a success; the next failure waits as little as the first one.
const STABLE_AFTER: Duration = Duration::from_secs(5);

/// One of the connection's sessions, whether it exists at the moment or not.
pub struct Slot {
    pub state: SlotState,
    pub backoff: Backoff,
    /// The epoch whose SESSION bound stands in the journal. It outlives a session that the relay closed while it was idle,
    /// until it is known whether another one can be opened: a relay that tidies up is not away.
    pub stands: Option<u32>,
}

pub enum SlotState {
    Idle { retry_at: Monotonic },
    Opening { epoch: u32 },
    Active(Box<ActiveSession>),
}

pub struct ActiveSession {
    pub session: MailSession,
    pub epoch: u32,
    pub open_since: Monotonic,
    /// Mails with INTENT for this session that are not begun yet.
    pub reserved: usize,
    /// The mail that is being composed for it.
    pub composing: Option<WriteRef>,
    /// The relay has owed an answer for too long.
    pub silent: bool,
    /// Takes nothing new, and ends when nothing is open on it.
    pub leaving: bool,
    /// As it was opened.
    pub config: Arc<Connection>,
}

impl Slot {
    pub fn new(retry_at: Monotonic) -> Self {
        Slot {
            state: SlotState::Idle { retry_at },
            backoff: Backoff::new(RETRY_FIRST, RETRY_MAX),
            stands: None,
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
    /// Not silent and not about to end; it may be at work.
    pub fn is_usable(&self) -> bool {
        !self.silent && !self.leaving && !self.session.is_quitting()
    }

    /// Mails under way: being composed, or in a transaction.
    pub fn in_flight(&self) -> usize {
        usize::from(self.composing.is_some()) + usize::from(self.session.open().is_some())
    }

    /// Nothing is open on it, and nothing is on its way there.
    pub fn is_quiet(&self) -> bool {
        self.in_flight() == 0 && self.reserved == 0
    }

    pub fn was_stable(&self, now: Monotonic) -> bool {
        now - self.open_since >= STABLE_AFTER
    }

    /// Mails that may be given an INTENT for this session now (WIN-1: one transaction at a time).
    pub fn credit(&self, look_ahead: u16) -> usize {
        if !self.is_usable() {
            return 0;
        }
        (1 + usize::from(look_ahead)).saturating_sub(self.reserved + self.in_flight())
    }
}
