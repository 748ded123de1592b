use super::helpers::{Watch, append_all, payloads};
use super::{DiskStage, Stage};
use crate::conformance::Random;
use crate::journal::{FrameSeq, Journal, Part};
use std::collections::BTreeMap;

type State = BTreeMap<u64, Vec<u8>>;

/// What changes from one checkpoint to the next: parts that come, change, become large and go.
fn change(state: &State, random: &mut Random) -> (Vec<Part>, State) {
    let mut changed = State::new();
    for _ in 0..random.below(6) {
        let bytes = match random.below(8) {
            0 => 0,
            1 => 2_000 + random.below(30_000),
            _ => 1 + random.below(300),
        };
        changed.insert(random.below(40), random.bytes(bytes as usize));
    }
    let mut new = state.clone();
    new.extend(changed.clone());
    new.retain(|_, bytes| !bytes.is_empty());
    let parts = changed.into_iter().map(|(key, bytes)| Part { key, bytes });
    (parts.collect(), new)
}

fn load(journal: &dyn Journal) -> (Option<FrameSeq>, State) {
    let mut state = State::new();
    let at = journal
        .load_checkpoint(&mut |part| {
            let Part { key, bytes } = part;
            assert!(state.insert(key, bytes).is_none(), "part {key} came twice");
        })
        .unwrap();
    (at, state)
}

pub fn parts_that_do_not_change_stay(stage: &dyn Stage) {
    let mut random = Random::new(31);
    let mut journal = stage.open().unwrap();
    append_all(&*journal, &payloads(&mut random, 300));
    assert!(Watch::new(&journal).durable(FrameSeq(300)));
    let mut state = State::new();
    for round in 1..=300 {
        let (changed, new) = change(&state, &mut random);
        state = new;
        // Some twice in a row after the same frame.
        let at = FrameSeq(round - u64::from(round % 7 == 0));
        journal.save_checkpoint(at, &changed).unwrap();
        assert!(load(&*journal) == (Some(at), state.clone()), "round {round}");
        if round % 10 == 0 {
            drop(journal);
            stage.kill();
            journal = stage.open().unwrap();
            assert!(
                load(&*journal) == (Some(at), state.clone()),
                "reopened, round {round}"
            );
        }
    }
}

pub fn a_power_cut_leaves_the_parts_of_the_old_checkpoint_or_the_new(stage: &dyn DiskStage) {
    let mut random = Random::new(32);
    let journal = stage.open().unwrap();
    append_all(&*journal, &payloads(&mut random, 200));
    journal.close().unwrap();
    drop(journal);
    let mut old = (None, State::new());
    let (mut kept_old, mut took_new) = (0, 0);
    for round in 1..=150 {
        let journal = stage
            .open()
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert!(load(&*journal) == old, "round {round}");
        let (changed, state) = change(&old.1, &mut random);
        let new = (Some(FrameSeq(round)), state);
        stage.power_cut_at(1 + random.below(14), random.next_u64());
        let saved = journal.save_checkpoint(FrameSeq(round), &changed).is_ok();
        stage.power_cut(random.next_u64());
        drop(journal);
        let journal = stage
            .open()
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        let found = load(&*journal);
        assert!(
            found == new || found == old && !saved,
            "round {round}: saved {saved}, found the one after {:?}",
            found.0
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
