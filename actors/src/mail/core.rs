use super::capabilities::Capabilities;
use super::compose::{ComposeError, Letter};
use super::following::Following;
use super::session::{MailEvent, MailSession, Outgoing, SessionEnd};
use super::slot::{ActiveSession, Slot, SlotState};
use crate::backoff::Backoff;
use crate::columns::WriteRef;
use crate::connection::SlidingSecond;
use crate::error_text::in_full;
use crate::lane::LaneCore;
use bytes::Bytes;
use carillon_domain::catalog::Connection;
use carillon_domain::fact::SessionChange;
use carillon_domain::ids::ConnectionId;
use carillon_domain::time::{Monotonic, Now};
use std::sync::Arc;
use std::time::Duration;

/// Pause of the whole connection after the relay asked to slow down, doubled while it goes on asking.
const THROTTLE_FIRST: Duration = Duration::from_millis(250);
const THROTTLE_MAX: Duration = Duration::from_secs(30);

/// Something only the shell can do.
pub enum Command {
    /// Open a session; [`MailCore::opened`] or [`MailCore::open_failed`] follows.
    Open { slot: u8, epoch: u32 },
    /// Build a mail; [`MailCore::composed`] follows.
    Compose {
        slot: u8,
        epoch: u32,
        write: WriteRef,
        letter: Box<Letter>,
    },
    /// The session has bytes for the socket.
    Flush { slot: u8 },
    /// Nothing more is read or written.
    Close { slot: u8 },
}

/// Everything that decides on one connection to a mail relay. Sockets, files and timers are the shell's.
pub struct MailCore {
    pub(super) id: ConnectionId,
    pub(super) config: Arc<Connection>,
    pub(super) following: Following,
    pub(super) slots: Vec<Slot>,
    next_epoch: u32,
    pub(super) limiter: SlidingSecond,
    pub(super) throttle: Backoff,
    pub(super) throttled_until: Monotonic,
    pub(super) stopping: bool,
    pub(super) last_error: Option<String>,
}

impl MailCore {
    /// `next_epoch` is above every epoch of this connection in the journal. For so long as `quiet` nothing is written.
    pub fn new(config: Arc<Connection>, next_epoch: u32, quiet: Duration, now: Now) -> Self {
        MailCore {
            id: config.id,
            slots: (0..config.sessions.max(1))
                .map(|_| Slot::new(now.monotonic))
                .collect(),
            next_epoch,
            limiter: SlidingSecond::new(config.rate_per_second, now.monotonic + quiet),
            throttle: Backoff::new(THROTTLE_FIRST, THROTTLE_MAX),
            throttled_until: Monotonic::default(),
            stopping: false,
            last_error: None,
            following: Following::default(),
            config,
        }
    }

    /// Lets time pass: reopens sessions, signs of life, time-outs, the breaker, and whatever may be sent now.
    pub fn tick(&mut self, lane: &mut LaneCore, random: f64, now: Now) -> Vec<Command> {
        let mut commands = Vec::new();
        self.follow(lane, now);
        for slot in 0..self.slots.len() {
            self.tick_slot(slot, lane, random, now, &mut commands);
        }
        self.work(lane, random, now, &mut commands);
        commands
    }

    /// Takes what the lane put into the mail and sends what may be sent.
    pub(super) fn work(&mut self, lane: &mut LaneCore, random: f64, now: Now, commands: &mut Vec<Command>) {
        self.write(lane, now, commands);
        self.pull(lane, now);
        self.part(lane, random, now, commands);
        self.tell(lane, now);
    }

    /// Whether this opening is still waited for. It may have been given up, and another one may have been quicker.
    pub fn awaits(&self, slot: u8, epoch: u32) -> bool {
        let place = self.slots.get(usize::from(slot));
        place.is_some_and(
            |place| matches!(place.state, SlotState::Opening { epoch: wanted } if wanted == epoch),
        )
    }

