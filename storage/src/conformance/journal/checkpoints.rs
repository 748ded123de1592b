use super::helpers::{Watch, append_all, check_frames, payloads};
use super::{Checkpoint, DiskStage, Stage, WholeState};
use crate::conformance::Random;
use crate::journal::{FrameSeq, JournalError};

pub fn a_checkpoint_comes_back(stage: &dyn Stage) {
    let mut random = Random::new(10);
    let journal = stage.open().unwrap();
    assert_eq!(journal.load_state().unwrap(), None);
    let appended = payloads(&mut random, 100);
    append_all(&*journal, &appended);
    let states = [
        (0, vec![]),
        (40, random.bytes(3_000_000)),
        (40, random.bytes(10)),
        (100, vec![]),
    ];
    for (at, state) in states {
        let at = FrameSeq(at);
        journal.save_state(at, &state).unwrap();
        assert!(journal.durable() >= at);
        assert!(journal.load_state().unwrap() == Some(Checkpoint { at, state }));
    }
    journal.close().unwrap();
    drop(journal);
    let journal = stage.open().unwrap();
    assert_eq!(
        journal.load_state().unwrap(),
        Some(Checkpoint {
            at: FrameSeq(100),
            state: vec![]
        })
    );
    assert_eq!(journal.status().bytes_since_checkpoint, 0);
    check_frames(
        &*journal,
        &appended,
        FrameSeq(100),
        "frames before the checkpoint stay until they are released",
    );
}

pub fn a_checkpoint_names_a_frame_that_exists(stage: &dyn Stage) {
    let journal = stage.open().unwrap();
    append_all(&*journal, &[vec![1], vec![2], vec![3]]);
    assert!(matches!(
        journal.save_state(FrameSeq(4), b"future"),
        Err(JournalError::Io { .. })
    ));
    journal.save_state(FrameSeq(2), b"second").unwrap();
    assert!(matches!(
        journal.save_state(FrameSeq(1), b"past"),
        Err(JournalError::Io { .. })
    ));
    let checkpoint = journal.load_state().unwrap();
    assert_eq!(
        checkpoint,
        Some(Checkpoint {
            at: FrameSeq(2),
            state: b"second".to_vec()
        })
    );
}

pub fn a_power_cut_leaves_the_old_checkpoint_or_the_new(stage: &dyn DiskStage) {
    let mut random = Random::new(11);
    let mut appended = payloads(&mut random, 20);
    let mut old = Checkpoint {
        at: FrameSeq(20),
        state: random.bytes(2000),
    };
    let journal = stage.open().unwrap();
    append_all(&*journal, &appended);
    journal.save_state(old.at, &old.state).unwrap();
    journal.close().unwrap();
    drop(journal);
    let (mut kept_old, mut took_new) = (0, 0);
    for round in 0..60 {
        let what = format!("round {round}");
        let journal = stage.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        check_frames(&*journal, &appended, old.at, &what);
        let more = payloads(&mut random, 3);
        append_all(&*journal, &more);
        appended.extend(more);
        assert!(Watch::new(&journal).durable(FrameSeq(appended.len() as u64)));
        let new = Checkpoint {
            at: FrameSeq(appended.len() as u64 - 1),
            state: random.bytes(1 + round * 100),
        };
        stage.power_cut_at(1 + random.below(10), random.next_u64());
        let saved = journal.save_state(new.at, &new.state).is_ok();
        stage.power_cut(random.next_u64());
        drop(journal);
        let journal = stage.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = journal
            .load_state()
            .unwrap()
            .unwrap_or_else(|| panic!("{what}: no checkpoint"));
        assert!(
            found == new || found == old && !saved,
            "{what}: saved {saved}, found the one after {}",
            found.at.0
        );
        if found == new {
            took_new += 1;
            old = new;
        } else {
            kept_old += 1;
        }
        stage.kill();
    }
    assert!(kept_old > 0 && took_new > 0, "old {kept_old}, new {took_new}");
}

pub fn a_full_disk_keeps_the_old_checkpoint(stage: &dyn DiskStage) {
    let journal = stage.open().unwrap();
    append_all(&*journal, &[vec![1], vec![2]]);
    journal.save_state(FrameSeq(1), b"old").unwrap();
    assert!(Watch::new(&journal).durable(FrameSeq(2)));
    stage.fill_disk();
    assert!(matches!(
        journal.save_state(FrameSeq(2), b"new"),
        Err(JournalError::Io { .. })
    ));
    assert_eq!(journal.load_state().unwrap().unwrap().state, b"old");
    stage.heal();
    journal.save_state(FrameSeq(2), b"new").unwrap();
    assert_eq!(journal.load_state().unwrap().unwrap().state, b"new");
}
