//! Following the catalog: what changes in place, which sessions end, and when the connection has left.

use super::core::{Command, ConnectionCore, millis};
use super::slot::{ActiveSession, Slot, SlotState};
use crate::lane::{LaneCore, Link, Wanted};
use carillon_domain::catalog::Connection;
use carillon_domain::time::{Monotonic, Now};
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether receipts are still owed; it is not cheap.
const OWED_LOOK: Duration = Duration::from_secs(1);

/// What the core remembers of how it follows.
#[derive(Debug)]
pub(super) struct Following {
    pub wanted: Wanted,
    /// Nothing is left to do here: every session ends, and none begins.
    pub parting: bool,
    /// A session was let go because the connection binds in another way now.
    replacing: bool,
    owed: bool,
    next_owed_look: Monotonic,
}

impl Default for Following {
    fn default() -> Self {
        Following {
            wanted: Wanted::Run,
            parting: false,
            replacing: false,
            owed: true,
            next_owed_look: Monotonic::default(),
        }
    }
}

impl ConnectionCore {
    /// Takes over what the lane says of the connection now.
    pub(super) fn follow(&mut self, lane: &LaneCore, now: Now) {
        let Some(link) = lane.link(self.id) else { return };
        self.following.wanted = link.wanted;
        if !Arc::ptr_eq(&link.config, &self.config) {
            self.reconfigure(link.config.clone(), now);
        }
    }

    /// Ends sessions that should go as soon as nothing is open on them: all of them when the connection goes, those above
    /// the number wanted, and one after the other those that were bound in another way than the catalog says now.
    pub(super) fn part(&mut self, lane: &LaneCore, now: Now, commands: &mut Vec<Command>) {
        let parting = self.is_parting(lane, now);
        if std::mem::replace(&mut self.following.parting, parting) && !parting {
            // What went wrong before it was stopped says nothing about its new start.
            self.last_error = None;
        }
        let wanted = usize::from(self.config.sessions.max(1));
        let overdue = self.until().is_some_and(|until| now.monotonic >= until);
        for (number, slot) in self.slots.iter_mut().enumerate() {
            match &mut slot.state {
                SlotState::Active(active) => {
                    let stale = active.leaving && !binds_alike(&active.config, &self.config);
                    active.leaving = parting || number >= wanted || stale;
                }
                state @ SlotState::Connecting { .. } if parting || number >= wanted => {
                    *state = SlotState::Idle {
                        retry_at: now.monotonic,
                    };
                }
                _ => {}
            }
        }
        self.let_one_stale_session_go();
        for slot in 0..self.slots.len() {
            if let Some(active) = self.slots[slot].active()
                && active.leaving
                && active.is_bound()
                && (overdue || active.is_quiet())
            {
                active.session.unbind(millis(now));
                self.flush_if_needed(slot as u8, commands);
            }
        }
        while self.slots.len() > wanted
            && matches!(
                self.slots.last().map(|slot| &slot.state),
                Some(SlotState::Idle { .. })
            )
        {
            self.slots.pop();
        }
    }

    /// Whether the connection was removed and has ended its last session: its actor may go.
    pub fn has_left(&self) -> bool {
        matches!(self.following.wanted, Wanted::Leave { .. }) && self.following.parting && self.is_ended()
    }

    /// Whether a session should be there in this place.
    pub(super) fn is_wanted(&self, slot: usize) -> bool {
        !self.stopping && !self.following.parting && slot < usize::from(self.config.sessions.max(1))
    }

    /// Whether it takes nothing from the queues although it has sessions.
    pub(super) fn is_draining(&self) -> bool {
        !self.following.wanted.pulls() && !self.is_ended()
    }

    fn reconfigure(&mut self, config: Arc<Connection>, now: Now) {
        let alike = binds_alike(&self.config, &config);
        self.limiter.set_rate(config.rate_per_second);
        for slot in &mut self.slots {
            match &mut slot.state {
                SlotState::Active(active) if binds_alike(&active.config, &config) => {
                    let response_timeout = u64::from(config.response_timeout_s) * 1000;
                    active.session.set_limits(config.window, response_timeout);
                    active.config = config.clone();
                }
                // Ends in its turn.
                SlotState::Active(_) => {}
                SlotState::Idle { .. } | SlotState::Connecting { .. } if alike => {}
                state => {
                    *state = SlotState::Idle {
                        retry_at: now.monotonic,
                    };
                    slot.backoff.reset();
                }
            }
        }
        while self.slots.len() < usize::from(config.sessions) {
            self.slots.push(Slot::new(now.monotonic));
        }
        self.following.replacing &= alike;
        self.config = config;
    }

    /// The first goes at once. The others only when one is bound in the new way and while none is on its way: settings that
    /// the carrier does not take cost one session.
    fn let_one_stale_session_go(&mut self) {
        let config = self.config.clone();
        let is_stale = |active: &ActiveSession| !binds_alike(&active.config, &config);
        let is_underway = |slot: &mut Slot| match &slot.state {
            SlotState::Idle { .. } => false,
            SlotState::Connecting { .. } => true,
            SlotState::Active(active) => active.leaving || !active.is_bound(),
        };
        let mut active = self.slots.iter_mut().filter_map(Slot::active);
        let proven = active.any(|active| active.is_bound() && !is_stale(active));
        let underway = self.slots.iter_mut().any(is_underway);
        if underway || (self.following.replacing && !proven) {
            return;
        }
        let mut active = self.slots.iter_mut().filter_map(Slot::active);
        if let Some(stale) = active.find(|active| is_stale(active)) {
            stale.leaving = true;
            self.following.replacing = true;
        }
    }

    fn is_parting(&mut self, lane: &LaneCore, now: Now) -> bool {
        let Some(until) = self.until() else {
            return false;
        };
        if now.monotonic >= until {
            return true;
        }
        let nothing_waits = |link: &Link| link.outbox.is_empty() && link.mail.writes.is_empty();
        let mut active = self.slots.iter_mut().filter_map(Slot::active);
        let quiet = lane.link(self.id).is_none_or(nothing_waits) && active.all(|active| active.is_quiet());
        let leaves = matches!(self.following.wanted, Wanted::Leave { .. });
        quiet && !(leaves && self.is_owed_receipts(lane, now))
    }

    fn is_owed_receipts(&mut self, lane: &LaneCore, now: Now) -> bool {
        let following = &mut self.following;
        if following.owed && following.next_owed_look <= now.monotonic {
            following.owed = lane.columns().awaits_receipts(self.id);
            following.next_owed_look = now.monotonic + OWED_LOOK;
        }
        following.owed
    }

    /// By when a connection that goes must have ended.
    fn until(&self) -> Option<Monotonic> {
        match self.following.wanted {
            Wanted::Run | Wanted::Hold => None,
            Wanted::Off { until } | Wanted::Leave { until } => Some(until),
        }
    }
}

/// Whether sessions of both are bound in the same way: what differs otherwise changes in place.
fn binds_alike(one: &Arc<Connection>, other: &Arc<Connection>) -> bool {
    Arc::ptr_eq(one, other)
        || (one.protocol == other.protocol
            && (&one.host, one.port) == (&other.host, other.port)
            && (&one.login, &one.password) == (&other.login, &other.password))
}
