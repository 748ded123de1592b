use super::helpers::{Watch, append_all, check_frames, payloads, read_frames};
use super::{DiskStage, Stage, WholeState};
use crate::conformance::Random;
use crate::journal::{FrameSeq, JournalError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub fn frames_are_numbered_and_read_in_order(stage: &dyn Stage) {
    let journal = stage.open().unwrap();
    assert_eq!(
        (journal.durable(), journal.oldest()),
        (FrameSeq::ZERO, FrameSeq(1))
    );
    let payloads = payloads(&mut Random::new(1), 500);
    let numbers = append_all(&*journal, &payloads);
    assert_eq!(numbers, (1..=500).map(FrameSeq).collect::<Vec<_>>());
    assert!(Watch::new(&journal).durable(FrameSeq(500)));
    check_frames(&*journal, &payloads, FrameSeq(500), "all");
}

pub fn payloads_of_every_size_come_back(stage: &dyn Stage) {
    let journal = stage.open().unwrap();
    let sizes = [1, 7, 8, 9, 511, 512, 513, 4096, 65_536, 300_000, 512 * 1024];
    let payloads: Vec<_> = sizes
        .iter()
        .map(|size| Random::new(*size as u64).bytes(*size))
        .collect();
    append_all(&*journal, &payloads);
    journal.close().unwrap();
    drop(journal);
    check_frames(
        &*stage.open().unwrap(),
        &payloads,
        FrameSeq(sizes.len() as u64),
        "reopened",
    );
}

pub fn sizes_outside_the_limits_are_refused(stage: &dyn Stage) {
    let journal = stage.open().unwrap();
    for bytes in [0, 16 * 1024 * 1024] {
        let refused = journal.append(vec![1; bytes]);
        assert!(
            matches!(refused, Err(JournalError::FrameSize { bytes: told, .. }) if told == bytes),
            "{refused:?}"
        );
    }
    assert_eq!(
        journal.append(vec![1]).unwrap(),
        FrameSeq(1),
        "a refused payload takes no number"
    );
}

pub fn the_callback_runs_after_what_it_tells_is_durable(stage: &dyn Stage) {
    let journal = stage.open().unwrap();
    let watch = Watch::new(&journal);
    let mut last = FrameSeq::ZERO;
    for payload in payloads(&mut Random::new(2), 50) {
        last = journal.append(payload).unwrap();
        assert!(watch.durable(last), "one frame alone is synced at once");
    }
    assert_eq!(journal.durable(), last);
    assert!(journal.status().syncs_total >= 50);
    // Another callback takes the first one's place.
    let seen = Arc::new(AtomicU64::new(0));
    let noted = seen.clone();
    let weak = Arc::downgrade(&journal);
    journal.on_durable(Box::new(move || {
        if let Some(journal) = weak.upgrade() {
            noted.store(journal.durable().0, Ordering::Release);
        }
    }));
    last = journal.append(vec![1]).unwrap();
    journal.close().unwrap();
    assert_eq!(seen.load(Ordering::Acquire), last.0);
}

pub fn closing_makes_everything_durable(stage: &dyn DiskStage) {
    let journal = stage.open().unwrap();
    let payloads = payloads(&mut Random::new(3), 300);
    append_all(&*journal, &payloads);
    journal.close().unwrap();
    assert_eq!(journal.durable(), FrameSeq(300));
    stage.power_cut(3);
    check_frames(&*stage.open().unwrap(), &payloads, FrameSeq(300), "after the cut");
}

pub fn a_closed_journal_takes_nothing(stage: &dyn Stage) {
    let journal = stage.open().unwrap();
    journal.append(vec![1]).unwrap();
    journal.close().unwrap();
    journal.close().unwrap();
    assert!(matches!(journal.append(vec![2]), Err(JournalError::Closed)));
    assert!(matches!(
        journal.save_state(FrameSeq(1), b"state"),
        Err(JournalError::Closed)
    ));
    assert_eq!(journal.failure(), None);
    assert_eq!(
        read_frames(&*journal, FrameSeq(1)).unwrap().len(),
        1,
        "it can still be read"
    );
}

pub fn status_adds_up(stage: &dyn DiskStage) {
    let journal = stage.open().unwrap();
    let payloads = payloads(&mut Random::new(4), 400);
    let bytes = payloads.iter().map(|payload| payload.len() as u64).sum::<u64>();
    append_all(&*journal, &payloads);
    journal.close().unwrap();
    let status = journal.status();
    assert_eq!(
        (status.backlog_bytes, status.frames_total, status.bytes_total),
        (0, 400, bytes)
    );
    assert_eq!(status.bytes_since_checkpoint, bytes);
    assert!(status.volumes > 1 && status.disk_bytes >= bytes);
    assert!(status.syncs_total >= 1 && status.sync_time_max <= status.sync_time_total);
}

pub fn only_one_opens_it(stage: &dyn DiskStage) {
    let journal = stage.open().unwrap();
    assert!(matches!(stage.open().map(drop), Err(JournalError::InUse { .. })));
    journal.append(vec![1]).unwrap();
    journal.close().unwrap();
    drop(journal);
    stage.open().unwrap().append(vec![2]).unwrap();
}
