//! Where room on the disk is taken, and where it cannot be missing.

use super::stage::{SimulatedStage, VOLUME_BYTES};
use crate::files::{Failure, Operation, RealFiles};
use crate::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::conformance::journal::{DiskStage, Stage, Watch, append_all, check_frames};
use carillon_storage::journal::{FrameSeq, Journal};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

/// Bytes that files take on the disk.
fn taken_bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap();
    entries
        .map(|entry| 512 * entry.unwrap().metadata().unwrap().blocks())
        .sum()
}

/// Zeros have the room of the frames to come: a frame takes none, so that a full disk cannot tear one.
#[test]
fn frames_take_no_room_of_a_real_disk() {
    const BYTES: u64 = 256 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    let options = JournalOptions {
        volume_bytes: BYTES,
        ..JournalOptions::default()
    };
    let journal: Arc<dyn Journal> =
        Arc::new(EmbeddedJournal::open(&dir, options, Arc::new(RealFiles)).unwrap());
    let watch = Watch::new(&journal);
    // The next volume is made in the background.
    while journal_files(&dir) < 2 {
        std::thread::yield_now();
    }
    let before = taken_bytes(&dir);
    assert!(before >= 2 * BYTES, "{before} bytes");
    let appended: Vec<_> = (0..20u8).map(|number| vec![number; 10_000]).collect();
    append_all(&*journal, &appended);
    assert!(watch.durable(FrameSeq(20)));
    assert_eq!(taken_bytes(&dir), before);
    check_frames(&*journal, &appended, FrameSeq(20), "on the real disk");
}

fn journal_files(dir: &Path) -> usize {
    let names = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| {
            name.to_str()
                .is_some_and(|name| name.starts_with("volume-") && !name.ends_with(".tmp"))
        })
        .count()
}

/// The volume in use and the one that is ready are written to their ends; then the journal fails for want of the next one, and
/// goes on when there is room.
#[test]
fn a_full_disk_ends_the_journal_between_two_volumes() {
    let stage = SimulatedStage::new();
    let journal: Arc<dyn Journal> = Arc::new(stage.open_embedded().unwrap());
    let watch = Watch::new(&journal);
    let renamed = || stage.files().count(Operation::Rename) >= 2;
    while !renamed() {
        std::thread::yield_now();
    }
    stage.files().fail_always(Operation::Create, Failure::Full);
    let payload = vec![7; VOLUME_BYTES as usize / 16];
    let mut appended = Vec::new();
    while journal.failure().is_none() {
        let Ok(seq) = journal.append(payload.clone()) else {
            break;
        };
        appended.push(payload.clone());
        watch.durable(seq);
    }
    let reason = watch.failure();
    assert!(
        reason.contains("creating a volume")
            && reason.contains("volume-000000000003")
            && reason.contains("No space left"),
        "{reason}"
    );
    let durable = journal.durable();
    assert_eq!(durable, FrameSeq(2 * 14), "both volumes are full");
    drop(journal);
    stage.kill();
    let refused = stage.open_embedded().map(drop).unwrap_err().to_string();
    assert!(refused.contains("rewriting a volume"), "{refused}");
    stage.heal();
    check_frames(&stage.reopen().unwrap(), &appended, durable, "with room again");
}
