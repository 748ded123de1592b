use super::failure::unreadable;
use super::{EmbeddedHistory, HistoryOptions, Keep, file_writer};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, MessageId};
use carillon_domain::journey::{Amendment, Journey};
use carillon_domain::time::UnixMs;
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{self as conformance, HistoryPlace, journey, phone};
use carillon_storage::history::stored::Key;
use carillon_storage::history::{Batch, History, HistoryError, SearchQuery};
use carillon_storage::journal::FrameSeq;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A folder whose name must be escaped in a URI, and files so small that much is merged.
pub(super) struct Folder {
    dir: TempDir,
    pub options: HistoryOptions,
}

impl Folder {
    pub fn new(merge_in_background: bool) -> Self {
        let options = HistoryOptions {
            rows_full: 64,
            looked_rows_max: 1000,
            search_time_max: Duration::from_secs(60),
            figures_time_max: Duration::from_secs(60),
            idle_connections_max: 5,
            works_in_background: merge_in_background,
            ranges: Arc::new(conformance::ranges()),
            // What the suite stores is of any time.
            keep: Keep {
                journeys: Duration::MAX,
                minutes: Duration::MAX,
                hours: Duration::MAX,
                ..Keep::default()
            },
        };
        Folder {
            dir: TempDir::with_prefix("历史 100%?#&").unwrap(),
            options,
        }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("history")
    }

    pub fn refusal(&self) -> HistoryError {
        EmbeddedHistory::open(&self.path(), self.options.clone())
            .err()
            .expect("it must be refused")
    }

    pub fn data_files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = entries
            .filter(|path| {
                path.file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .starts_with("journeys-")
            })
            .collect();
        files.sort();
        files
    }
}

impl HistoryPlace for Folder {
    type History = EmbeddedHistory;

    fn open(&self) -> EmbeddedHistory {
        EmbeddedHistory::open(&self.path(), self.options.clone()).unwrap()
    }
}

mod with_a_builder {
    use super::Folder;

    carillon_storage::history_conformance!(Folder::new(true));
}

mod without_a_builder {
    use super::Folder;

    carillon_storage::history_conformance!(Folder::new(false));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_model(seed: u64, merge_in_background: bool) {
        conformance::agrees_with_a_model(Folder::new(merge_in_background), seed);
    }
}

pub(super) fn batch(first: u64, count: u64) -> Vec<Journey> {
    let mut random = Random::new(first);
    (first..first + count)
        .map(|id| journey(id, phone(1), 1, &mut random))
        .collect()
}

pub(super) fn all(history: &EmbeddedHistory) -> Vec<u64> {
    let query = SearchQuery {
        phone: Some(phone(1)),
        ..SearchQuery::newest(10_000)
    };
    history
        .search(&query)
        .unwrap()
        .journeys
        .into_iter()
        .rev()
        .map(|journey| journey.message.0)
        .collect()
}

#[test]
fn small_files_are_merged_and_the_old_ones_go() {
    let folder = Folder::new(false);
    let history = folder.open();
    for number in 0..20 {
        history
            .store(Batch::of(&batch(number * 30, 30), &[]), FrameSeq(number + 1))
            .unwrap();
    }
    let size = || (history.size().files, history.size().rows);
    assert_eq!(size(), (20, 600));
    history.merge_due().unwrap();
    assert_eq!(size(), (8, 600));
    assert_eq!(folder.data_files().len(), 8);
    assert_eq!(all(&history), Vec::from_iter(0..600));
    drop(history);
    assert_eq!(all(&folder.open()), Vec::from_iter(0..600));
}

#[test]
fn a_reader_keeps_a_merged_file_until_it_is_done() {
    let folder = Folder::new(false);
    let history = folder.open();
    for number in 0..2 {
        history
            .store(Batch::of(&batch(number * 40, 40), &[]), FrameSeq(number + 1))
            .unwrap();
    }
    let held = history.shared().shelf.files();
    history.merge_due().unwrap();
    assert_eq!(folder.data_files().len(), 3);
    assert_eq!(held[0].get(5).unwrap().map(|row| row.id), Some(5));
    drop(held);
    assert_eq!(folder.data_files().len(), 1);
}

#[test]
fn a_search_that_finds_little_pauses_and_goes_on() {
    let mut folder = Folder::new(false);
    folder.options.looked_rows_max = 100;
    let history = folder.open();
    for number in 0..20 {
        history
            .store(Batch::of(&batch(number * 50, 50), &[]), FrameSeq(number + 1))
            .unwrap();
    }
    // All have one number, and nobody has this account.
    let mut query = SearchQuery {
        phone: Some(phone(1)),
        account: Some(AccountId(99)),
        ..SearchQuery::newest(10)
    };
    let mut pages = 0;
    loop {
        let page = history.search(&query).unwrap();
        assert_eq!(page.journeys, []);
        pages += 1;
        let Some(next) = page.next else { break };
        assert!(query.before.is_none_or(|before| next < before));
        query.before = Some(next);
    }
    assert!((8..=11).contains(&pages), "{pages} pages");
}

