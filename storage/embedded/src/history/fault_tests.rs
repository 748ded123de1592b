//! What the disk may do to a history, and panics in its thread. Its files go past the file layer, through SQLite: faults are made
//! around the files.

use super::tests::{Folder, all, batch};
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::HistoryPlace;
use carillon_storage::history::{Batch, History, HistoryError};
use carillon_storage::journal::FrameSeq;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The list of what counts has no room: the batch is not stored, its file leaves nothing behind, and the next try stores it.
#[test]
fn a_full_disk_stores_a_batch_later_and_once() {
    let folder = Folder::new(false);
    let history = folder.open();
    history.store(Batch::of(&batch(0, 10), &[]), FrameSeq(1)).unwrap();
    history.shared().manifest.limit_growth(Some(0));
    // Many minutes and many codes, so that the sums need room.
    let next = batch(1_000_000, 3_000);
    for _ in 0..3 {
        let told = history.store(Batch::of(&next, &[]), FrameSeq(2)).unwrap_err();
        let HistoryError::Backend { place, source, .. } = &told else {
            panic!("{told}")
        };
        assert!(
            place.ends_with("manifest.db") && source.to_string().contains("full"),
            "{told}: {source}"
        );
        assert_eq!(folder.data_files().len(), 1, "no file is left for each try");
    }
    assert_eq!((history.stored_upto(), history.size().rows), (FrameSeq(1), 10));
    history.shared().manifest.limit_growth(None);
    history.store(Batch::of(&next, &[]), FrameSeq(2)).unwrap();
    assert_eq!((history.stored_upto(), history.size().rows), (FrameSeq(2), 3_010));
}

/// The newest commits of the list stand in its side file. Without that, the list is an older one: what it does not name goes, and
/// is stored again from the journal.
#[test]
fn a_list_that_has_lost_its_newest_commits_goes_on_from_what_it_knows() {
    let folder = Folder::new(false);
    folder
        .open()
        .store(Batch::of(&batch(0, 10), &[]), FrameSeq(1))
        .unwrap();
    let history = folder.open();
    history
        .store(Batch::of(&batch(10, 10), &[]), FrameSeq(2))
        .unwrap();
    let lost = Folder::new(false);
    copy(&folder.path(), &lost.path(), |name| {
        !name.starts_with("manifest.db-")
    });
    let behind = lost.open();
    assert_eq!(behind.stored_upto(), FrameSeq(1));
    assert_eq!(all(&behind), Vec::from_iter(0..10));
    behind.store(Batch::of(&batch(10, 10), &[]), FrameSeq(2)).unwrap();
    assert_eq!(all(&behind), Vec::from_iter(0..20));
    assert_eq!(behind.size().rows, 20);
}

/// A new file that is there under its name and in no list: the process ended in between.
#[test]
fn a_file_that_no_list_names_counts_for_nothing() {
    let folder = Folder::new(false);
    folder
        .open()
        .store(Batch::of(&batch(0, 10), &[]), FrameSeq(1))
        .unwrap();
    let [first] = &folder.data_files()[..] else {
        panic!("one batch is one file")
    };
    fs::copy(first, folder.path().join("journeys-00000002.db")).unwrap();
    fs::write(folder.path().join("journeys-00000003.db"), "torn").unwrap();
    assert_eq!(all(&folder.open()), Vec::from_iter(0..10));
    assert_eq!(folder.data_files().len(), 1);
}

/// Whatever stands in a file, reading it is an answer or an error, and never a panic; and others are stored beside it.
#[test]
fn flipped_bits_are_an_error_or_nothing() {
    let mut random = Random::new(1);
    let (mut told, mut refused) = (0, 0);
    for round in 0..120 {
        let folder = Folder::new(false);
        folder
            .open()
            .store(Batch::of(&batch(0, 60), &[]), FrameSeq(1))
            .unwrap();
        let file = if round % 2 == 0 {
            folder.data_files().remove(0)
        } else {
            folder.path().join("manifest.db")
        };
        let mut bytes = fs::read(&file).unwrap();
        for _ in 0..1 + round / 20 {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << random.below(8);
        }
        fs::write(&file, bytes).unwrap();
        let history = match super::EmbeddedHistory::open(&folder.path(), folder.options.clone()) {
            Ok(history) => history,
            Err(error) => {
                assert!(
                    error.to_string().contains("manifest.db") || round % 2 == 0,
                    "{error}"
                );
                refused += 1;
                continue;
            }
        };
        for id in 0..60 {
            told += u32::from(history.journey(carillon_domain::ids::MessageId(id)).is_err());
        }
        let stored = history.store(Batch::of(&batch(1_000, 5), &[]), FrameSeq(2));
        assert!(stored.is_ok() || round % 2 == 1, "round {round}: {stored:?}");
    }
    assert!(told > 0 && refused > 0, "told {told}, refused {refused}");
}

/// Without its thread files would never be merged or removed.
#[test]
fn a_panic_while_merging_ends_one_try_and_not_the_thread() {
    let folder = Folder::new(true);
    let history = folder.open();
    history.shared().manifest.panics.store(2, Ordering::Relaxed);
    let begun = Instant::now();
    for number in 0.. {
        let stored = history.store(Batch::of(&batch(number * 10, 8), &[]), FrameSeq(number + 1));
        stored.unwrap();
        let done = history.shared().manifest.panics.load(Ordering::Relaxed) == 0;
        if done && history.size().files <= number as usize / 2 {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nothing is merged any more"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn copy(from: &Path, to: &Path, is_wanted: impl Fn(&str) -> bool) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        if is_wanted(name.to_str().unwrap()) {
            fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    }
}
