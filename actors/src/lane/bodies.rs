//! Bodies that are only in the journal: they are read by a thread of their own ahead of the pull that needs them, and carried
//! forward when the volume they lie in is to go.

use super::core::LaneCore;
use crate::columns::{BodyPlace, RowRef};
use carillon_domain::fact::Fact;
use carillon_domain::ids::ConnectionId;
use carillon_storage::journal::{Frame, FrameSeq};
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

/// Messages carried forward that one checkpoint asks for, the oldest; later ones ask for the rest.
const CARRIED_PER_CHECKPOINT: usize = 20_000;

/// Messages carried forward in one go.
const CARRIED_AT_ONCE: usize = 64;

/// What the lane waits for to be read, and for what.
#[derive(Debug, Default)]
pub struct BodyWishes {
    /// Not yet told to anybody.
    asked: Vec<FrameSeq>,
    under_way: BTreeSet<FrameSeq>,
    /// Connections whose next row is not in memory.
    hungry: Vec<(ConnectionId, RowRef)>,
    /// Messages in frames that are to go.
    to_carry: VecDeque<RowRef>,
}

impl LaneCore {
    /// Whether a row's body is in memory. Else it is read, and the connection is woken when it is there.
    pub(super) fn has_body(&mut self, at: RowRef, connection: ConnectionId) -> bool {
        match self.columns.bring_body(at) {
            BodyPlace::Memory => true,
            BodyPlace::Frame(frame) => {
                self.wish(frame);
                if !self.bodies.hungry.contains(&(connection, at)) {
                    self.bodies.hungry.push((connection, at));
                }
                false
            }
        }
    }

    /// Lets a body be read that is needed soon.
    pub(super) fn read_ahead(&mut self, at: RowRef) {
        if let BodyPlace::Frame(frame) = self.columns.body_place(at) {
            self.wish(frame);
        }
    }

    /// Frames to be read; each comes back by [`LaneCore::frame_came`].
    pub fn take_frames_wanted(&mut self) -> Vec<FrameSeq> {
        std::mem::take(&mut self.bodies.asked)
    }

    /// A frame was read that somebody waits for.
    pub fn frame_came(&mut self, frame: Frame) {
        self.columns.frame_read(frame.seq, frame.payload);
        self.feed(frame.seq);
    }

    /// A frame was released before it was read: what stood in it has ended or was carried forward since it was wanted. When that is
    /// not so, the process ends.
    pub fn frame_gone(&mut self, frame: FrameSeq) {
        let hungry = self.bodies.hungry.iter().map(|(_, at)| *at);
        for at in hungry.chain(self.bodies.to_carry.iter().copied()) {
            if let Some(row) = self.columns.row(at).filter(|row| row.place.frame() == frame) {
                self.columns.accepted_of(row);
            }
        }
        self.feed(frame);
    }

    fn feed(&mut self, frame: FrameSeq) {
        self.bodies.under_way.remove(&frame);
        let hungry = std::mem::take(&mut self.bodies.hungry);
        for (connection, at) in hungry {
            // At once: by the time of the pull the frame may have made room for others.
            if self.has_body(at, connection) {
                self.poke(connection);
            }
        }
    }

    /// How far the journal can be released where it should be up to `wanted`: not beyond what open messages need. The oldest of
    /// those are carried forward, for the next time.
    pub fn releasable(&mut self, wanted: FrameSeq) -> FrameSeq {
        if wanted < self.journal().oldest() {
            return wanted;
        }
        let mut free = wanted;
        let mut oldest = BinaryHeap::new();
        for (at, row) in self.columns.rows() {
            let frame = row.place.frame();
            if frame > wanted {
                continue;
            }
            free = free.min(FrameSeq(frame.0.saturating_sub(1)));
            // The other attempts of a message stand where the first does.
            if row.attempt == 0 {
                oldest.push((row.place, at.index, at.generation));
                if oldest.len() > CARRIED_PER_CHECKPOINT {
                    oldest.pop();
                }
            }
        }
        let rows = oldest.into_sorted_vec().into_iter();
        self.bodies.to_carry = rows
            .map(|(_, index, generation)| RowRef { index, generation })
            .collect();
        free
    }

    /// Carries some messages forward, as far as they are read; lets the next ones be read.
    pub fn carry_some(&mut self) {
        let next: Vec<RowRef> = self
            .bodies
            .to_carry
            .iter()
            .copied()
            .take(CARRIED_AT_ONCE)
            .collect();
        for at in next {
            let Some(row) = self.columns.row(at) else {
                self.bodies.to_carry.pop_front();
                continue;
            };
            if !self.columns.has_frame(row.place.frame()) {
                let frame = row.place.frame();
                self.wish(frame);
                return;
            }
            let accepted = self.columns.accepted_of(row);
            self.bodies.to_carry.pop_front();
            self.record(Fact::Carried(accepted));
            self.counters.messages_carried.add(1);
            self.commit_when_large();
        }
    }

    fn wish(&mut self, frame: FrameSeq) {
        if self.bodies.under_way.insert(frame) {
            self.bodies.asked.push(frame);
        }
    }
}
