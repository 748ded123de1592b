use super::encode;
use super::events::count_ignored;
use super::following::Following;
use super::limiter::SlidingSecond;
use super::slot::{ActiveSession, Slot, SlotState};
use crate::backoff::Backoff;
use crate::lane::LaneCore;
use bytes::Bytes;
use carillon_domain::catalog::Connection;
use carillon_domain::ids::ConnectionId;
use carillon_domain::time::{Monotonic, Now};
use carillon_protocols::session::{ClientSession, Millis};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Pause after the carrier asked to slow down, doubled while it goes on asking.
const THROTTLE_FIRST: Duration = Duration::from_millis(250);
const THROTTLE_MAX: Duration = Duration::from_secs(8);

/// Something only the shell can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Connect {
        slot: u8,
        epoch: u32,
    },
    /// The session's output has bytes for the socket.
    Flush {
        slot: u8,
    },
    /// Nothing more is read; `last` may still be written.
    Close {
        slot: u8,
        last: Bytes,
    },
}

/// Everything that decides on one connection. Sockets and timers are the shell's.
#[derive(Debug)]
pub struct ConnectionCore {
    pub(super) id: ConnectionId,
    pub(super) config: Arc<Connection>,
    pub(super) following: Following,
    pub(super) slots: Vec<Slot>,
    pub(super) next_epoch: u32,
    pub(super) limiter: SlidingSecond,
    pub(super) throttle: Backoff,
    pub(super) throttled_until: Monotonic,
    /// Reference number of the last long message; unique per destination for long enough.
    pub(super) concatenation: u16,
    pub(super) stopping: bool,
    pub(super) last_error: Option<String>,
    /// The session that wrote last.
    pub(super) next_to_write: usize,
}

impl ConnectionCore {
    /// `next_epoch` is above every epoch of this connection in the journal. For so long as `quiet` nothing is written.
    pub fn new(config: impl Into<Arc<Connection>>, next_epoch: u32, quiet: Duration, now: Now) -> Self {
        let config = config.into();
        ConnectionCore {
            id: config.id,
            slots: (0..config.sessions.max(1))
                .map(|_| Slot::new(now.monotonic))
                .collect(),
            next_epoch,
            limiter: SlidingSecond::new(config.rate_per_second, now.monotonic + quiet),
            throttle: Backoff::new(THROTTLE_FIRST, THROTTLE_MAX),
            throttled_until: Monotonic::default(),
            concatenation: now.unix.0 as u16,
            stopping: false,
            last_error: None,
            next_to_write: 0,
            following: Following::default(),
            config,
        }
    }

    /// Lets time pass: reconnects, link tests, time-outs, the breaker, and whatever may be sent now.
    pub fn tick(&mut self, lane: &mut LaneCore, random: f64, now: Now) -> Vec<Command> {
        let mut commands = Vec::new();
        self.follow(lane, now);
        for slot in 0..self.slots.len() {
            self.tick_slot(slot, lane, random, now, &mut commands);
        }
        self.work(lane, now, &mut commands);
        commands
    }

    /// Takes what the lane put into the mail and sends what may be sent.
    pub fn work(&mut self, lane: &mut LaneCore, now: Now, commands: &mut Vec<Command>) {
        self.acknowledge(lane, commands);
        self.write(lane, now, commands);
        self.pull(lane, now);
        self.part(lane, now, commands);
        self.tell(lane, now);
    }

    /// Whether this try to connect is still waited for. It may have been given up, and another one may have been quicker.
    pub fn awaits(&self, slot: u8, epoch: u32) -> bool {
        let place = self.slots.get(usize::from(slot));
        place.is_some_and(
            |place| matches!(place.state, SlotState::Connecting { epoch: wanted } if wanted == epoch),
        )
    }

    /// The socket of `slot` is open: the bind goes out.
    pub fn connected(&mut self, slot: u8, epoch: u32, timestamp: u32, now: Now) -> Vec<Command> {
        if !self.awaits(slot, epoch) {
            return Vec::new();
        }
        let place = &mut self.slots[usize::from(slot)];
        let session = encode::client_config(&self.config)
            .ok_or_else(|| "the protocol is no carrier's".to_owned())
            .and_then(|config| {
                ClientSession::new(config, timestamp, millis(now)).map_err(|error| error.to_string())
            });
        match session {
            Ok(session) => {
                let active = ActiveSession {
                    session,
                    epoch,
                    bound_since: None,
                    written: 0,
                    reserved: 0,
                    ready: VecDeque::new(),
                    silent: false,
                    leaving: false,
                    config: self.config.clone(),
                };
                place.state = SlotState::Active(Box::new(active));
                vec![Command::Flush { slot }]
            }
            Err(error) => {
                self.last_error = Some(format!("the bind cannot be written: {error}"));
                place.state = SlotState::Idle {
                    retry_at: now.monotonic + Duration::from_secs(60),
                };
                vec![Command::Close {
                    slot,
                    last: Bytes::new(),
                }]
            }
        }
    }

    pub fn connect_failed(&mut self, slot: u8, epoch: u32, reason: String, random: f64, now: Now) {
        if self.awaits(slot, epoch) {
            self.last_error = Some(reason);
            let place = &mut self.slots[usize::from(slot)];
            let wait = place.backoff.next(random);
            place.state = SlotState::Idle {
                retry_at: now.monotonic + wait,
            };
        }
    }

