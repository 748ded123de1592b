//! What goes out: acknowledgements, segments whose INTENT is durable, and new INTENTs as far as slots and rate allow.

use super::core::{Command, ConnectionCore, millis};
use super::encode;
use super::slot::Slot;
use crate::columns::{Segment, WriteRef};
use crate::lane::{Effect, LaneCore, Load, WriteOrder};
use carillon_domain::state::SegmentState;
use carillon_domain::time::Now;
use carillon_protocols::session::SubmitError;
use compact_str::format_compact;

/// Segments given an INTENT in one go; keeps frames and mail small.
const PULL_MAX: usize = 2_048;

impl ConnectionCore {
    pub(super) fn acknowledge(&mut self, lane: &mut LaneCore, commands: &mut Vec<Command>) {
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

    /// Writes segments whose INTENT is durable, as far as windows and rate allow. Sessions take turns, so that the rate is not
    /// one session's alone.
    pub(super) fn write(&mut self, lane: &mut LaneCore, now: Now, commands: &mut Vec<Command>) {
        self.sort_into_sessions(lane, now);
        let allowed = self.limiter.available(now.monotonic);
        let slots = self.slots.len();
        let (mut written, mut passed) = (0, 0);
        while written < allowed && passed < slots {
            self.next_to_write = (self.next_to_write + 1) % slots;
            match self.write_next(self.next_to_write, lane, now) {
                Written::Yes => (written, passed) = (written + 1, 0),
                Written::No => passed = 0,
                Written::Nothing => passed += 1,
            }
        }
        if written > 0 {
            self.limiter.charge(now.monotonic, written);
            lane.counters().segments_written.add(u64::from(written));
            (0..self.slots.len() as u8).for_each(|slot| self.flush_if_needed(slot, commands));
        }
    }

    /// A session whose window is full keeps what it has, and nobody looks through that again before a slot is free.
    fn sort_into_sessions(&mut self, lane: &mut LaneCore, now: Now) {
        let Some(link) = lane.link_mut(self.id) else {
            return;
        };
        for order in std::mem::take(&mut link.mail.writes) {
            let write = order.write;
            let Some(segment) = standing(lane, write) else {
                continue;
            };
            let (slot, epoch) = (usize::from(segment.session), segment.epoch);
            match self.slots.get_mut(slot).and_then(|slot| slot.of_epoch(epoch)) {
                Some(active) => active.ready.push_back(order),
                None => lane.returned(write, now),
            }
        }
    }

    fn write_next(&mut self, slot: usize, lane: &mut LaneCore, now: Now) -> Written {
        let Some(active) = self.slots[slot].active() else {
            return Written::Nothing;
        };
        if active.session.window_free() == 0 {
            return Written::Nothing;
        }
        let Some(order) = active.ready.pop_front() else {
            return Written::Nothing;
        };
        active.reserved = active.reserved.saturating_sub(1);
        let write = order.write;
        if standing(lane, write).is_none() {
            return Written::No;
        }
        if lane.is_too_old(order, now) {
            lane.returned(write, now);
            return Written::No;
        }
        let Some(row) = lane.columns().row(write.at.row) else {
            return Written::No;
        };
        let receipt = lane.receipts_due(row);
        let (token, session) = (write.token(), &mut active.session);
        let body = lane.columns().body(row);
        let outcome = encode::with_submit(row, &body, write.at.segment, &active.config, receipt, |submit| {
            session.submit(submit, token, millis(now))
        });
        match outcome {
            Ok(Ok(())) => return Written::Yes,
            Ok(Err(SubmitError::NotBound | SubmitError::WindowFull)) => lane.returned(write, now),
            Ok(Err(error)) => lane.rejected(write, format_compact!("unencodable: {error}"), false, now),
            Err(error) => lane.rejected(write, format_compact!("unencodable: {error}"), false, now),
        }
        Written::No
    }

    /// Takes as much as there are free slots and rate, and records the INTENTs. They are written when durable.
    pub(super) fn pull(&mut self, lane: &mut LaneCore, now: Now) {
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
                writes.push(WriteOrder {
                    write,
                    intended: now.monotonic,
                });
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
    pub(super) fn is_paused(&self, now: Now) -> bool {
        self.throttled_until > now.monotonic || self.limiter.is_quiet(now.monotonic)
    }

    pub(super) fn credit(&mut self, now: Now) -> usize {
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

    pub(super) fn tell(&mut self, lane: &mut LaneCore, now: Now) {
        let mut load = Load::default();
        let usable = self.slots.iter_mut().filter_map(Slot::active);
        for active in usable.filter(|active| active.is_usable()) {
            load.in_flight += (active.session.in_flight() + active.reserved) as u32;
            load.slots += u32::from(active.config.window);
        }
        lane.set_load(self.id, load);
        let able = !self.stopping
            && self.following.wanted.pulls()
            && self
                .slots
                .iter_mut()
                .filter_map(Slot::active)
                .any(|active| active.is_usable());
        let credit = if self.is_paused(now) { 0 } else { self.credit(now) };
        lane.set_link(self.id, able, credit as u32);
    }
}

/// The segment of a write that is still to be done. A newer INTENT brings its own order to write, once it is durable (DUP-1).
fn standing(lane: &LaneCore, write: WriteRef) -> Option<&Segment> {
    let row = lane.columns().row(write.at.row)?;
    let segment = row.segments.get(usize::from(write.at.segment))?;
    (segment.state == SegmentState::Intent && segment.try_number == write.try_number).then_some(segment)
}

enum Written {
    Yes,
    /// Nothing to write after all: it ended, or went back.
    No,
    /// No segment is ready, or its window is full.
    Nothing,
}
