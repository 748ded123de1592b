//! Following the catalog: what changes in place, which sessions end, and when the connection has left.

use super::core::{Command, MailCore};
use super::slot::{ActiveSession, Slot, SlotState};
use crate::lane::{LaneCore, Wanted};
use carillon_domain::catalog::Connection;
use carillon_domain::time::{Monotonic, Now};
use std::sync::Arc;

/// What the core remembers of how it follows.
pub(super) struct Following {
    pub wanted: Wanted,
    /// Nothing is left to do here: every session ends, and none begins.
    pub parting: bool,
    /// A session was let go because the relay is reached in another way now.
    replacing: bool,
}

impl Default for Following {
    fn default() -> Self {
        Following {
            wanted: Wanted::Run,
            parting: false,
            replacing: false,
        }
    }
}

impl MailCore {
    /// Takes over what the lane says of the connection now.
    pub(super) fn follow(&mut self, lane: &LaneCore, now: Now) {
        let Some(link) = lane.link(self.id) else { return };
        self.following.wanted = link.wanted;
        if Arc::ptr_eq(&link.config, &self.config) {
            return;
        }
        self.limiter.set_rate(link.config.rate_per_second);
        if !opens_alike(&link.config, &self.config) {
            self.following.replacing = false;
            let openings = self.slots.iter_mut().map(|slot| &mut slot.state);
            for opening in openings.filter(|state| matches!(state, SlotState::Opening { .. })) {
                *opening = SlotState::Idle {
                    retry_at: now.monotonic,
                };
            }
            self.retry_now(now);
        }
        self.config = link.config.clone();
        while self.slots.len() < usize::from(self.config.sessions) {
            self.slots.push(Slot::new(now.monotonic));
        }
    }

    /// Ends sessions that should go as soon as nothing is open on them: all of them when the service or the connection goes,
    /// those above the number wanted, and one after the other those that were opened in another way than the catalog says.
    pub(super) fn part(&mut self, lane: &mut LaneCore, random: f64, now: Now, commands: &mut Vec<Command>) {
        let parting = self.is_parting(lane, now);
        if std::mem::replace(&mut self.following.parting, parting) && !parting {
            // What went wrong before it was stopped says nothing about its new start.
            self.last_error = None;
        }
        let goes = self.stopping || self.following.parting;
        let wanted = usize::from(self.config.sessions.max(1));
        for number in 0..self.slots.len() {
            let is_superfluous = goes || number >= wanted;
            match &mut self.slots[number].state {
                SlotState::Active(active) => {
                    active.leaving =
                        is_superfluous || (active.leaving && !opens_alike(&active.config, &self.config));
                }
                state if is_superfluous => {
                    if matches!(state, SlotState::Opening { .. }) {
                        *state = SlotState::Idle {
                            retry_at: now.monotonic,
                        };
                    }
                    self.fall(lane, number as u8, "it is not needed any more", now);
                }
                _ => {}
            }
        }
        self.let_one_stale_session_go();
        let overdue = self.until().is_some_and(|until| now.monotonic >= until);
        for number in 0..self.slots.len() {
            if let Some(active) = self.slots[number].active()
                && active.leaving
                && (overdue || active.reserved == 0 && active.composing.is_none())
            {
                let mut events = Vec::new();
                active.session.quit(now.monotonic, &mut events);
                let slot = number as u8;
                self.happened(lane, slot, events, random, now, commands);
                commands.push(Command::Flush { slot });
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

    /// Whether the connection was removed and has ended its last session: its actor may go. Bounces are known by their
    /// return path and do not need it.
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

    /// The first goes at once. The others only when one is open in the new way and while none is on its way: settings that
    /// the relay does not take cost one session.
    fn let_one_stale_session_go(&mut self) {
        let config = self.config.clone();
        let is_stale = |active: &ActiveSession| !opens_alike(&active.config, &config);
        let is_underway = |slot: &mut Slot| match &slot.state {
            SlotState::Idle { .. } => false,
            SlotState::Opening { .. } => true,
            SlotState::Active(active) => active.leaving,
        };
        let mut active = self.slots.iter_mut().filter_map(Slot::active);
        let proven = active.any(|active| !is_stale(active));
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
        let nothing_waits = lane
            .link(self.id)
            .is_none_or(|link| link.outbox.is_empty() && link.mail.writes.is_empty());
        let mut active = self.slots.iter_mut().filter_map(Slot::active);
        now.monotonic >= until || (nothing_waits && active.all(|active| active.is_quiet()))
    }

    /// By when a connection that goes must have ended.
    fn until(&self) -> Option<Monotonic> {
        match self.following.wanted {
            Wanted::Run | Wanted::Hold => None,
            Wanted::Off { until } | Wanted::Leave { until } => Some(until),
        }
    }
}

/// Whether sessions of both are opened in the same way: what differs otherwise changes in place.
fn opens_alike(one: &Connection, other: &Connection) -> bool {
    let way = |connection: &Connection| {
        (
            connection.host.clone(),
            connection.port,
            connection.login.clone(),
            connection.password.clone(),
            connection.response_timeout_s,
            connection.mail.clone(),
        )
    };
    way(one) == way(other)
}
