use super::helpers::{Watch, append_all, check_frames, payloads, read_frames};
use super::{DiskStage, Stage, WholeState};
use crate::conformance::Random;
use crate::journal::{FrameSeq, JournalError};

pub fn released_frames_go_and_stay_gone(stage: &dyn Stage) {
    let appended = payloads(&mut Random::new(12), 600);
    let journal = stage.open().unwrap();
    append_all(&*journal, &appended);
    journal.save_state(FrameSeq(600), b"state").unwrap();
    journal.release(FrameSeq(300)).unwrap();
    let oldest = journal.oldest();
    assert!(
        oldest > FrameSeq(1) && oldest <= FrameSeq(301),
        "the oldest is {}",
        oldest.0
    );
    let gone = journal.read(FrameSeq(oldest.0 - 1)).map(drop);
    assert!(
        matches!(gone, Err(JournalError::Gone { wanted, oldest: told }) if wanted.next() == oldest && told == oldest)
    );
    check_frames(&*journal, &appended, FrameSeq(600), "after release");
    journal.release(FrameSeq(600)).unwrap();
    let oldest = journal.oldest();
    journal.close().unwrap();
    drop(journal);
    let journal = stage.open().unwrap();
    assert_eq!(journal.oldest(), oldest);
    check_frames(&*journal, &appended, FrameSeq(600), "reopened");
    assert_eq!(journal.append(vec![1]).unwrap(), FrameSeq(601));
}

pub fn released_frames_give_their_room_back(stage: &dyn DiskStage) {
    let appended = payloads(&mut Random::new(12), 600);
    let journal = stage.open().unwrap();
    append_all(&*journal, &appended);
    journal.save_state(FrameSeq(600), b"state").unwrap();
    let before = journal.status();
    let mut reader = journal.read(FrameSeq(1)).unwrap();
    assert_eq!(reader.next_frame().unwrap().unwrap().seq, FrameSeq(1));
    journal.release(FrameSeq(300)).unwrap();
    let after = journal.status();
    assert!(after.volumes < before.volumes && after.disk_bytes < before.disk_bytes);
    let next = reader.next_frame().unwrap().map(|frame| frame.seq);
    assert_eq!(
        next,
        Some(FrameSeq(2)),
        "the volume that a reader holds open can still be read"
    );
}

pub fn release_spares_what_the_checkpoint_needs(stage: &dyn Stage) {
    let appended = payloads(&mut Random::new(13), 600);
    let journal = stage.open().unwrap();
    append_all(&*journal, &appended);
    assert!(Watch::new(&journal).durable(FrameSeq(600)));
    journal.release(FrameSeq(600)).unwrap();
    assert_eq!(
        journal.oldest(),
        FrameSeq(1),
        "without a checkpoint everything is needed"
    );
    journal.save_state(FrameSeq(200), b"state").unwrap();
    journal.release(FrameSeq(600)).unwrap();
    assert!(journal.oldest() > FrameSeq(1) && journal.oldest() <= FrameSeq(201));
    assert_eq!(read_frames(&*journal, FrameSeq(201)).unwrap().len(), 400);
}

pub fn power_cuts_while_releasing_leave_a_whole_journal(stage: &dyn DiskStage) {
    let mut random = Random::new(14);
    let mut appended = Vec::new();
    for round in 0..25 {
        let what = format!("round {round}");
        let journal = stage.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        let more = payloads(&mut random, 250);
        append_all(&*journal, &more);
        appended.extend(more);
        let last = FrameSeq(appended.len() as u64);
        journal.save_state(last, b"state").unwrap();
        stage.power_cut_at(1 + random.below(8), random.next_u64());
        let _ = journal.release(last);
        stage.power_cut(random.next_u64());
        drop(journal);
        let journal = stage.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        check_frames(&*journal, &appended, last, &what);
        assert_eq!(journal.load_state().unwrap().unwrap().at, last, "{what}");
        stage.kill();
    }
}
