//! How far the lane's records are acknowledged, and what stands between them.

use crate::client::Client;
use crate::log::LaneLog;
use crate::record::{Checkpointed, Record, RecordError};
use carillon_storage::journal::{FrameSeq, JournalError};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Payload bytes between two notes of how many there were.
const NOTE_EVERY_BYTES: u64 = 1024 * 1024;

/// What an owner knows of its lane. Acknowledgements change it, everybody else asks it.
pub(crate) struct Progress {
    client: Arc<Client>,
    topic: String,
    state: Mutex<State>,
    changed: Condvar,
    durable: AtomicU64,
    notify: Mutex<Option<Notify>>,
    failure: OnceLock<String>,
    /// A new owner, as it calls itself.
    lost_to: OnceLock<String>,
}

type Notify = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
pub(crate) struct State {
    pub log: LaneLog,
    /// The first offset that is kept.
    pub low: u64,
    /// The newest checkpoint that an acknowledged record of ours points to.
    pub pointer: Option<u64>,
    pub totals: Totals,
    /// Payload bytes after the newest checkpoint at opening, and acknowledged since.
    pub payload_bytes: u64,
    /// Payload bytes up to frames, from the newest checkpoint on.
    notes: VecDeque<(FrameSeq, u64)>,
    /// Of `payload_bytes`, those up to the newest checkpoint.
    pub checkpoint_bytes: u64,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Totals {
    pub frames: u64,
    pub payload_bytes: u64,
    pub acknowledgements: u64,
    pub time: Duration,
    pub time_max: Duration,
}

/// A record of the lane that was acknowledged.
pub(crate) enum Acknowledged {
    Frame {
        seq: FrameSeq,
        payload_bytes: u64,
        checkpoint: Option<u64>,
        took: Duration,
    },
    Checkpointed(Checkpointed),
    Pointer(u64),
}

impl Progress {
    pub fn new(client: Arc<Client>, topic: String) -> Self {
        Progress {
            client,
            topic,
            state: Mutex::default(),
            changed: Condvar::new(),
            durable: AtomicU64::new(0),
            notify: Mutex::default(),
            failure: OnceLock::new(),
            lost_to: OnceLock::new(),
        }
    }

