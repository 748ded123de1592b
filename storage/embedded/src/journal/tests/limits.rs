use super::stage::{SimulatedStage, dir, volume};
use crate::files::{Failure, Files, Operation};
use crate::journal::{EmbeddedJournal, JournalOptions, PAYLOAD_BYTES_MAX};
use carillon_storage::conformance::journal::{DiskStage, Watch, check_frames, read_frames};
use carillon_storage::journal::{FrameSeq, Journal, JournalError};
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;

#[test]
fn the_largest_frame_gets_a_volume_that_holds_it() {
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    let appended = [vec![1; 10], vec![2; PAYLOAD_BYTES_MAX], vec![3; 10]];
    for payload in &appended {
        journal.append(payload.clone()).unwrap();
    }
    let refused = journal.append(vec![4; PAYLOAD_BYTES_MAX + 1]);
    assert!(matches!(
        refused,
        Err(JournalError::FrameSize {
            bytes_max: PAYLOAD_BYTES_MAX,
            ..
        })
    ));
    journal.close().unwrap();
    drop(journal);
    stage.power_cut(1);
    check_frames(
        &stage.open_embedded().unwrap(),
        &appended,
        FrameSeq(3),
        "reopened",
    );
}

#[test]
fn a_backlog_above_its_limit_is_refused_until_it_is_durable() {
    let stage = SimulatedStage::new();
    let options = JournalOptions {
        backlog_bytes_max: 1000,
        ..JournalOptions::default()
    };
    let journal = EmbeddedJournal::open(dir(), options, Arc::new(stage.files())).unwrap();
    // The writer stands in the callback of the first frame, so that nothing leaves the backlog.
    let (in_callback, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (entered, leave) = (in_callback.clone(), go_on.clone());
    let first = std::sync::Once::new();
    journal.on_durable(Box::new(move || {
        first.call_once(|| {
            entered.wait();
            leave.wait();
        });
    }));
    journal.append(vec![0; 900]).unwrap();
    in_callback.wait();
    journal.append(vec![1; 600]).unwrap();
    journal.append(vec![2; 400]).unwrap();
    let refused = journal.append(vec![3; 1]);
    assert!(
        matches!(refused, Err(JournalError::Full { backlog_bytes: 1000 })),
        "{refused:?}"
    );
    assert_eq!(journal.status().backlog_bytes, 1000);
    go_on.wait();
    let journal: Arc<dyn Journal> = Arc::new(journal);
    assert!(Watch::new(&journal).durable(FrameSeq(3)));
    assert_eq!(journal.append(vec![4; 1000]).unwrap(), FrameSeq(4));
}

#[test]
fn frames_that_wait_share_one_sync() {
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    let (in_callback, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (entered, leave) = (in_callback.clone(), go_on.clone());
    let first = std::sync::Once::new();
    journal.on_durable(Box::new(move || {
        first.call_once(|| {
            entered.wait();
            leave.wait();
        });
    }));
    journal.append(vec![0]).unwrap();
    in_callback.wait();
    let syncs = journal.status().syncs_total;
    for number in 0..100 {
        journal.append(vec![number; 100]).unwrap();
    }
    go_on.wait();
    let journal: Arc<dyn Journal> = Arc::new(journal);
    assert!(Watch::new(&journal).durable(FrameSeq(101)));
    assert_eq!(journal.status().syncs_total, syncs + 1);
}

#[test]
fn a_panic_in_the_callback_fails_the_journal() {
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    journal.on_durable(Box::new(|| panic!("on purpose")));
    journal.append(vec![1]).unwrap();
    assert!(matches!(journal.close(), Err(JournalError::Failed { reason }) if reason.contains("panicked")));
}

#[test]
fn the_callback_may_own_the_journal() {
    let stage = SimulatedStage::new();
    let journal = Arc::new(stage.open_embedded().unwrap());
    let (told, heard) = mpsc::channel();
    let owner = parking_lot::Mutex::new(Some(journal.clone()));
    journal.on_durable(Box::new(move || {
        drop(owner.lock().take());
        let _ = told.send(());
    }));
    let last = thread::spawn(move || journal.append(vec![1]).map(drop));
    last.join().unwrap().unwrap();
    heard.recv().unwrap();
    assert_eq!(stage.reopen().unwrap().durable(), FrameSeq(1));
}

#[test]
fn a_volume_that_could_not_be_prepared_is_tried_again_when_it_is_needed() {
    let stage = SimulatedStage::new();
    // The first volume is made by the opening itself, the second one by the thread.
    stage.files().fail(Operation::Create, 2, Failure::Full);
    let journal = stage.open_embedded().unwrap();
    let appended: Vec<_> = (0..100).map(|number| vec![number; 2000]).collect();
    for payload in &appended {
        journal.append(payload.clone()).unwrap();
    }
    journal.close().unwrap();
    check_frames(&journal, &appended, FrameSeq(100), "tried again");
}

#[test]
fn a_clean_stop_needs_no_rewriting_and_any_other_does() {
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    journal.append(vec![1; 100]).unwrap();
    journal.close().unwrap();
    drop(journal);
    // Without new files nothing can be rewritten.
    stage.files().fail_always(Operation::Create, Failure::Full);
    let journal = stage.reopen().unwrap();
    drop(journal);
    let refused = stage.reopen().map(drop);
    assert!(matches!(refused, Err(JournalError::Io { operation, .. }) if operation.starts_with("rewriting")));
    stage.heal();
    assert_eq!(
        read_frames(&stage.reopen().unwrap(), FrameSeq(1)).unwrap().len(),
        1
    );
}

#[test]
fn leftovers_of_interrupted_writes_are_removed() {
    let stage = SimulatedStage::new();
    stage.open_embedded().unwrap().close().unwrap();
    let files = stage.files();
    let mut leftover = volume(9).into_os_string();
    leftover.push(".tmp");
    files.create(leftover.as_ref()).unwrap();
    files.create(&dir().join("notes.tmp")).unwrap();
    drop(stage.reopen().unwrap());
    let names = files.restart().list(dir()).unwrap();
    assert!(!names.iter().any(|name| name.contains("000009")), "{names:?}");
    assert!(
        names.contains(&"notes.tmp".to_owned()),
        "what is not ours is left alone"
    );
}
