use super::checkpoint;
use super::checkpoint_chain::CheckpointChain;
use super::error::io_error;
use super::frame::{FrameKind, PAYLOAD_BYTES_MAX};
use super::group::Group;
use super::inbox::{Inbox, Refusal};
use super::options::JournalOptions;
use super::pace::Pace;
use super::places::Places;
use super::progress::{DurableEnd, Progress};
use super::reader::{Reader, frame};
use super::recovery::{Recovered, recover};
use super::rewrite::remove;
use super::shared::Shared;
use super::supply::VolumeSupply;
use super::volume::{FRAMES_AT, Volume};
use super::volume_list::ListedVolume;
use super::writer::Writer;
use crate::files::Files;
use carillon_storage::journal::{Frame, FrameReader, FrameSeq, Journal, JournalError, JournalStatus, Part};
use parking_lot::Mutex;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::{self, JoinHandle};

/// The journal in volume files of one folder, with a writer thread of its own.
///
/// Dropping it without [`Journal::close`] ends the writer as a crash would: what is not durable yet is gone, and the next opening
/// rewrites the tail.
pub struct EmbeddedJournal {
    shared: Arc<Shared>,
    newest: Mutex<NewestCheckpoint>,
    /// Payload bytes after the newest checkpoint at opening.
    recovered_bytes: u64,
    /// One at a time saves checkpoints or removes volumes.
    housekeeping: Mutex<()>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct NewestCheckpoint {
    chain: CheckpointChain,
    /// Payload bytes up to it, counted from the checkpoint that was the newest at opening.
    payload_bytes: u64,
}

impl EmbeddedJournal {
    /// Opens the journal in `dir`, creating it where there is none, and recovers it after a crash. Blocks.
    ///
    /// Errors: [`JournalError::InUse`] when another process has it open, [`JournalError::Damaged`] when anything that was durable
    /// is not whole, [`JournalError::Io`].
    pub fn open(dir: &Path, options: JournalOptions, files: Arc<dyn Files>) -> Result<Self, JournalError> {
        files
            .create_dir(dir)
            .map_err(io_error("creating the journal's folder", dir))?;
        let lock_path = dir.join("lock");
        let lock = files
            .lock(&lock_path)
            .map_err(io_error("locking the journal", &lock_path))?;
        let lock = lock.ok_or_else(|| JournalError::InUse {
            place: dir.display().to_string(),
        })?;
        let Recovered {
            volumes,
            checkpoint,
            chain,
            tail,
            spare,
            payload_bytes,
        } = recover(&*files, dir)?;
        let volume_bytes = options.volume_bytes.max(2 * FRAMES_AT);
        if !options.added_sync.is_zero() {
            tracing::warn!(added = ?options.added_sync, "every sync of the journal is made slower, for a trial");
        }
        let (volume, offset) = match tail {
            Some(tail) => tail,
            None => {
                let volume = Volume::create(&*files, dir, 1, volume_bytes, &AtomicBool::new(false))?;
                volumes.begin(ListedVolume {
                    index: 1,
                    first: FrameSeq(1),
                    bytes: volume.bytes,
                });
                (volume, FRAMES_AT)
            }
        };
        let supply = VolumeSupply::start(files.clone(), dir, volume_bytes, spare, volume.index + 1)
            .map_err(io_error("starting the volume thread", dir))?;
        let shared = Arc::new(Shared {
            files,
            dir: dir.to_owned(),
            inbox: Inbox::new(chain.seq, options.backlog_bytes_max),
            progress: Progress::new(DurableEnd {
                seq: chain.seq,
                volume: volume.index,
                offset,
            }),
            volumes,
            places: Places::default(),
        });
        let mut writer = Writer {
            shared: shared.clone(),
            supply,
            pace: Pace::new(options.commit_interval),
            added_sync: options.added_sync,
            volume,
            offset,
            chain,
            durable_upto: chain.ordinal,
            payload_bytes,
            group: Group::default(),
            _lock: lock,
        };
        let nonce = getrandom::u64().map_err(|error| io_error("opening the journal", dir)(error.into()))?;
        // Durable before anything else is written, so that a mark of closing is the last frame only as long as nothing happened
        // after it.
        writer.write_mark(FrameKind::Opened, &nonce.to_le_bytes())?;
        let thread = thread::Builder::new()
            .name("journal-writer".into())
            .spawn(move || writer.run());
        let thread = thread.map_err(io_error("starting the writer thread", dir))?;
        Ok(EmbeddedJournal {
            shared,
            newest: Mutex::new(NewestCheckpoint {
                chain: checkpoint,
                payload_bytes: 0,
            }),
            recovered_bytes: payload_bytes,
            housekeeping: Mutex::new(()),
            writer: Mutex::new(Some(thread)),
        })
    }