    /// What was found when the lane was claimed. Until then nothing may be acknowledged.
    pub fn begin(&self, log: LaneLog, low: u64, payload_bytes: u64) {
        self.durable.store(log.last().0, Ordering::Release);
        *self.state.lock() = State {
            log,
            low,
            payload_bytes,
            ..State::default()
        };
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub fn durable(&self) -> FrameSeq {
        FrameSeq(self.durable.load(Ordering::Acquire))
    }

    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Who has taken the lane over, when that is why it failed.
    pub fn lost_to(&self) -> Option<&str> {
        self.lost_to.get().map(String::as_str)
    }

    pub fn check_alive(&self) -> Result<(), JournalError> {
        match self.failure.get() {
            Some(reason) => Err(JournalError::Failed {
                reason: reason.clone(),
            }),
            None => Ok(()),
        }
    }

    /// The lane is not ours any more, or nobody knows what became of a record. There is no way back.
    pub fn fail(&self, reason: String) {
        if self.failure.set(reason).is_ok() {
            // Whoever waits looks again.
            drop(self.state.lock());
            self.changed.notify_all();
            self.ring();
        }
    }

    pub fn set_notify(&self, notify: Notify) {
        *self.notify.lock() = Some(notify);
    }

    fn ring(&self) {
        let notify = self.notify.lock().clone();
        if let Some(notify) = notify {
            notify();
        }
    }

    /// A record of ours is at `offset`. It counts when nothing of anybody else's stands between it and the one before; where something
    /// does, that is read first: a claim ends us.
    pub fn acknowledged(&self, offset: u64, what: Acknowledged) {
        let mut state = self.state.lock();
        if self.failure.get().is_some() {
            return;
        }
        let looked = match state.log.between(offset) {
            None => Err(format!("a record came to offset {offset}, where another one was")),
            Some(between) if between.is_empty() => Ok(()),
            Some(between) => self.look_between(&mut state, between),
        };
        if let Err(reason) = looked {
            drop(state);
            return self.fail(format!("{}: {reason}", self.client.place(&self.topic)));
        }
        let taken = state.take(offset, what);
        self.durable.store(state.log.last().0, Ordering::Release);
        drop(state);
        if let Err(reason) = taken {
            return self.fail(format!("{}: {reason}", self.client.place(&self.topic)));
        }
        // Before whoever closes the journal goes on.
        self.ring();
        self.changed.notify_all();
    }

    fn look_between(&self, state: &mut State, range: Range<u64>) -> Result<(), String> {
        let mut taken_by = None;
        let read = self.client.scan(&self.topic, range.clone(), |offset, _, value| {
            match Record::decode(value.unwrap_or_default()) {
                Ok(record) => taken_by = state.log.take_between(offset, &record),
                Err(RecordError::Foreign) => {
                    tracing::warn!(
                        topic = self.topic,
                        offset,
                        "somebody else writes into the lane's topic"
                    );
                }
                // A newer program's, so somebody has claimed the lane by one.
                Err(error) => taken_by = Some(format!("a program whose record says: {error}")),
            }
            Ok(match taken_by {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            })
        });
        match (taken_by, read) {
            (Some(owner), _) => {
                let _it_is_lost_once = self.lost_to.set(owner.clone());
                Err(format!(
                    "{owner} has taken over the lane between offsets {range:?}"
                ))
            }
            (None, Err(error)) => Err(format!("what stands between our records cannot be read: {error}")),
            (None, Ok(())) => {
                tracing::warn!(
                    topic = self.topic,
                    ?range,
                    "records of a former owner or of others stand between ours; they do not count"
                );
                Ok(())
            }
        }
    }

    /// Waits until something holds; gives up when the lane has failed.
    pub fn wait(&self, mut holds: impl FnMut(&State) -> bool) -> Result<(), JournalError> {
        let mut state = self.state.lock();
        while !holds(&state) {
            self.check_alive()?;
            self.changed.wait(&mut state);
        }
        Ok(())
    }
}

impl State {
    fn take(&mut self, offset: u64, what: Acknowledged) -> Result<(), String> {
        match what {
            Acknowledged::Frame {
                seq,
                payload_bytes,
                checkpoint,
                took,
            } => {
                if !self.log.own_frame(offset, seq) {
                    return Err(format!(
                        "frame {} was acknowledged and the one before it was not; what became of that one nobody knows",
                        seq.0
                    ));
                }
                self.pointer = checkpoint.max(self.pointer);
                self.totals.frames += 1;
                self.totals.payload_bytes += payload_bytes;
                self.totals.acknowledgements += 1;
                self.totals.time += took;
                self.totals.time_max = self.totals.time_max.max(took);
                self.payload_bytes += payload_bytes;
                let noted = self
                    .notes
                    .back()
                    .map_or(self.checkpoint_bytes, |(_, bytes)| *bytes);
                if self.payload_bytes - noted >= NOTE_EVERY_BYTES {
                    self.notes.push_back((seq, self.payload_bytes));
                }
            }
            Acknowledged::Checkpointed(mark) => {
                while let Some((_, bytes)) = self.notes.pop_front_if(|(seq, _)| *seq <= mark.at) {
                    self.checkpoint_bytes = bytes;
                }
                if mark.at == self.log.last() {
                    self.checkpoint_bytes = self.payload_bytes;
                }
                self.log.checkpointed(offset, mark);
            }
            Acknowledged::Pointer(checkpoint) => {
                self.log.skip(offset);
                self.pointer = self.pointer.max(Some(checkpoint));
            }
        }
        Ok(())
    }

    /// The oldest frame that is kept.
    pub fn oldest(&self) -> FrameSeq {
        self.log.first_at(self.low)
    }
}
