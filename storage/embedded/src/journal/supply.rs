use super::volume::Volume;
use crate::files::Files;
use carillon_storage::journal::JournalError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

/// Has the next volume ready before the writer needs it: a thread of its own writes the zeros.
pub(super) struct VolumeSupply {
    maker: Maker,
    spare: Option<Volume>,
    orders: Option<Sender<u64>>,
    made: Receiver<Result<Volume, JournalError>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Maker {
    files: Arc<dyn Files>,
    dir: PathBuf,
    volume_bytes: u64,
}

impl VolumeSupply {
    /// `spare` is an empty volume that is there already; otherwise volume `next` is made at once.
    pub(super) fn start(
        files: Arc<dyn Files>,
        dir: &Path,
        volume_bytes: u64,
        spare: Option<Volume>,
        next: u64,
    ) -> std::io::Result<Self> {
        let maker = Maker {
            files,
            dir: dir.to_owned(),
            volume_bytes,
        };
        let (orders, received) = mpsc::channel();
        let (finished, made) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        if spare.is_none() {
            // The receiver is right here, so this cannot fail.
            let _ = orders.send(next);
        }
        let thread = thread::Builder::new().name("journal-volumes".into()).spawn({
            let (maker, stop) = (maker.clone(), stop.clone());
            move || {
                for index in received {
                    if finished.send(maker.make(index, &stop)).is_err() {
                        return;
                    }
                }
            }
        })?;
        Ok(VolumeSupply {
            maker,
            spare,
            orders: Some(orders),
            made,
            stop,
            thread: Some(thread),
        })
    }

    /// The next volume, and orders the one after it. Waits when it is not ready yet.
    pub(super) fn take(&mut self, index: u64) -> Result<Volume, JournalError> {
        let ready = self.spare.take().or_else(|| self.made.recv().ok()?.ok());
        let volume = match ready {
            Some(volume) => volume,
            // It failed some time ago; meanwhile there may be room again.
            None => self.maker.make(index, &AtomicBool::new(false))?,
        };
        debug_assert_eq!(volume.index, index);
        if let Some(orders) = &self.orders {
            // A thread that is gone is noticed when its volume is wanted.
            let _ = orders.send(index + 1);
        }
        Ok(volume)
    }
}

impl Drop for VolumeSupply {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Maker {
    fn make(&self, index: u64, stop: &AtomicBool) -> Result<Volume, JournalError> {
        Volume::create(&*self.files, &self.dir, index, self.volume_bytes, stop)
    }
}
