use super::chain::Chain;
use super::error::{io_error, one_line};
use super::frame::{FrameKind, bytes_on_disk};
use super::group::Group;
use super::inbox::Order;
use super::pace::Pace;
use super::progress::{Commit, DurableEnd};
use super::shared::Shared;
use super::supply::VolumeSupply;
use super::volume::{FRAMES_AT, Volume};
use super::volume_list::{ListedVolume, Mark};
use crate::files::FileLock;
use carillon_storage::journal::JournalError;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A group ends when the next frame would take it above this, so that the first of it does not wait too long for the last.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The only one who writes to volumes.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) supply: VolumeSupply,
    pub(super) pace: Pace,
    pub(super) added_sync: Duration,
    pub(super) volume: Volume,
    /// Where the next group goes in it.
    pub(super) offset: u64,
    pub(super) chain: Chain,
    /// Ordinal up to which everything is synced.
    pub(super) durable_upto: u64,
    /// Payload bytes so far, counted as marks do.
    pub(super) payload_bytes: u64,
    pub(super) group: Group,
    /// Held as long as anything may be written.
    pub(super) _lock: Box<dyn FileLock>,
}

impl Writer {
    /// The thread's whole life: whatever ends it is told to everybody.
    pub(super) fn run(mut self) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.write_until_told_to_end()));
        let failure = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(one_line(&error)),
            Err(_) => Some("the journal's writer panicked".to_owned()),
        };
        let shared = self.shared.clone();
        if let Some(reason) = failure {
            shared.progress.fail(reason);
        }
        // Whoever hears of the end is refused from then on.
        shared.inbox.shut();
        shared.progress.finish();
    }

    /// Writes one frame of the journal's own, durable on return.
    pub(super) fn write_mark(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), JournalError> {
        self.make_room(bytes_on_disk(payload.len()))?;
        self.push(kind, payload);
        self.flush()
    }

    fn write_until_told_to_end(&mut self) -> Result<(), JournalError> {
        let mut waiting = VecDeque::new();
        let mut taken = Vec::new();
        loop {
            let mut order = self.shared.inbox.take(&mut taken, waiting.is_empty());
            let wait = self.pace.wait(Instant::now());
            if order == Order::GoOn && !wait.is_zero() {
                waiting.extend(taken.drain(..));
                thread::sleep(wait);
                order = self.shared.inbox.take(&mut taken, false);
            }
            waiting.extend(taken.drain(..));
            match order {
                Order::Stop => return Ok(()),
                Order::Close if waiting.is_empty() => return self.write_mark(FrameKind::Closed, b""),
                Order::GoOn | Order::Close => self.commit(&mut waiting)?,
            }
        }
    }

    /// Makes as many of the waiting payloads durable as fit in one group and in one volume.
    fn commit(&mut self, waiting: &mut VecDeque<Vec<u8>>) -> Result<(), JournalError> {
        let Some(first) = waiting.front() else {
            return Ok(());
        };
        self.make_room(bytes_on_disk(first.len()))?;
        while let Some(payload) = waiting.front() {
            let bytes = self.group.bytes.len() + bytes_on_disk(payload.len()) as usize;
            let fits = self.offset + bytes as u64 <= self.volume.bytes;
            if !fits || self.group.frames > 0 && bytes > GROUP_BYTES_MAX {
                break;
            }
            self.push(FrameKind::Data, payload);
            waiting.pop_front();
        }
        let (started, frames) = (Instant::now(), self.group.frames);
        self.flush()?;
        self.pace.committed(started, frames);
        Ok(())
    }

    fn push(&mut self, kind: FrameKind, payload: &[u8]) {
        self.shared.volumes.mark(Mark {
            seq: self.chain.seq.next(),
            volume: self.volume.index,
            offset: self.offset + self.group.bytes.len() as u64,
            payload_bytes_before: self.payload_bytes,
        });
        self.chain = self
            .group
            .push(self.chain, kind, payload, self.durable_upto, self.volume.salt);
        if kind == FrameKind::Data {
            self.payload_bytes += payload.len() as u64;
        }
    }

    /// Goes on to the next volume when this many bytes have no room in the present one.
    fn make_room(&mut self, bytes: u64) -> Result<(), JournalError> {
        if self.offset + bytes <= self.volume.bytes {
            return Ok(());
        }
        self.volume = self.supply.take(self.volume.index + 1)?;
        self.volume.extend(FRAMES_AT + bytes)?;
        self.offset = FRAMES_AT;
        self.shared.volumes.begin(ListedVolume {
            index: self.volume.index,
            first: self.chain.seq.next(),
            bytes: self.volume.bytes,
        });
        Ok(())
    }

    /// One write, one sync, and the news of it.
    fn flush(&mut self) -> Result<(), JournalError> {
        let file = &self.volume.file;
        file.write_at(self.offset, &self.group.bytes)
            .map_err(io_error("writing frames", &self.volume.path))?;
        let started = Instant::now();
        file.datasync()
            .map_err(io_error("syncing frames", &self.volume.path))?;
        if !self.added_sync.is_zero() {
            thread::sleep(self.added_sync);
        }
        let sync_time = started.elapsed();
        self.offset += self.group.bytes.len() as u64;
        self.durable_upto = self.chain.ordinal;
        let commit = Commit {
            end: DurableEnd {
                seq: self.chain.seq,
                volume: self.volume.index,
                offset: self.offset,
            },
            frames: self.group.frames as u64,
            payload_bytes: self.group.payload_bytes,
            sync_time,
        };
        self.group.clear();
        self.shared.progress.publish(commit);
        Ok(())
    }
}