    /// A session is open: it counts as bound.
    pub fn opened(
        &mut self,
        lane: &mut LaneCore,
        slot: u8,
        epoch: u32,
        capabilities: Capabilities,
        random: f64,
        now: Now,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        if !self.awaits(slot, epoch) {
            return commands;
        }
        let place = &mut self.slots[usize::from(slot)];
        let answer_timeout = Duration::from_secs(u64::from(self.config.response_timeout_s));
        place.state = SlotState::Active(Box::new(ActiveSession {
            session: MailSession::new(capabilities, answer_timeout, now.monotonic),
            epoch,
            open_since: now.monotonic,
            reserved: 0,
            composing: None,
            silent: false,
            leaving: false,
            config: self.config.clone(),
        }));
        place.stands = Some(epoch);
        self.last_error = None;
        lane.session_changed(self.id, slot, epoch, SessionChange::Bound, now);
        self.work(lane, random, now, &mut commands);
        commands
    }

    pub fn open_failed(
        &mut self,
        lane: &mut LaneCore,
        slot: u8,
        epoch: u32,
        reason: String,
        random: f64,
        now: Now,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.awaits(slot, epoch) {
            let place = &mut self.slots[usize::from(slot)];
            place.state = SlotState::Idle {
                retry_at: now.monotonic + place.backoff.next(random),
            };
            self.fall(lane, slot, &reason, now);
            self.last_error = Some(reason);
        }
        self.work(lane, random, now, &mut commands);
        commands
    }