/// Whatever a file's rows have in common, an index leads to them.
#[test]
fn every_search_has_its_index() {
    let folder = Folder::new(false);
    let history = folder.open();
    history.store(Batch::of(&batch(0, 60), &[]), FrameSeq(1)).unwrap();
    let files = history.shared().shelf.files();
    for key in [
        Key::Phone(phone(1).as_u64()),
        Key::Mail(1),
        Key::Campaign(1),
        Key::Id,
    ] {
        let plan = files[0].plan(key).unwrap();
        assert!(plan.starts_with("SEARCH"), "{key:?}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{key:?}: {plan}");
    }
}

#[test]
fn what_a_crash_left_unfinished_goes_and_is_written_again() {
    let folder = Folder::new(false);
    let history = folder.open();
    history.store(Batch::of(&batch(0, 10), &[]), FrameSeq(1)).unwrap();
    let finished = folder.data_files();
    drop(history);
    // A crash while the second file or a merge was written: files without a name in the manifest, whole, torn or empty.
    fs::copy(&finished[0], folder.path().join("journeys-00000002.db")).unwrap();
    fs::write(
        folder.path().join("journeys-00000003.db"),
        b"SQLite format 3\0 torn",
    )
    .unwrap();
    fs::write(folder.path().join("journeys-00000004.db-journal"), b"").unwrap();
    fs::write(folder.path().join("note.txt"), b"not ours").unwrap();
    let history = folder.open();
    assert_eq!(folder.data_files(), finished);
    assert!(folder.path().join("note.txt").exists());
    assert_eq!(history.stored_upto(), FrameSeq(1));
    // And one that appeared after the start, where the next batch goes.
    fs::write(folder.path().join("journeys-00000002.db"), b"in the way").unwrap();
    history
        .store(Batch::of(&batch(10, 10), &[]), FrameSeq(2))
        .unwrap();
    drop(history);
    assert_eq!(all(&folder.open()), Vec::from_iter(0..20));
}

#[test]
fn a_batch_that_cannot_be_written_leaves_everything_as_it_was() {
    let folder = Folder::new(false);
    let history = folder.open();
    history.store(Batch::of(&batch(0, 10), &[]), FrameSeq(1)).unwrap();
    let in_the_way = folder.path().join("journeys-00000002.db");
    fs::create_dir(&in_the_way).unwrap();
    let refused = history
        .store(Batch::of(&batch(10, 10), &[]), FrameSeq(2))
        .unwrap_err();
    assert!(refused.to_string().contains("journeys-00000002.db"), "{refused}");
    assert_eq!(
        (all(&history), history.stored_upto()),
        (Vec::from_iter(0..10), FrameSeq(1))
    );
    fs::remove_dir(&in_the_way).unwrap();
    history
        .store(Batch::of(&batch(10, 10), &[]), FrameSeq(2))
        .unwrap();
    assert_eq!(
        (all(&history), history.stored_upto()),
        (Vec::from_iter(0..20), FrameSeq(2))
    );
}

#[test]
fn a_file_that_could_not_be_filled_does_not_stay() {
    let folder = Folder::new(false);
    folder.open();
    let path = folder.path().join("journeys-00000001.db");
    let refused = file_writer::write(&path, |_| Err(unreadable(&path, "as the test wants")));
    assert!(refused.is_err());
    assert_eq!(folder.data_files(), Vec::<PathBuf>::new());
}

#[test]
fn a_missing_short_or_foreign_file_is_refused_by_name() {
    let folder = Folder::new(false);
    folder
        .open()
        .store(Batch::of(&batch(0, 10), &[]), FrameSeq(1))
        .unwrap();
    let file = folder.data_files().remove(0);
    let bytes = fs::read(&file).unwrap();

    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(folder.refusal(), HistoryError::Unreadable { .. }));
    fs::remove_file(&file).unwrap();
    assert!(folder.refusal().to_string().contains("journeys-00000001.db"));

    let mut foreign = bytes.clone();
    foreign[60..64].copy_from_slice(&9u32.to_be_bytes());
    fs::write(&file, &foreign).unwrap();
    let refused = folder.open().journey(MessageId(3)).unwrap_err().to_string();
    assert!(refused.contains("format 9"), "{refused}");

    fs::write(&file, vec![0xa5; bytes.len()]).unwrap();
    assert!(matches!(
        folder.open().journey(MessageId(3)),
        Err(HistoryError::Backend { .. })
    ));
}

