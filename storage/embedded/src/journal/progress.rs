use carillon_storage::journal::{FrameSeq, JournalError};
use parking_lot::{Condvar, Mutex};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

type Notify = Arc<dyn Fn() + Send + Sync>;

/// How far the journal is durable, told to everybody who wants to know.
pub(super) struct Progress {
    /// Copies of what is in `state`, for those who may not wait.
    durable: AtomicU64,
    payload_bytes: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
    notify: Mutex<Option<Notify>>,
    failure: OnceLock<String>,
}

struct State {
    end: DurableEnd,
    totals: Totals,
    ended: bool,
}

/// The end of what is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DurableEnd {
    pub(super) seq: FrameSeq,
    pub(super) volume: u64,
    pub(super) offset: u64,
}

/// Sums since the journal was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) frames: u64,
    pub(super) payload_bytes: u64,
    pub(super) syncs: u64,
    pub(super) sync_time: Duration,
    pub(super) sync_time_max: Duration,
}

/// One group that has become durable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commit {
    pub(super) end: DurableEnd,
    pub(super) frames: u64,
    pub(super) payload_bytes: u64,
    pub(super) sync_time: Duration,
}

impl Progress {
    pub(super) fn new(end: DurableEnd) -> Self {
        Progress {
            durable: AtomicU64::new(end.seq.0),
            payload_bytes: AtomicU64::new(0),
            state: Mutex::new(State {
                end,
                totals: Totals::default(),
                ended: false,
            }),
            changed: Condvar::new(),
            notify: Mutex::new(None),
            failure: OnceLock::new(),
        }
    }

    pub(super) fn durable(&self) -> FrameSeq {
        FrameSeq(self.durable.load(Ordering::Acquire))
    }

    /// Payload bytes made durable since the journal was opened.
    pub(super) fn payload_bytes(&self) -> u64 {
        self.payload_bytes.load(Ordering::Acquire)
    }

    pub(super) fn end(&self) -> DurableEnd {
        self.state.lock().end
    }

    pub(super) fn totals(&self) -> Totals {
        self.state.lock().totals
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    pub(super) fn set_notify(&self, notify: Notify) {
        *self.notify.lock() = Some(notify);
    }

    pub(super) fn publish(&self, commit: Commit) {
        let mut state = self.state.lock();
        state.end = commit.end;
        state.totals.frames += commit.frames;
        state.totals.payload_bytes += commit.payload_bytes;
        state.totals.syncs += 1;
        state.totals.sync_time += commit.sync_time;
        state.totals.sync_time_max = state.totals.sync_time_max.max(commit.sync_time);
        self.payload_bytes
            .store(state.totals.payload_bytes, Ordering::Release);
        self.durable.store(commit.end.seq.0, Ordering::Release);
        drop(state);
        self.tell();
    }

    /// Notes why the journal takes nothing more; the first reason stays.
    pub(super) fn fail(&self, reason: String) {
        self.failure.get_or_init(|| reason);
    }

    /// The writer has ended, after a failure or a close.
    pub(super) fn finish(&self) {
        self.state.lock().ended = true;
        self.tell();
    }

    /// Waits until frame `seq` is durable, or fails when it never will be.
    pub(super) fn wait_for(&self, seq: FrameSeq) -> Result<(), JournalError> {
        let mut state = self.state.lock();
        while state.end.seq < seq && !state.ended {
            self.changed.wait(&mut state);
        }
        if state.end.seq >= seq {
            Ok(())
        } else {
            Err(self.why_ended())
        }
    }

    /// The error of whoever asks too late.
    pub(super) fn why_ended(&self) -> JournalError {
        match self.failure() {
            Some(reason) => JournalError::Failed {
                reason: reason.to_owned(),
            },
            None => JournalError::Closed,
        }
    }

    /// Fails once the writer has ended.
    pub(super) fn check_alive(&self) -> Result<(), JournalError> {
        if self.state.lock().ended {
            Err(self.why_ended())
        } else {
            Ok(())
        }
    }

    fn tell(&self) {
        self.changed.notify_all();
        // Not under the lock: the callback may set another one.
        let notify = self.notify.lock().clone();
        if let Some(notify) = notify {
            notify();
        }
    }
}
