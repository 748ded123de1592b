use super::encode;
use super::limiter::SlidingSecond;
use super::slot::{ActiveSession, Slot, SlotState};
use crate::backoff::Backoff;
use crate::columns::WriteRef;
use crate::lane::{Effect, LaneCore};
use crate::status::{ConnectionState, ConnectionStatus};
use bytes::Bytes;
use carillon_domain::catalog::{Connection, Protocol};
use carillon_domain::fact::{SessionChange, StatusCode, UncertainCause};
use carillon_domain::ids::ConnectionId;
use carillon_domain::state::SegmentState;
use carillon_domain::time::{Monotonic, Now};
use carillon_protocols::session::{ClientEvent, ClientSession, Ignored, Millis, RejectClass, SubmitError};
use compact_str::{ToCompactString, format_compact};
use std::time::Duration;

/// Pause after the carrier asked to slow down, doubled while it goes on asking.
const THROTTLE_FIRST: Duration = Duration::from_millis(250);
const THROTTLE_MAX: Duration = Duration::from_secs(8);

/// Written segments of a previous process may still count in the carrier's second (RATE-1).
const QUIET_AFTER_START: Duration = Duration::from_secs(1);

/// Segments given an INTENT in one go; keeps frames and mail small.
const PULL_MAX: usize = 2_048;

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
    id: ConnectionId,
    config: Connection,
    slots: Vec<Slot>,
    next_epoch: u32,
    limiter: SlidingSecond,
    throttle: Backoff,
    throttled_until: Monotonic,
    /// Reference number of the last long message; unique per destination for long enough.
    concatenation: u16,
    stopping: bool,
    last_error: Option<String>,
}

impl ConnectionCore {
    /// `next_epoch` is above every epoch of this connection in the journal.
    pub fn new(config: Connection, next_epoch: u32, now: Now) -> Self {
        ConnectionCore {
            id: config.id,
            slots: (0..config.sessions.max(1))
                .map(|_| Slot::new(now.monotonic))
                .collect(),
            next_epoch,
            limiter: SlidingSecond::new(config.rate_per_second, now.monotonic + QUIET_AFTER_START),
            throttle: Backoff::new(THROTTLE_FIRST, THROTTLE_MAX),
            throttled_until: Monotonic::default(),
            concatenation: now.unix.0 as u16,
            stopping: false,
            last_error: None,
            config,
        }
    }

    /// Lets time pass: reconnects, link tests, time-outs, the breaker, and whatever may be sent now.
    pub fn tick(&mut self, lane: &mut LaneCore, random: f64, now: Now) -> Vec<Command> {
        let mut commands = Vec::new();
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
        self.tell(lane, now);
    }

