//! The journal: ordered frames, durable, replayable. One lane owns it and is its only writer.

use serde::{Deserialize, Serialize};
use std::io;
use std::time::Duration;

/// The number of a frame: 1 for the first of a journal, without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameSeq(pub u64);

impl FrameSeq {
    /// Before the first frame.
    pub const ZERO: FrameSeq = FrameSeq(0);

    pub fn next(self) -> FrameSeq {
        FrameSeq(self.0 + 1)
    }
}

/// A durable, ordered log of opaque payloads.
///
/// Every method may be called from the lane's thread where nothing else is said: none of those waits for the disk.
pub trait Journal: Send + Sync {
    /// Queues one frame and gives it its number. Frames become durable in the order of their numbers; whether one has is
    /// told by [`Journal::durable`] and the callback of [`Journal::on_durable`].
    ///
    /// Errors when the payload is empty or too large, when too much waits for the disk ([`JournalError::Full`], the only one after
    /// which trying again makes sense), or when the journal has failed or is closed; nothing is queued then.
    fn append(&self, payload: Vec<u8>) -> Result<FrameSeq, JournalError>;

    /// The highest number up to which everything is durable.
    fn durable(&self) -> FrameSeq;

    /// Sets the callback that the writer runs (on its own thread) after each sync and once when the journal fails.
    fn on_durable(&self, notify: Box<dyn Fn() + Send + Sync>);

    /// Why the journal takes nothing more, once it has failed. A failed journal never recovers: the process must end.
    fn failure(&self) -> Option<String>;

    /// Durable frames from `from` on, in order, up to what is durable while reading. `from` below [`Journal::oldest`] is an
    /// error that says which frame is the oldest.
    fn read(&self, from: FrameSeq) -> Result<Box<dyn FrameReader>, JournalError>;

    /// One durable frame, read from where it lies; many such reads in no particular order are cheap. May wait for the disk.
    /// [`JournalError::Gone`] below [`Journal::oldest`], [`JournalError::NotDurable`] above [`Journal::durable`].
    fn frame(&self, seq: FrameSeq) -> Result<Frame, JournalError>;

    /// The oldest frame still kept; `durable().next()` when there is none.
    fn oldest(&self) -> FrameSeq;

    /// Stores the state as it was after frame `at`, in parts: those that changed since the newest checkpoint, which it replaces, or
    /// all when there is none. Parts that are not given stay as they are there; an empty one is no part any more. Durable on
    /// return. Waits until the frame is durable; fails when it was never appended or when the newest checkpoint is later. Blocks:
    /// call it on a thread of its own. A crash at any point leaves either the old or the new checkpoint.
    fn save_checkpoint(&self, at: FrameSeq, changed: &[Part]) -> Result<(), JournalError>;

    /// Hands over each part of the newest whole checkpoint once, in no particular order, and gives its frame; `None` when there is
    /// no checkpoint. After an error what was handed over is worth nothing.
    fn load_checkpoint(&self, take: &mut dyn FnMut(Part)) -> Result<Option<FrameSeq>, JournalError>;

    /// Frames up to and including `upto` are needed by nobody; volumes that hold nothing else go. Never removes what the
    /// newest checkpoint needs for replay. Blocks on unlink: not for the lane's thread.
    fn release(&self, upto: FrameSeq) -> Result<(), JournalError>;

    fn status(&self) -> JournalStatus;

    /// Bytes the journal's disk can still take; `None` when that is not ours to know. One system call.
    fn disk_free_bytes(&self) -> Option<u64>;

    /// Makes everything appended durable and ends the writer. Blocks.
    fn close(&self) -> Result<(), JournalError>;
}

/// Reads durable frames in order.
pub trait FrameReader: Send {
    /// The next frame, or `None` when the reader has caught up with what is durable; later calls may then return more.
    fn next_frame(&mut self) -> Result<Option<Frame>, JournalError>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub seq: FrameSeq,
    pub payload: Vec<u8>,
}

/// A part of the state that a checkpoint holds, e.g. a page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub key: u64,
    pub bytes: Vec<u8>,
}

/// Figures for metrics and for decisions under pressure. Totals count what has become durable since the journal was opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JournalStatus {
    /// Payload bytes appended and not yet durable.
    pub backlog_bytes: u64,
    pub frames_total: u64,
    pub bytes_total: u64,
    pub syncs_total: u64,
    pub sync_time_total: Duration,
    pub sync_time_max: Duration,
    /// Bytes on disk over all volumes.
    pub disk_bytes: u64,
    pub volumes: usize,
    /// Durable payload bytes since the newest checkpoint, exact to about 1 MiB.
    pub bytes_since_checkpoint: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("a frame of {bytes} bytes is outside 1…{bytes_max}")]
    FrameSize { bytes: usize, bytes_max: usize },
    #[error("{backlog_bytes} bytes wait for the disk already; try again when some of them are durable")]
    Full { backlog_bytes: u64 },
    #[error("the journal has failed and takes nothing more: {reason}")]
    Failed { reason: String },
    #[error("the journal is closed")]
    Closed,
    #[error("frame {wanted} is gone; the oldest kept is {oldest}", wanted = wanted.0, oldest = oldest.0)]
    Gone { wanted: FrameSeq, oldest: FrameSeq },
    #[error("frame {wanted} is not durable; the newest that is has number {durable}", wanted = wanted.0, durable = durable.0)]
    NotDurable { wanted: FrameSeq, durable: FrameSeq },
    #[error("{place} is damaged at byte {offset}: {detail}")]
    Damaged {
        place: String,
        offset: u64,
        detail: String,
    },
    #[error("{place} is in use by another process")]
    InUse { place: String },
    #[error("{operation} on {place}")]
    Io {
        operation: &'static str,
        place: String,
        #[source]
        source: io::Error,
    },
}
