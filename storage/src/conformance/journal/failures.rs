use super::helpers::{Watch, append_all, check_frames, payloads};
use super::{DiskStage, WholeState};
use crate::conformance::Random;
use crate::journal::{FrameSeq, JournalError};

pub fn a_failed_sync_is_the_end(stage: &dyn DiskStage) {
    let mut random = Random::new(8);
    let journal = stage.open().unwrap();
    let watch = Watch::new(&journal);
    let mut appended = payloads(&mut random, 30);
    append_all(&*journal, &appended);
    assert!(watch.durable(FrameSeq(30)));
    stage.fail_syncs();
    let lost = random.bytes(5000);
    journal.append(lost.clone()).unwrap();
    appended.push(lost);
    let reason = watch.failure();
    assert!(!reason.is_empty());
    stage.heal();
    assert_eq!(
        journal.durable(),
        FrameSeq(30),
        "a later sync cannot make up for a failed one"
    );
    assert!(matches!(journal.append(vec![1]), Err(JournalError::Failed { reason: told }) if told == reason));
    assert!(matches!(
        journal.save_state(FrameSeq(30), b"state"),
        Err(JournalError::Failed { .. })
    ));
    assert!(matches!(journal.close(), Err(JournalError::Failed { .. })));
    stage.kill();
    drop(journal);
    // The page cache may show the frame that the disk never got: whatever the next life tells must survive a power cut.
    let journal = stage.open().unwrap();
    let kept = check_frames(&*journal, &appended, FrameSeq(30), "after the restart");
    stage.power_cut(8);
    drop(journal);
    let journal = stage.open().unwrap();
    check_frames(&*journal, &appended, FrameSeq(kept as u64), "after the power cut");
}

pub fn a_full_disk_loses_nothing_that_was_durable(stage: &dyn DiskStage) {
    let mut random = Random::new(9);
    let journal = stage.open().unwrap();
    let watch = Watch::new(&journal);
    let appended = payloads(&mut random, 400);
    append_all(&*journal, &appended[..100]);
    assert!(watch.durable(FrameSeq(100)));
    stage.fill_disk();
    append_all(&*journal, &appended[100..]);
    watch.failure();
    let durable = journal.durable();
    stage.kill();
    drop(journal);
    stage.heal();
    check_frames(
        &*stage.open().unwrap(),
        &appended,
        durable,
        "when there is room again",
    );
}