    /// Bytes came from the carrier. All PDUs in them are one event.
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
        let Some(active) = self.active(slot, epoch) else {
            return commands;
        };
        active.silent = false;
        let mut events = Vec::new();
        let ignored = active.session.ignored();
        active.session.receive(bytes, millis(now), &mut events);
        count_ignored(lane, ignored, active.session.ignored());
        self.happened(lane, slot, epoch, events, random, now, &mut commands);
        self.work(lane, now, &mut commands);
        self.flush_if_needed(slot, &mut commands);
        commands
    }

    /// Whether more may be read from a session: not while the peer does not take our answers, nor while what came before
    /// waits for the disk.
    pub fn may_read(&mut self, lane: &LaneCore, slot: u8, epoch: u32) -> bool {
        let Some(active) = self.active(slot, epoch) else {
            return true;
        };
        if active.is_clogged() {
            self.last_error = Some("the carrier does not read what we answer".to_owned());
            return false;
        }
        lane.journal().status().backlog_bytes <= lane.options().journal_backlog_bytes_max
    }

    /// The socket took `bytes` of the session's output.
    pub fn wrote(&mut self, slot: u8, epoch: u32, bytes: usize) {
        if let Some(active) = self.active(slot, epoch) {
            bytes::Buf::advance(active.session.output(), bytes);
            active.written += bytes as u64;
        }
    }

    /// What the socket should take next.
    pub fn output(&mut self, slot: u8, epoch: u32) -> Option<&[u8]> {
        let output: &[u8] = self.active(slot, epoch)?.session.output();
        Some(output).filter(|output| !output.is_empty())
    }

    /// The socket is gone. What it never took may leave by another way, the rest is of unknown outcome.
    pub fn lost(
        &mut self,
        lane: &mut LaneCore,
        slot: u8,
        epoch: u32,
        cause: &str,
        random: f64,
        now: Now,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.active(slot, epoch).is_some() {
            self.end_session(lane, slot, cause, random, now);
            self.work(lane, now, &mut commands);
        }
        commands
    }

    /// Ends every session in order: nothing new is pulled, open requests are waited for.
    pub fn unbind(&mut self, lane: &mut LaneCore, now: Now) -> Vec<Command> {
        self.stopping = true;
        let mut commands = Vec::new();
        for slot in 0..self.slots.len() {
            let place = &mut self.slots[slot];
            match &mut place.state {
                SlotState::Active(active) => active.session.unbind(millis(now)),
                state => {
                    *state = SlotState::Idle {
                        retry_at: now.monotonic,
                    }
                }
            }
            self.flush_if_needed(slot as u8, &mut commands);
        }
        self.work(lane, now, &mut commands);
        commands
    }

    /// Nothing is open any more after [`ConnectionCore::unbind`].
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

    /// When [`ConnectionCore::tick`] should run next.
    pub fn next_tick(&mut self, lane: &LaneCore, now: Now) -> Monotonic {
        let mut next = now.monotonic + Duration::from_secs(1);
        for (number, slot) in self.slots.iter().enumerate() {
            next = next.min(match &slot.state {
                SlotState::Idle { .. } if !self.is_wanted(number) => continue,
                SlotState::Idle { retry_at } => *retry_at,
                SlotState::Connecting { .. } => continue,
                SlotState::Active(active) => match active.session.next_tick() {
                    Millis::MAX => continue,
                    at => Monotonic(Duration::from_millis(at)),
                },
            });
        }
        let is_ready =
            |slot: &Slot| matches!(&slot.state, SlotState::Active(active) if !active.ready.is_empty());
        let waiting =
            lane.link(self.id).is_some_and(|link| link.credit == 0) || self.slots.iter().any(is_ready);
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
        slot: usize,
        lane: &mut LaneCore,
        random: f64,
        now: Now,
        commands: &mut Vec<Command>,
    ) {
        let silence_max = u64::from(self.config.silence_s) * 1000;
        let number = slot as u8;
        let is_wanted = self.is_wanted(slot) && !lane.journal_is_silent();
        match &mut self.slots[slot].state {
            SlotState::Idle { retry_at } => {
                if is_wanted && *retry_at <= now.monotonic {
                    let epoch = self.next_epoch;
                    self.next_epoch += 1;
                    self.slots[slot].state = SlotState::Connecting { epoch };
                    commands.push(Command::Connect { slot: number, epoch });
                }
            }
            SlotState::Connecting { .. } => {}
            SlotState::Active(_) if lane.journal_is_silent() => {
                self.end_session(lane, number, "the journal is silent", random, now);
                let last = Bytes::new();
                commands.push(Command::Close { slot: number, last });
            }
            SlotState::Active(active) => {
                let mut events = Vec::new();
                active.session.tick(millis(now), &mut events);
                if active
                    .session
                    .silence(millis(now))
                    .is_some_and(|silence| silence >= silence_max)
                    && !active.silent
                {
                    active.silent = true;
                    self.last_error = Some(format!(
                        "silent for {} s with requests open",
                        self.config.silence_s
                    ));
                }
                let epoch = active.epoch;
                self.happened(lane, number, epoch, events, random, now, commands);
                self.flush_if_needed(number, commands);
            }
        }
    }

    /// The session of this place, if it is the one of this epoch.
    fn active(&mut self, slot: u8, epoch: u32) -> Option<&mut ActiveSession> {
        self.slots.get_mut(usize::from(slot))?.of_epoch(epoch)
    }

    pub(super) fn flush_if_needed(&mut self, slot: u8, commands: &mut Vec<Command>) {
        let flush = Command::Flush { slot };
        if commands.contains(&flush) {
            return;
        }
        if let Some(active) = self.slots.get_mut(usize::from(slot)).and_then(Slot::active)
            && !active.session.output().is_empty()
        {
            commands.push(flush);
        }
    }
}

pub(super) fn millis(now: Now) -> Millis {
    now.monotonic.0.as_millis() as u64
}
