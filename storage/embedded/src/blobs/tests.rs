use super::EmbeddedFiles;
use crate::files::{Failure, Files as Layer, Operation, RealFiles, SimulatedFiles};
use carillon_domain::content::FileHash;
use carillon_storage::conformance::files::{self, Stage};
use carillon_storage::files::{Files, FilesError};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::error::Error;
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

/// Recipients and attachments of people: what the disk has changed is sent to nobody.
#[test]
fn a_flipped_bit_is_noticed_before_anything_is_read() {
    let stage = SimulatedStage::new();
    let store = || {
        let mut writer = stage.open().unwrap().begin(1 << 20).unwrap();
        writer.write_all(&vec![b'7'; 300_000]).unwrap();
        writer.finish().unwrap()
    };
    let hash = store();
    let name = hash.to_string();
    let path = dir().join(&name[..2]).join(&name);
    for at in [0, 150_000, 299_999] {
        let flip = || {
            let files = stage.files.lock().clone();
            files.tamper(&path, |content| content[at] ^= 1);
        };
        flip();
        let files = stage.open().unwrap();
        for _ in 0..2 {
            let told = files.open(hash).err().map(|error| error.to_string());
            assert!(told.is_some_and(|told| told.contains(&name)), "byte {at}");
        }
        flip();
        assert!(files.open(hash).unwrap().is_some(), "restored, it serves again");
    }
    stage
        .files
        .lock()
        .tamper(&path, |content| content.truncate(1_000));
    assert!(matches!(
        stage.open().unwrap().open(hash),
        Err(FilesError::Damaged { .. })
    ));
    // Stored again, it is whole again.
    assert_eq!(store(), hash);
    assert!(stage.open().unwrap().open(hash).unwrap().is_some());
}

/// Each operation fails once, at each moment of storing and reading a file: whoever stores is told, and what was stored before
/// stays.
#[test]
fn every_fault_is_told_and_spoils_nothing() {
    for (operation, failure) in [
        (Operation::Create, Failure::Full),
        (Operation::Write, Failure::ShortWrite),
        (Operation::Write, Failure::Broken),
        (Operation::DataSync, Failure::Broken),
        (Operation::Rename, Failure::Broken),
        (Operation::SyncDir, Failure::Broken),
        (Operation::Open, Failure::Broken),
        (Operation::Read, Failure::Broken),
    ] {
        let mut told = 0;
        for nth in 1..8 {
            let what = format!("{operation:?}, time {nth}: {failure:?}");
            let stage = SimulatedStage::new();
            let store = |content: &[u8]| -> Result<FileHash, Box<dyn Error>> {
                let mut writer = stage.open()?.begin(1 << 20)?;
                writer.write_all(content)?;
                Ok(writer.finish()?)
            };
            let first = store(&vec![b'a'; 600_000]).unwrap();
            stage.files.lock().fail(operation, nth, failure);
            let second = store(&vec![b'b'; 600_000]);
            let read = |hash: FileHash| -> Result<Vec<u8>, Box<dyn Error>> {
                let reader = stage.open()?.open(hash)?;
                let mut content = Vec::new();
                reader.ok_or("it is gone")?.read_to_end(&mut content)?;
                Ok(content)
            };
            let before = read(first);
            told += u32::from(second.is_err() || before.is_err());
            stage.heal();
            stage.power_cut(nth);
            assert!(read(first).unwrap() == vec![b'a'; 600_000], "{what}");
            if let Ok(second) = second {
                assert!(read(second).unwrap() == vec![b'b'; 600_000], "{what}");
            }
            let hash = FileHash(Sha256::digest(vec![b'b'; 600_000]).into());
            let is_there = stage.open().unwrap().size(hash).unwrap().is_some();
            assert_eq!(
                stage.names(),
                1 + usize::from(is_there),
                "{what}: nothing unfinished is left"
            );
        }
        assert!(told > 0, "{operation:?}: {failure:?}");
    }
}