/// The disk spoilt a file. Batches are stored all the same, once each, and the other files are merged.
#[test]
fn a_damaged_file_keeps_nobody_from_storing() {
    let folder = Folder::new(false);
    folder
        .open()
        .store(Batch::of(&batch(0, 10), &[]), FrameSeq(1))
        .unwrap();
    let damaged = folder.data_files().remove(0);
    let bytes = fs::read(&damaged).unwrap();
    fs::write(&damaged, vec![0xa5; bytes.len()]).unwrap();
    let history = folder.open();
    for number in 1..=115 {
        let stored = history.store(Batch::of(&batch(number * 10, 8), &[]), FrameSeq(number + 1));
        assert!(stored.is_ok(), "batch {number}: {stored:?}");
    }
    assert_eq!((history.size().rows, history.stored_upto()), (930, FrameSeq(116)));
    history.merge_due().unwrap();
    assert!(history.size().files < 40, "{} files", history.size().files);
    assert!(damaged.exists());
    fs::write(&damaged, bytes).unwrap();
    drop(history);
    assert_eq!(all(&folder.open()).len(), 930);
}

/// A receipt comes late for a message whose row nobody can read any more.
#[test]
fn a_correction_of_a_message_that_is_lost_keeps_nobody_from_storing() {
    let spoil: [fn(&Path); 2] = [
        |file| fs::write(file, vec![0xa5; fs::metadata(file).unwrap().len() as usize]).unwrap(),
        |file| {
            let file = rusqlite::Connection::open(file).unwrap();
            file.execute_batch("UPDATE journey SET body = zeroblob(length(body))")
                .unwrap();
        },
    ];
    for spoil in spoil {
        let folder = Folder::new(false);
        folder
            .open()
            .store(Batch::of(&batch(0, 10), &[]), FrameSeq(1))
            .unwrap();
        spoil(&folder.data_files()[0]);
        let history = folder.open();
        let correction = Amendment {
            message: MessageId(3),
            state: FinalState::Delivered,
            cause: None,
            at: UnixMs(1),
        };
        history
            .store(Batch::of(&batch(10, 10), [&correction]), FrameSeq(2))
            .unwrap();
        assert_eq!((history.size().rows, history.stored_upto()), (20, FrameSeq(2)));
        assert!(history.journey(MessageId(3)).is_err());
        assert!(history.journey(MessageId(12)).unwrap().is_some());
    }
}

/// Whoever restores files and forgets the manifest must not lose them.
#[test]
fn files_without_their_manifest_are_not_removed() {
    let folder = Folder::new(false);
    let history = folder.open();
    history.store(Batch::of(&batch(0, 10), &[]), FrameSeq(1)).unwrap();
    drop(history);
    let manifest = folder.path().join("manifest.db");
    let kept = folder.path().join("kept");
    fs::rename(&manifest, &kept).unwrap();
    for _ in 0..2 {
        assert!(folder.refusal().to_string().contains("manifest.db"));
        assert_eq!(folder.data_files().len(), 1);
    }
    fs::rename(&kept, &manifest).unwrap();
    assert_eq!(all(&folder.open()), Vec::from_iter(0..10));
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    let folder = Folder::new(false);
    for (alteration, detail) in [
        ("UPDATE journey SET body = x''", "is empty"),
        ("UPDATE journey SET body = x'0901'", "has form 9"),
        ("UPDATE journey SET body = x'01ff'", "message 0000000000000003"),
        ("UPDATE journey SET state = 77", "has state 77"),
        ("UPDATE journey SET phone = 1", "the number of message"),
    ] {
        let _ = fs::remove_dir_all(folder.path());
        folder
            .open()
            .store(Batch::of(&batch(3, 1), &[]), FrameSeq(1))
            .unwrap();
        let file = folder.data_files().remove(0);
        rusqlite::Connection::open(&file)
            .unwrap()
            .execute_batch(alteration)
            .unwrap();
        let refused = folder.open().journey(MessageId(3)).unwrap_err();
        assert!(matches!(refused, HistoryError::Unreadable { .. }), "{refused}");
        assert!(refused.to_string().contains(detail), "{refused}");
    }
}

#[test]
fn a_newer_manifest_is_refused() {
    let folder = Folder::new(false);
    folder.open();
    let manifest = rusqlite::Connection::open(folder.path().join("manifest.db")).unwrap();
    manifest.execute_batch("PRAGMA user_version = 9").unwrap();
    assert!(folder.refusal().to_string().contains("format 9"));
}