    /// A mail is built, or cannot be.
    #[expect(
        clippy::too_many_arguments,
        reason = "one event of one session at one moment, with everything it may touch"
    )]
    pub fn composed(
        &mut self,
        lane: &mut LaneCore,
        slot: u8,
        epoch: u32,
        write: WriteRef,
        mail: Result<Outgoing, ComposeError>,
        random: f64,
        now: Now,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        let active = self
            .slots
            .get_mut(usize::from(slot))
            .and_then(|place| place.of_epoch(epoch))
            .filter(|active| active.composing == Some(write));
        // A session that ended meanwhile has given the mail back.
        if let Some(active) = active {
            active.composing = None;
            match mail {
                Ok(_) if !is_to_be_written(lane, write) => {}
                Ok(mail) => match active.session.submit(mail, now.monotonic) {
                    Ok(()) => {
                        lane.counters().segments_written.add(1);
                        commands.push(Command::Flush { slot });
                    }
                    Err(_) => lane.returned(write, now),
                },
                Err(error) => {
                    tracing::warn!(
                        connection = self.id.0,
                        error = %in_full(&error),
                        "a mail cannot be composed"
                    );
                    lane.rejected(write, error.code().into(), error.is_passing(), now);
                }
            }
        }
        self.work(lane, random, now, &mut commands);
        commands
    }

    /// Bytes came from the relay.
    pub fn received(
        &mut self,
        lane: &mut LaneCore,
        slot: u8,
        epoch: u32,
        bytes: &[u8],
        random: f64,
        now: Now,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut events = Vec::new();
        let place = self.slots.get_mut(usize::from(slot));
        if let Some(active) = place.and_then(|place| place.of_epoch(epoch)) {
            active.silent = false;
            active.session.receive(bytes, now.monotonic, &mut events);
            self.happened(lane, slot, events, random, now, &mut commands);
            commands.push(Command::Flush { slot });
        }
        self.work(lane, random, now, &mut commands);
        commands
    }

    /// The socket is gone.
    pub fn lost(
        &mut self,
        lane: &mut LaneCore,
        slot: u8,
        epoch: u32,
        end: SessionEnd,
        random: f64,
        now: Now,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        let place = self.slots.get_mut(usize::from(slot));
        if place.is_some_and(|place| place.of_epoch(epoch).is_some()) {
            let events = vec![MailEvent::Closed(end)];
            self.happened(lane, slot, events, random, now, &mut commands);
        }
        self.work(lane, random, now, &mut commands);
        commands
    }

    /// What the socket should take next; asked for when it has taken what was given before.
    pub fn take_output(&mut self, slot: u8, epoch: u32, now: Now) -> Option<Bytes> {
        let place = self.slots.get_mut(usize::from(slot))?;
        place.of_epoch(epoch)?.session.take_output(now.monotonic)
    }

    /// Ends every session in order: nothing new is pulled, open transactions are waited for.
    pub fn unbind(&mut self, lane: &mut LaneCore, random: f64, now: Now) -> Vec<Command> {
        self.stopping = true;
        let mut commands = Vec::new();
        self.work(lane, random, now, &mut commands);
        commands
    }

    /// No session is there.
    pub fn is_ended(&self) -> bool {
        self.slots
            .iter()
            .all(|slot| matches!(slot.state, SlotState::Idle { .. }))
    }

    /// Tries again at once where the next try was still waited for.
    pub fn retry_now(&mut self, now: Now) {
        for slot in &mut self.slots {
            if let SlotState::Idle { retry_at } = &mut slot.state {
                *retry_at = now.monotonic;
                slot.backoff.reset();
            }
        }
    }

    /// When [`MailCore::tick`] should run next.
    pub fn next_tick(&mut self, lane: &LaneCore, now: Now) -> Monotonic {
        let mut next = now.monotonic + Duration::from_secs(1);
        for (number, slot) in self.slots.iter().enumerate() {
            match &slot.state {
                SlotState::Idle { retry_at } if self.is_wanted(number) => next = next.min(*retry_at),
                SlotState::Active(active) => {
                    next = active.session.next_tick().map_or(next, |tick| next.min(tick));
                }
                _ => {}
            }
        }
        let waiting = lane
            .link(self.id)
            .is_some_and(|link| !link.mail.writes.is_empty() || link.credit == 0);
        if waiting {
            if self.throttled_until > now.monotonic {
                next = next.min(self.throttled_until);
            } else {
                let free = self.limiter.next_available(now.monotonic);
                if free > now.monotonic {
                    next = next.min(free);
                }
            }
        }
        next.max(now.monotonic)
    }

    fn tick_slot(
        &mut self,
        number: usize,
        lane: &mut LaneCore,
        random: f64,
        now: Now,
        commands: &mut Vec<Command>,
    ) {
        let is_wanted = self.is_wanted(number);
        let silence_max = Duration::from_secs(u64::from(self.config.silence_s));
        let slot = number as u8;
        match &mut self.slots[number].state {
            SlotState::Idle { retry_at } if is_wanted && *retry_at <= now.monotonic => {
                let epoch = self.next_epoch;
                self.next_epoch += 1;
                self.slots[number].state = SlotState::Opening { epoch };
                commands.push(Command::Open { slot, epoch });
            }
            SlotState::Idle { .. } | SlotState::Opening { .. } => {}
            SlotState::Active(active) => {
                let mut events = Vec::new();
                active.session.tick(now.monotonic, &mut events);
                let silence = active.session.silence(now.monotonic);
                if !active.silent && silence.is_some_and(|silence| silence >= silence_max) {
                    active.silent = true;
                    self.last_error = Some(format!(
                        "silent for {} s with an answer owed",
                        silence_max.as_secs()
                    ));
                }
                self.happened(lane, slot, events, random, now, commands);
                commands.push(Command::Flush { slot });
            }
        }
    }

    /// The SESSION of a slot no longer stands as bound.
    pub(super) fn fall(&mut self, lane: &mut LaneCore, slot: u8, cause: &str, now: Now) {
        if let Some(epoch) = self.slots[usize::from(slot)].stands.take() {
            let cause = cause.into();
            lane.session_changed(self.id, slot, epoch, SessionChange::Lost { cause }, now);
        }
    }
}

/// Whether the write still is the segment's newest, and unanswered.
pub(super) fn is_to_be_written(lane: &LaneCore, write: WriteRef) -> bool {
    let row = lane.columns().row(write.at.row);
    let segment = row.and_then(|row| row.segments.get(usize::from(write.at.segment)));
    segment.is_some_and(|segment| {
        segment.state == carillon_domain::state::SegmentState::Intent
            && segment.try_number == write.try_number
    })
}
