use crate::files::{Failure, Operation, SimulatedFiles};
use crate::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::conformance::journal::{DiskStage, Stage};
use carillon_storage::journal::{Journal, JournalError};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Embedded journals on a simulated disk.
pub(super) struct SimulatedStage {
    files: Mutex<SimulatedFiles>,
}

pub(super) const VOLUME_BYTES: u64 = 64 * 1024;

impl SimulatedStage {
    pub(super) fn new() -> Self {
        SimulatedStage {
            files: Mutex::new(SimulatedFiles::new(1)),
        }
    }

    /// The disk, as the living process sees it.
    pub(super) fn files(&self) -> SimulatedFiles {
        self.files.lock().clone()
    }

    pub(super) fn open_embedded(&self) -> Result<EmbeddedJournal, JournalError> {
        let options = JournalOptions {
            volume_bytes: VOLUME_BYTES,
            commit_interval: Duration::from_micros(20),
            ..JournalOptions::default()
        };
        EmbeddedJournal::open(dir(), options, Arc::new(self.files()))
    }

    /// Opens after the process has ended.
    pub(super) fn reopen(&self) -> Result<EmbeddedJournal, JournalError> {
        self.kill();
        self.open_embedded()
    }
}

pub(super) fn dir() -> &'static Path {
    Path::new("/data/journal")
}

pub(super) fn volume(index: u64) -> PathBuf {
    crate::journal::volume::volume_path(dir(), index)
}

impl Stage for SimulatedStage {
    fn open(&self) -> Result<Arc<dyn Journal>, JournalError> {
        Ok(Arc::new(self.open_embedded()?))
    }

    fn kill(&self) {
        let mut files = self.files.lock();
        *files = files.restart();
    }
}

impl DiskStage for SimulatedStage {
    fn power_cut(&self, seed: u64) {
        self.files().power_cut(seed);
        self.kill();
    }

    fn power_cut_at(&self, nth: u64, seed: u64) {
        self.files().power_cut_at(nth, seed);
    }

    fn fail_syncs(&self) {
        self.files().fail_always(Operation::DataSync, Failure::Broken);
    }

    fn fill_disk(&self) {
        self.files().fail_always(Operation::Write, Failure::ShortWrite);
        self.files().fail_always(Operation::Create, Failure::Full);
    }

    fn heal(&self) {
        self.files().heal();
    }
}