    /// The socket of `slot` is open: the bind goes out.
    pub fn connected(&mut self, slot: u8, epoch: u32, timestamp: u32, now: Now) -> Vec<Command> {
        let place = &mut self.slots[usize::from(slot)];
        if !matches!(place.state, SlotState::Connecting { epoch: wanted } if wanted == epoch) {
            return vec![];
        }
        match ClientSession::new(encode::client_config(&self.config), timestamp, millis(now)) {
            Ok(session) => {
                let active = ActiveSession {
                    session,
                    epoch,
                    bound_since: None,
                    written: 0,
                    reserved: 0,
                    silent: false,
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
        let place = &mut self.slots[usize::from(slot)];
        if matches!(place.state, SlotState::Connecting { epoch: wanted } if wanted == epoch) {
            self.last_error = Some(reason);
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
        let Some(active) = self.slots[usize::from(slot)].of_epoch(epoch) else {
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
        let Some(active) = self.slots[usize::from(slot)].of_epoch(epoch) else {
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
        if let Some(active) = self.slots[usize::from(slot)].of_epoch(epoch) {
            bytes::Buf::advance(active.session.output(), bytes);
            active.written += bytes as u64;
        }
    }

    /// What the socket should take next.
    pub fn output(&mut self, slot: u8, epoch: u32) -> Option<&[u8]> {
        let output: &[u8] = self.slots[usize::from(slot)].of_epoch(epoch)?.session.output();
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
        if self.slots[usize::from(slot)].of_epoch(epoch).is_some() {
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
        for slot in &self.slots {
            next = next.min(match &slot.state {
                SlotState::Idle { .. } if self.stopping || !self.config.enabled => continue,
                SlotState::Idle { retry_at } => *retry_at,
                SlotState::Connecting { .. } => continue,
                SlotState::Active(active) => match active.session.next_tick() {
                    Millis::MAX => continue,
                    at => Monotonic(Duration::from_millis(at)),
                },
            });
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

    pub fn status(&mut self, now: Now) -> ConnectionStatus {
        let bound = self
            .slots
            .iter_mut()
            .filter_map(Slot::active)
            .filter(|active| active.is_bound())
            .count();
        let silent = self
            .slots
            .iter_mut()
            .filter_map(Slot::active)
            .any(|active| active.silent);
        let in_flight: usize = self
            .slots
            .iter_mut()
            .filter_map(Slot::active)
            .map(|active| active.session.in_flight())
            .sum();
        let state = if !self.config.enabled {
            ConnectionState::Off
        } else if silent {
            ConnectionState::BreakerOpen
        } else if self.throttled_until > now.monotonic {
            ConnectionState::Throttled
        } else if bound == self.slots.len() {
            ConnectionState::Up
        } else if bound > 0 {
            ConnectionState::Degraded
        } else if self
            .slots
            .iter()
            .any(|slot| !matches!(slot.state, SlotState::Idle { .. }))
        {
            ConnectionState::Connecting
        } else {
            ConnectionState::Down
        };
        ConnectionStatus {
            connection: self.id,
            state,
            sessions_bound: bound as u8,
            sessions_wanted: self.slots.len() as u8,
            in_flight: in_flight as u32,
            written_last_second: self.limiter.written_last_second(now.monotonic),
            last_error: self.last_error.clone(),
        }
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
        match &mut self.slots[slot].state {
            SlotState::Idle { retry_at } => {
                if self.config.enabled && !self.stopping && *retry_at <= now.monotonic {
                    let epoch = self.next_epoch;
                    self.next_epoch += 1;
                    self.slots[slot].state = SlotState::Connecting { epoch };
                    commands.push(Command::Connect { slot: number, epoch });
                }
            }
            SlotState::Connecting { .. } => {}
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

    #[expect(
        clippy::too_many_arguments,
        reason = "one event of one session at one moment, with everything it may touch"
    )]
    fn happened(
        &mut self,
        lane: &mut LaneCore,
        slot: u8,
        epoch: u32,
        events: Vec<ClientEvent>,
        random: f64,
        now: Now,
        commands: &mut Vec<Command>,
    ) {
        let mut tags = Vec::new();
        let mut refusal = None;
        for event in events {
            match event {
                ClientEvent::Bound { .. } => {
                    if let Some(active) = self.slots[usize::from(slot)].active() {
                        active.bound_since = Some(now.monotonic);
                    }
                    self.last_error = None;
                    lane.session_changed(self.id, slot, epoch, SessionChange::Bound, now);
                }
                ClientEvent::BindRefused { code, reason } => {
                    refusal = Some(format!("the carrier refused the bind: {reason} ({code})"));
                }
                ClientEvent::Submitted { token, id, .. } => {
                    self.throttle.reset();
                    let id = encode::response_id(id, &self.config);
                    lane.submitted(WriteRef::from_token(token), self.id, id, now);
                }
                ClientEvent::Rejected {
                    token, code, class, ..
                } => {
                    let busy = class != RejectClass::Permanent;
                    if busy && self.throttled_until <= now.monotonic {
                        self.throttled_until = now.monotonic + self.throttle.next(random);
                    }
                    lane.rejected(
                        WriteRef::from_token(token),
                        status_code(self.config.protocol, code),
                        busy,
                        now,
                    );
                }
                ClientEvent::TimedOut { token } => {
                    lane.uncertain(WriteRef::from_token(token), UncertainCause::Timeout, now);
                }
                ClientEvent::Receipt { tag, receipt } => {
                    lane.receipt(self.id, encode::receipt(receipt, &self.config), now);
                    tags.push(tag);
                }
                ClientEvent::Reply { tag, reply } => {
                    lane.reply(self.id, encode::reply(reply), now);
                    tags.push(tag);
                }
                ClientEvent::Refused { error, .. } => {
                    self.last_error = Some(format!("a delivery could not be read: {error}"));
                    lane.counters().deliveries_unreadable.add(1);
                }
                ClientEvent::PeerUnbound => {}
                ClientEvent::Closed { reason } => {
                    let last = self.last_words(slot);
                    commands.push(Command::Close { slot, last });
                    let cause = refusal.take().unwrap_or_else(|| in_full(&reason));
                    self.end_session(lane, slot, &cause, random, now);
                }
            }
            lane.commit_when_large();
        }
        if !tags.is_empty() {
            lane.hold(Effect::Acknowledge {
                connection: self.id,
                session: slot,
                epoch,
                tags,
            });
        }
    }

    /// What a closed session still wants to say. Nothing when a submit is among it: that one goes by another way.
    fn last_words(&mut self, slot: u8) -> Bytes {
        let Some(active) = self.slots[usize::from(slot)].active() else {
            return Bytes::new();
        };
        if active
            .session
            .open_submits()
            .iter()
            .any(|open| open.offset >= active.written)
        {
            return Bytes::new();
        }
        active.session.output().split().freeze()
    }

    fn end_session(&mut self, lane: &mut LaneCore, slot: u8, cause: &str, random: f64, now: Now) {
        let place = &mut self.slots[usize::from(slot)];
        if place
            .active()
            .is_some_and(|active| active.was_stable(now.monotonic))
        {
            place.backoff.reset();
        }
        let idle = SlotState::Idle {
            retry_at: now.monotonic + place.backoff.next(random),
        };
        let SlotState::Active(active) = std::mem::replace(&mut place.state, idle) else {
            return;
        };
        if self.stopping {
            place.state = SlotState::Idle {
                retry_at: now.monotonic,
            };
        } else {
            self.last_error = Some(cause.to_owned());
        }
        lane.session_changed(
            self.id,
            slot,
            active.epoch,
            SessionChange::Lost {
                cause: cause.to_compact_string(),
            },
            now,
        );
        for open in active.session.open_submits() {
            let write = WriteRef::from_token(open.token);
            if open.offset < active.written {
                lane.uncertain(write, UncertainCause::Cut, now);
            } else {
                lane.returned(write, now);
            }
            lane.commit_when_large();
        }
        self.return_unwritten(lane, slot, active.epoch, now);
        lane.match_parked(self.id, now);
    }

    /// Segments whose INTENT is durable but whose session is gone.
    fn return_unwritten(&mut self, lane: &mut LaneCore, slot: u8, epoch: u32, now: Now) {
        let Some(link) = lane.link_mut(self.id) else {
            return;
        };
        let writes = std::mem::take(&mut link.mail.writes);
        let (mut kept, mut gone) = (std::collections::VecDeque::new(), Vec::new());
        for write in writes {
            let stands = lane
                .columns()
                .row(write.at.row)
                .and_then(|row| row.segments.get(usize::from(write.at.segment)));
            match stands {
                Some(segment) if segment.session == slot && segment.epoch == epoch => gone.push(write),
                _ => kept.push_back(write),
            }
        }
        if let Some(link) = lane.link_mut(self.id) {
            link.mail.writes = kept;
        }
        for write in gone {
            lane.returned(write, now);
            lane.commit_when_large();
        }
    }

    fn acknowledge(&mut self, lane: &mut LaneCore, commands: &mut Vec<Command>) {
        let Some(link) = lane.link_mut(self.id) else {
            return;
        };
        link.mail.poked = false;
        for acknowledgement in std::mem::take(&mut link.mail.acknowledgements) {
            let Some(place) = self.slots.get_mut(usize::from(acknowledgement.session)) else {
                continue;
            };
            let Some(active) = place.of_epoch(acknowledgement.epoch) else {
                continue;
            };
            acknowledgement
                .tags
                .into_iter()
                .for_each(|tag| active.session.acknowledge(tag, true));
            self.flush_if_needed(acknowledgement.session, commands);
        }
    }

    /// Writes segments whose INTENT is durable, as far as the rate allows.
    fn write(&mut self, lane: &mut LaneCore, now: Now, commands: &mut Vec<Command>) {
        let mut allowed = self.limiter.available(now.monotonic);
        let mut written = 0;
        let mut later = Vec::new();
        while allowed > 0
            && let Some(write) = lane
                .link_mut(self.id)
                .and_then(|link| link.mail.writes.pop_front())
        {
            match self.write_one(lane, write, now) {
                Written::Yes => {
                    allowed -= 1;
                    written += 1;
                }
                Written::No => {}
                // The other sessions' segments do not wait for this one's answers.
                Written::Later => later.push(write),
            }
        }
        if let Some(link) = lane.link_mut(self.id) {
            later
                .into_iter()
                .rev()
                .for_each(|write| link.mail.writes.push_front(write));
        }
        if written > 0 {
            self.limiter.charge(now.monotonic, written);
            lane.counters().segments_written.add(u64::from(written));
            (0..self.slots.len() as u8).for_each(|slot| self.flush_if_needed(slot, commands));
        }
    }

    fn write_one(&mut self, lane: &mut LaneCore, write: WriteRef, now: Now) -> Written {
        let at = write.at;
        let Some(row) = lane.columns().row(at.row) else {
            return Written::No;
        };
        let Some(segment) = row.segments.get(usize::from(at.segment)) else {
            return Written::No;
        };
        // A newer INTENT brings its own order to write, once it is durable (DUP-1).
        if segment.state != SegmentState::Intent || segment.try_number != write.try_number {
            return Written::No;
        }
        let active = self
            .slots
            .get_mut(usize::from(segment.session))
            .and_then(|slot| slot.of_epoch(segment.epoch));
        let Some(active) = active else {
            lane.returned(write, now);
            return Written::No;
        };
        let receipt = lane.receipts_due(row);
        let (token, session) = (write.token(), &mut active.session);
        let outcome = encode::with_submit(row, at.segment, &self.config, receipt, |submit| {
            session.submit(submit, token, millis(now))
        });
        if let Ok(Err(SubmitError::WindowFull)) = outcome {
            return Written::Later;
        }
        active.reserved = active.reserved.saturating_sub(1);
        match outcome {
            Ok(Ok(())) => return Written::Yes,
            Ok(Err(SubmitError::NotBound)) => lane.returned(write, now),
            Ok(Err(error)) => lane.rejected(write, format_compact!("unencodable: {error}"), false, now),
            Err(error) => lane.rejected(write, format_compact!("unencodable: {error}"), false, now),
        }
        Written::No
    }

    /// Takes as much as there are free slots and rate, and records the INTENTs. They are written when durable.
    fn pull(&mut self, lane: &mut LaneCore, now: Now) {
        if self.is_paused(now) || self.stopping {
            return;
        }
        let mut credit = self.credit(now).min(PULL_MAX);
        if credit == 0 {
            return;
        }
        let mut pulled = lane.pull(self.id, credit, now).into_iter();
        let mut writes = Vec::with_capacity(pulled.len());
        let mut previous = None;
        while credit > 0
            && let Some((slot, epoch)) = self.roomiest()
            && let Some(at) = pulled.next()
        {
            if previous != Some(at.row) {
                self.concatenation = self.concatenation.wrapping_add(1);
                previous = Some(at.row);
            }
            let begun = lane.columns().row(at.row).filter(|row| row.connection.is_some());
            let reference = begun.map_or(self.concatenation.max(1), |row| row.concatenation);
            if let Some(write) = lane.intend(at, self.id, slot, epoch, reference, now) {
                self.slots[usize::from(slot)]
                    .active()
                    .expect("the roomiest is active")
                    .reserved += 1;
                writes.push(write);
                credit -= 1;
            }
            lane.commit_when_large();
        }
        if let Some(link) = lane.link_mut(self.id) {
            pulled.rev().for_each(|at| link.outbox.push_front(at));
        }
        if !writes.is_empty() {
            lane.hold(Effect::Write {
                connection: self.id,
                segments: writes,
            });
        }
    }

    /// Number and epoch of the usable session with the most room.
    fn roomiest(&mut self) -> Option<(u8, u32)> {
        let look_ahead = self.config.look_ahead;
        let (credit, slot, epoch) = self
            .slots
            .iter_mut()
            .enumerate()
            .filter_map(|(number, slot)| {
                let active = slot.active()?;
                Some((active.credit(look_ahead), number as u8, active.epoch))
            })
            .max_by_key(|(credit, ..)| *credit)?;
        (credit > 0).then_some((slot, epoch))
    }

    /// Whether nothing may be written for a while. An INTENT then would only be uncertain after the next crash.
    fn is_paused(&self, now: Now) -> bool {
        self.throttled_until > now.monotonic || self.limiter.is_quiet(now.monotonic)
    }

    fn credit(&mut self, now: Now) -> usize {
        let look_ahead = self.config.look_ahead;
        let slots: usize = self
            .slots
            .iter_mut()
            .filter_map(Slot::active)
            .map(|active| active.credit(look_ahead))
            .sum();
        let reserved: usize = self
            .slots
            .iter_mut()
            .filter_map(Slot::active)
            .map(|active| active.reserved)
            .sum();
        let used = self.limiter.written_last_second(now.monotonic) as usize + reserved;
        slots.min((self.config.rate_per_second.max(1) as usize).saturating_sub(used))
    }

    fn tell(&mut self, lane: &mut LaneCore, now: Now) {
        let able = !self.stopping
            && self
                .slots
                .iter_mut()
                .filter_map(Slot::active)
                .any(|active| active.is_usable());
        let credit = if self.is_paused(now) { 0 } else { self.credit(now) };
        lane.set_link(self.id, able, credit as u32);
    }

    fn flush_if_needed(&mut self, slot: u8, commands: &mut Vec<Command>) {
        let flush = Command::Flush { slot };
        if commands.contains(&flush) {
            return;
        }
        if let Some(active) = self.slots[usize::from(slot)].active()
            && !active.session.output().is_empty()
        {
            commands.push(flush);
        }
    }
}

enum Written {
    Yes,
    /// Nothing to write: it ended, or went back.
    No,
    /// The window is full after all.
    Later,
}

/// What came from the peer without effect is counted with its cause.
fn count_ignored(lane: &LaneCore, before: Ignored, after: Ignored) {
    let counters = lane.counters();
    counters.answers_ignored.add(after.answers - before.answers);
    counters.commands_ignored.add(after.commands - before.commands);
    counters.pdus_malformed.add(after.malformed - before.malformed);
}

/// An error and its sources in one line.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn millis(now: Now) -> Millis {
    now.monotonic.0.as_millis() as u64
}

/// The carrier's code as it is written in its own documents: CMPP results decimal, SMPP statuses hexadecimal.
fn status_code(protocol: Protocol, code: u32) -> StatusCode {
    match protocol {
        Protocol::Cmpp20 | Protocol::Cmpp30 => code.to_compact_string(),
        Protocol::Smpp34 => format_compact!("0x{code:08X}"),
    }
}
