use super::helpers::{Watch, append_all, payloads, read_frames};
use super::{DiskStage, Stage, WholeState};
use crate::conformance::Random;
use crate::journal::{FrameSeq, JournalError};
use std::thread;

pub fn readers_follow_the_writer(stage: &dyn Stage) {
    let appended = payloads(&mut Random::new(15), 2000);
    let journal = stage.open().unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut reader = journal.read(FrameSeq(1)).unwrap();
                for (expected, seq) in appended.iter().zip(1..) {
                    let frame = loop {
                        match reader.next_frame().unwrap() {
                            Some(frame) => break frame,
                            None => thread::yield_now(),
                        }
                    };
                    assert_eq!(frame.seq, FrameSeq(seq));
                    assert!(frame.payload == *expected, "frame {seq}");
                }
            });
        }
        // Small groups, so that readers meet the end of what is durable in the middle of volumes.
        let watch = Watch::new(&journal);
        for some in appended.chunks(9) {
            let numbers = append_all(&*journal, some);
            assert!(watch.durable(*numbers.last().unwrap()));
        }
    });
}

pub fn readers_start_anywhere(stage: &dyn Stage) {
    let appended = payloads(&mut Random::new(16), 700);
    for reopened in [false, true] {
        let journal = stage.open().unwrap();
        if !reopened {
            append_all(&*journal, &appended);
        }
        journal.close().unwrap();
        for from in (1..=700).step_by(23) {
            let frame = journal
                .read(FrameSeq(from))
                .unwrap()
                .next_frame()
                .unwrap()
                .unwrap();
            assert_eq!(frame.seq, FrameSeq(from));
            assert!(
                frame.payload == appended[from as usize - 1],
                "frame {from}, reopened: {reopened}"
            );
        }
        assert!(matches!(
            journal.read(FrameSeq::ZERO).map(drop),
            Err(JournalError::Gone { .. })
        ));
        for from in [701, 9999] {
            assert_eq!(journal.read(FrameSeq(from)).unwrap().next_frame().unwrap(), None);
        }
    }
}

pub fn a_reader_never_sees_what_is_not_durable(stage: &dyn DiskStage) {
    let journal = stage.open().unwrap();
    journal.append(vec![1]).unwrap();
    journal.save_state(FrameSeq(1), b"state").unwrap();
    stage.fail_syncs();
    let mut reader = journal.read(FrameSeq(1)).unwrap();
    let watch = Watch::new(&journal);
    journal.append(vec![2]).unwrap();
    watch.failure();
    assert_eq!(
        reader.next_frame().unwrap().map(|frame| frame.seq),
        Some(FrameSeq(1))
    );
    assert_eq!(
        reader.next_frame().unwrap(),
        None,
        "frame 2 was written and never synced"
    );
}

pub fn a_reader_outlives_release_or_says_what_is_gone(stage: &dyn Stage) {
    let appended = payloads(&mut Random::new(17), 600);
    let journal = stage.open().unwrap();
    append_all(&*journal, &appended);
    journal.save_state(FrameSeq(600), b"state").unwrap();
    let mut reader = journal.read(FrameSeq(1)).unwrap();
    let mut slow = journal.read(FrameSeq(1)).unwrap();
    assert_eq!(reader.next_frame().unwrap().unwrap().seq, FrameSeq(1));
    journal.release(FrameSeq(600)).unwrap();
    let oldest = journal.oldest();
    // With what it holds already (say, an open volume) the reader may go on; then it is told.
    let mut next = 2;
    let end = loop {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                assert!(frame.seq == FrameSeq(next) && frame.payload == appended[next as usize - 1])
            }
            end => break end,
        }
        next += 1;
    };
    assert!(
        matches!(end, Err(JournalError::Gone { wanted, oldest: told }) if wanted == FrameSeq(next) && told == oldest)
    );
    assert!(
        matches!(slow.next_frame(), Err(JournalError::Gone { .. })),
        "a reader that never began holds nothing open"
    );
    assert_eq!(
        read_frames(&*journal, oldest).unwrap().len() as u64,
        601 - oldest.0
    );
}