    fn join_writer(&self) {
        let mut writer = self.writer.lock();
        // The last owner may be the callback, which runs on the writer's own thread.
        if writer
            .as_ref()
            .is_some_and(|handle| handle.thread().id() == thread::current().id())
        {
            return;
        }
        if let Some(handle) = writer.take() {
            // Its panics are caught inside and told as a failure.
            let _ = handle.join();
        }
    }
}

impl Journal for EmbeddedJournal {
    fn append(&self, payload: Vec<u8>) -> Result<FrameSeq, JournalError> {
        let bytes = payload.len();
        if bytes == 0 || bytes > PAYLOAD_BYTES_MAX {
            return Err(JournalError::FrameSize {
                bytes,
                bytes_max: PAYLOAD_BYTES_MAX,
            });
        }
        let progress = &self.shared.progress;
        self.shared
            .inbox
            .put(payload, progress.payload_bytes())
            .map_err(|refusal| match refusal {
                Refusal::Full { backlog_bytes } => JournalError::Full { backlog_bytes },
                Refusal::Closed => progress.why_ended(),
            })
    }

    fn durable(&self) -> FrameSeq {
        self.shared.progress.durable()
    }

    fn on_durable(&self, notify: Box<dyn Fn() + Send + Sync>) {
        self.shared.progress.set_notify(notify.into());
    }

    fn failure(&self) -> Option<String> {
        self.shared.progress.failure().map(str::to_owned)
    }

    fn read(&self, from: FrameSeq) -> Result<Box<dyn FrameReader>, JournalError> {
        Ok(Box::new(Reader::new(self.shared.clone(), from)?))
    }

    fn frame(&self, seq: FrameSeq) -> Result<Frame, JournalError> {
        frame(&self.shared, seq)
    }

    fn oldest(&self) -> FrameSeq {
        self.shared.volumes.oldest().unwrap_or(self.durable().next())
    }

    fn save_checkpoint(&self, at: FrameSeq, changed: &[Part]) -> Result<(), JournalError> {
        let _alone = self.housekeeping.lock();
        let before = self.newest.lock().chain.clone();
        let (first, last) = (before.at().unwrap_or(FrameSeq::ZERO), self.shared.inbox.last());
        if at < first || at > last {
            let reason = format!("frame {} is outside {}…{}", at.0, first.0, last.0);
            let source = io::Error::new(io::ErrorKind::InvalidInput, reason);
            return Err(io_error("saving a checkpoint", &self.shared.dir)(source));
        }
        let Shared {
            files,
            dir,
            progress,
            volumes,
            ..
        } = &*self.shared;
        progress.wait_for(at)?;
        progress.check_alive()?;
        let chain = before.save(&**files, dir, at, changed)?;
        let old: Vec<_> = before.without(&chain).collect();
        *self.newest.lock() = NewestCheckpoint {
            chain,
            payload_bytes: volumes.payload_bytes_upto(at),
        };
        for at in old {
            if let Err(error) = checkpoint::remove(&**files, dir, at) {
                // The next opening tries again.
                tracing::warn!(%error, "an old checkpoint stays");
                break;
            }
        }
        Ok(())
    }

    fn load_checkpoint(&self, take: &mut dyn FnMut(Part)) -> Result<Option<FrameSeq>, JournalError> {
        let chain = self.newest.lock().chain.clone();
        chain.read(&*self.shared.files, &self.shared.dir, take)?;
        Ok(chain.at())
    }

    fn release(&self, upto: FrameSeq) -> Result<(), JournalError> {
        let _alone = self.housekeeping.lock();
        let Shared {
            files,
            dir,
            progress,
            volumes,
            ..
        } = &*self.shared;
        progress.check_alive()?;
        let upto = upto.min(self.newest.lock().chain.at().unwrap_or(FrameSeq::ZERO));
        while let Some(index) = volumes.take_below(upto, progress.durable()) {
            remove(&**files, dir, index)?;
        }
        Ok(())
    }

    fn status(&self) -> JournalStatus {
        let Shared {
            inbox,
            progress,
            volumes,
            ..
        } = &*self.shared;
        let totals = progress.totals();
        let (volumes, disk_bytes) = volumes.size();
        JournalStatus {
            backlog_bytes: inbox.bytes_total().saturating_sub(totals.payload_bytes),
            frames_total: totals.frames,
            bytes_total: totals.payload_bytes,
            syncs_total: totals.syncs,
            sync_time_total: totals.sync_time,
            sync_time_max: totals.sync_time_max,
            disk_bytes,
            volumes,
            bytes_since_checkpoint: (self.recovered_bytes + totals.payload_bytes)
                .saturating_sub(self.newest.lock().payload_bytes),
        }
    }

    fn disk_free_bytes(&self) -> Option<u64> {
        self.shared.files.free_bytes(&self.shared.dir).ok()
    }

    fn close(&self) -> Result<(), JournalError> {
        self.shared.inbox.close();
        self.join_writer();
        match self.failure() {
            Some(reason) => Err(JournalError::Failed { reason }),
            None => Ok(()),
        }
    }
}

impl Drop for EmbeddedJournal {
    fn drop(&mut self) {
        self.shared.inbox.shut();
        self.join_writer();
    }
}
