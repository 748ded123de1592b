//! What goes out: mails whose INTENT is durable, and new INTENTs as far as sessions and rate allow.

use super::compose::Letter;
use super::core::{Command, MailCore, is_to_be_written};
use super::return_path::ReturnPath;
use super::slot::Slot;
use crate::columns::{Body, BodyContent};
use crate::lane::{Effect, LaneCore, Load, WriteOrder};
use carillon_domain::time::Now;

impl MailCore {
    /// Begins mails whose INTENT is durable, as far as the rate allows.
    pub(super) fn write(&mut self, lane: &mut LaneCore, now: Now, commands: &mut Vec<Command>) {
        let mut allowed = self.limiter.available(now.monotonic);
        let mut begun = 0;
        let mut later = Vec::new();
        while allowed > 0
            && let Some(order) = lane
                .link_mut(self.id)
                .and_then(|link| link.mail.writes.pop_front())
        {
            match self.begin(lane, order, now) {
                Begun::Yes(command) => {
                    commands.push(command);
                    allowed -= 1;
                    begun += 1;
                }
                Begun::No => {}
                Begun::Later => later.push(order),
            }
        }
        if let Some(link) = lane.link_mut(self.id) {
            link.mail.poked = false;
            later
                .into_iter()
                .rev()
                .for_each(|order| link.mail.writes.push_front(order));
        }
        if begun > 0 {
            self.limiter.charge(now.monotonic, begun);
        }
    }

    fn begin(&mut self, lane: &mut LaneCore, order: WriteOrder, now: Now) -> Begun {
        let write = order.write;
        // A newer INTENT brings its own order to write, once it is durable (DUP-1).
        if !is_to_be_written(lane, write) {
            return Begun::No;
        }
        let row = lane.columns().row(write.at.row).expect("it is to be written");
        let segment = &row.segments[usize::from(write.at.segment)];
        let (slot, epoch) = (segment.session, segment.epoch);
        let active = self
            .slots
            .get_mut(usize::from(slot))
            .and_then(|place| place.of_epoch(epoch));
        let Some(active) = active else {
            lane.returned(write, now);
            return Begun::No;
        };
        if lane.is_too_old(order, now) {
            lane.returned(write, now);
            return Begun::No;
        }
        if !active.session.is_ready() || active.composing.is_some() {
            return Begun::Later;
        }
        active.reserved = active.reserved.saturating_sub(1);
        let body = lane.columns().body(row);
        let (BodyContent::Mail(content), Some(settings)) =
            (Body::unpack(&body).content, active.config.mail.clone())
        else {
            lane.rejected(write, "no_mail".into(), false, now);
            return Begun::No;
        };
        active.composing = Some(write);
        let letter = Box::new(Letter {
            path: ReturnPath {
                message: row.id,
                attempt: row.attempt,
                connection: self.id,
            },
            content: *content,
            settings,
            date: now.unix,
        });
        Begun::Yes(Command::Compose {
            slot,
            epoch,
            write,
            letter,
        })
    }

    /// Takes as much as there are free sessions and rate, and records the INTENTs. They are begun when durable.
    pub(super) fn pull(&mut self, lane: &mut LaneCore, now: Now) {
        if self.is_paused(now) || self.stopping {
            return;
        }
        let credit = self.credit(now);
        if credit == 0 {
            return;
        }
        let mut pulled = lane.pull(self.id, credit, now).into_iter();
        let mut writes = Vec::with_capacity(pulled.len());
        while let Some((slot, epoch)) = self.roomiest()
            && let Some(at) = pulled.next()
        {
            if let Some(write) = lane.intend(at, self.id, slot, epoch, 0, now) {
                let active = self.slots[usize::from(slot)].active();
                active.expect("the roomiest is active").reserved += 1;
                writes.push(WriteOrder {
                    write,
                    intended: now.monotonic,
                });
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

    pub(super) fn tell(&mut self, lane: &mut LaneCore, now: Now) {
        let mut load = Load::default();
        let usable = self.slots.iter_mut().filter_map(Slot::active);
        for active in usable.filter(|active| active.is_usable()) {
            load.in_flight += (active.in_flight() + active.reserved) as u32;
            load.slots += 1;
        }
        lane.set_load(self.id, load);
        let able = !self.stopping && self.following.wanted.pulls() && load.slots > 0;
        let credit = if self.is_paused(now) { 0 } else { self.credit(now) };
        lane.set_link(self.id, able, credit as u32);
    }

    /// Number and epoch of the session with the most room.
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

    /// Whether nothing may be begun for a while. An INTENT then would only be uncertain after the next crash.
    fn is_paused(&self, now: Now) -> bool {
        self.throttled_until > now.monotonic || self.limiter.is_quiet(now.monotonic)
    }

    fn credit(&mut self, now: Now) -> usize {
        let look_ahead = self.config.look_ahead;
        let (mut room, mut reserved) = (0, 0);
        for active in self.slots.iter_mut().filter_map(Slot::active) {
            room += active.credit(look_ahead);
            reserved += active.reserved;
        }
        let used = self.limiter.written_last_second(now.monotonic) as usize + reserved;
        room.min((self.config.rate_per_second.max(1) as usize).saturating_sub(used))
    }
}

enum Begun {
    Yes(Command),
    /// Nothing to write: it ended, or went back.
    No,
    /// Its session is at work.
    Later,
}
