use super::helpers::{Watch, append_all, payloads};
use super::{Stage, WholeState};
use crate::conformance::Random;
use crate::journal::{Frame, FrameSeq, JournalError};

/// Also those of volumes that were never read since the journal was opened.
pub fn single_frames_are_read_in_any_order(stage: &dyn Stage) {
    let appended = payloads(&mut Random::new(21), 900);
    let mut random = Random::new(22);
    for life in 0..3 {
        let journal = stage.open().unwrap();
        if life == 0 {
            append_all(&*journal, &appended);
            journal.save_state(FrameSeq(850), b"state").unwrap();
            assert!(Watch::new(&journal).durable(FrameSeq(900)));
        }
        for _ in 0..300 {
            let seq = 1 + random.below(900);
            let frame = journal.frame(FrameSeq(seq)).unwrap();
            assert!(frame.seq == FrameSeq(seq), "life {life}");
            assert!(
                frame.payload == appended[seq as usize - 1],
                "life {life}: frame {seq}"
            );
        }
        // Once in order, once by a kill.
        if life == 0 {
            journal.close().unwrap();
        }
        drop(journal);
        stage.kill();
    }
}

pub fn a_single_frame_is_gone_or_not_yet_there(stage: &dyn Stage) {
    let appended = payloads(&mut Random::new(23), 600);
    let journal = stage.open().unwrap();
    append_all(&*journal, &appended);
    journal.save_state(FrameSeq(600), b"state").unwrap();
    let first = journal.frame(FrameSeq(1)).unwrap();
    assert!(
        first
            == Frame {
                seq: FrameSeq(1),
                payload: appended[0].clone()
            }
    );
    journal.release(FrameSeq(300)).unwrap();
    let oldest = journal.oldest();
    assert!(oldest > FrameSeq(1));
    assert_eq!(
        journal.frame(oldest).unwrap().payload,
        appended[oldest.0 as usize - 1]
    );
    for seq in [FrameSeq::ZERO, FrameSeq(1), FrameSeq(oldest.0 - 1)] {
        let gone = journal.frame(seq);
        assert!(
            matches!(gone, Err(JournalError::Gone { wanted, oldest: told }) if wanted == seq && told == oldest)
        );
    }
    let early = journal.frame(FrameSeq(601));
    assert!(
        matches!(early, Err(JournalError::NotDurable { wanted, durable }) if wanted == FrameSeq(601) && durable == FrameSeq(600))
    );
    journal.append(vec![7]).unwrap();
    assert!(Watch::new(&journal).durable(FrameSeq(601)));
    assert_eq!(journal.frame(FrameSeq(601)).unwrap().payload, [7]);
}
