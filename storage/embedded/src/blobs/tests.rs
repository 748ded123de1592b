use super::EmbeddedFiles;
use crate::files::{Failure, Files as Layer, Operation, RealFiles, SimulatedFiles};
use carillon_storage::conformance::files::{self, Stage};
use carillon_storage::files::{Files, FilesError};
use parking_lot::Mutex;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

carillon_storage::files_conformance!(SimulatedStage::new());

/// A file store on a simulated disk.
struct SimulatedStage {
    files: Mutex<SimulatedFiles>,
}

impl SimulatedStage {
    fn new() -> Self {
        SimulatedStage {
            files: Mutex::new(SimulatedFiles::new(1)),
        }
    }
}

fn dir() -> &'static Path {
    Path::new("/data/files")
}

impl Stage for SimulatedStage {
    fn open(&self) -> Result<Arc<dyn Files>, FilesError> {
        Ok(Arc::new(EmbeddedFiles::open(
            dir(),
            Arc::new(self.files.lock().clone()),
        )?))
    }

    fn names(&self) -> usize {
        let files = self.files.lock();
        let below = (0..=255).map(|first| dir().join(format!("{first:02x}")));
        below
            .chain([dir().to_owned()])
            .map(|folder| files.list(&folder).unwrap().len())
            .sum()
    }

    fn power_cut(&self, seed: u64) {
        let mut files = self.files.lock();
        files.power_cut(seed);
        *files = files.restart();
    }

    fn power_cut_at(&self, nth: u64, seed: u64) {
        self.files.lock().power_cut_at(nth, seed);
    }

    fn fail_syncs(&self) {
        self.files
            .lock()
            .fail_always(Operation::DataSync, Failure::Broken);
    }

    fn fill_disk(&self) {
        self.files
            .lock()
            .fail_always(Operation::Write, Failure::ShortWrite);
    }

    fn heal(&self) {
        self.files.lock().heal();
    }
}

/// A suite that cannot notice a missing sync tests nothing.
#[test]
fn the_suite_fails_when_syncs_do_nothing() {
    let stage = SimulatedStage::new();
    stage.files.lock().set_sync_works(false);
    let case = files::finished_files_survive_power_cuts_at_any_moment;
    assert!(catch_unwind(AssertUnwindSafe(|| case(&stage))).is_err());
}

#[test]
fn a_real_disk_keeps_files_over_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("files");
    let open = || EmbeddedFiles::open(&dir, Arc::new(RealFiles)).unwrap();
    let files = open();
    let mut writer = files.begin(100).unwrap();
    writer.write_all(b"on a real disk").unwrap();
    let hash = writer.finish().unwrap();
    let unfinished = files.begin(100).unwrap();
    std::mem::forget(unfinished);
    let files = open();
    let mut read = String::new();
    files
        .open(hash)
        .unwrap()
        .unwrap()
        .read_to_string(&mut read)
        .unwrap();
    assert_eq!(read, "on a real disk");
    let parts = std::fs::read_dir(&dir)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().is_file())
        .count();
    assert_eq!(parts, 0);
    assert!(dir.join(&hash.to_string()[..2]).join(hash.to_string()).is_file());
}
