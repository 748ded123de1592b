use super::helpers::{Watch, append_all, check_frames, payloads};
use super::{DiskStage, Stage};
use crate::conformance::Random;
use crate::journal::{FrameSeq, Journal};
use std::sync::{Arc, Mutex};
use std::thread;

pub fn frames_go_on_over_reopening(stage: &dyn Stage) {
    let mut random = Random::new(5);
    let mut appended = Vec::new();
    for life in 0..8 {
        let journal = stage.open().unwrap();
        check_frames(
            &*journal,
            &appended,
            FrameSeq(appended.len() as u64),
            &format!("life {life}"),
        );
        // Some lives append nothing at all.
        let more = payloads(&mut random, if life % 3 == 1 { 0 } else { 60 });
        let numbers = append_all(&*journal, &more);
        assert_eq!(
            numbers.first().map_or(0, |first| first.0 as usize - 1),
            if more.is_empty() { 0 } else { appended.len() }
        );
        appended.extend(more);
        journal.close().unwrap();
    }
}

pub fn durable_frames_survive_a_kill(stage: &dyn Stage) {
    let mut random = Random::new(6);
    let mut appended = Vec::new();
    for life in 0..8 {
        let journal = stage.open().unwrap();
        let durable = append_and(&journal, &mut random, &mut appended, || stage.kill());
        drop(journal);
        let journal = stage.open().unwrap();
        let kept = check_frames(&*journal, &appended, durable, &format!("life {life}"));
        appended.truncate(kept);
        stage.kill();
    }
}

/// The case that must fail when syncs do nothing.
pub fn durable_frames_survive_power_cuts_at_random_moments(stage: &dyn DiskStage) {
    for seed in 0..6 {
        lives_with_power_cuts(stage, seed);
    }
}

/// Ten lives of one journal, each ended by a power cut somewhere in the middle of two threads' appends.
fn lives_with_power_cuts(stage: &dyn DiskStage, seed: u64) {
    let mut random = Random::new(seed);
    let journal = stage
        .open()
        .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let mut appended: Vec<_> = super::read_frames(&*journal, FrameSeq(1))
        .unwrap()
        .into_iter()
        .map(|frame| frame.payload)
        .collect();
    drop(journal);
    for life in 0..10 {
        let what = format!("seed {seed}, life {life}");
        let journal = stage.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        let moment = 1 + random.below(60);
        let cut_seed = random.next_u64();
        stage.power_cut_at(moment, cut_seed);
        let durable = append_and(&journal, &mut random, &mut appended, || stage.power_cut(cut_seed));
        drop(journal);
        let journal = stage.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        let kept = check_frames(&*journal, &appended, durable, &what);
        appended.truncate(kept);
        stage.power_cut(cut_seed);
    }
}

/// Appends from two threads, waiting for the disk now and then, and calls `end` in the middle. What was durable then; `appended` gets
/// what was given a number.
fn append_and(
    journal: &Arc<dyn Journal>,
    random: &mut Random,
    appended: &mut Vec<Vec<u8>>,
    end: impl FnOnce(),
) -> FrameSeq {
    let watch = Watch::new(journal);
    let numbered = Mutex::new(Vec::new());
    let (mine, others) = (payloads(random, 80), payloads(random, 80));
    let (pause, ends_at) = (2 + random.below(9) as usize, random.below(80) as usize);
    thread::scope(|scope| {
        scope.spawn(|| {
            for payload in &others {
                if let Ok(seq) = journal.append(payload.clone()) {
                    numbered.lock().unwrap().push((seq, payload.clone()));
                }
            }
        });
        let mut end = Some(end);
        for (number, payload) in mine.iter().enumerate() {
            if number == ends_at
                && let Some(end) = end.take()
            {
                end();
            }
            let Ok(seq) = journal.append(payload.clone()) else {
                break;
            };
            numbered.lock().unwrap().push((seq, payload.clone()));
            if number % pause == 0 && !watch.durable(seq) {
                break;
            }
        }
        if let Some(end) = end.take() {
            end();
        }
    });
    let durable = journal.durable();
    let mut numbered = numbered.into_inner().unwrap();
    numbered.sort_by_key(|(seq, _)| *seq);
    for (seq, payload) in numbered {
        appended.push(payload);
        assert_eq!(seq, FrameSeq(appended.len() as u64), "numbers have no gaps");
    }
    durable
}

/// Opening repairs; a repair that is interrupted must be as good as none.
pub fn power_cuts_while_reopening_lose_nothing(stage: &dyn DiskStage) {
    let mut random = Random::new(7);
    let mut appended = payloads(&mut random, 250);
    let journal = stage.open().unwrap();
    append_all(&*journal, &appended);
    assert!(Watch::new(&journal).durable(FrameSeq(250)));
    stage.power_cut(7);
    drop(journal);
    let mut opened = 0;
    for moment in 1..60 {
        stage.power_cut_at(moment, random.next_u64());
        if let Ok(journal) = stage.open() {
            opened += 1;
            let more = random.bytes(100);
            if Watch::new(&journal).durable(journal.append(more.clone()).unwrap_or(FrameSeq(u64::MAX))) {
                appended.truncate(journal.durable().0 as usize - 1);
                appended.push(more);
            }
        }
        let durable = FrameSeq(appended.len() as u64);
        stage.power_cut(random.next_u64());
        let journal = stage
            .open()
            .unwrap_or_else(|error| panic!("cut at change {moment}: {error}"));
        // One frame may be there that was not yet told to be durable.
        let found = journal.durable();
        assert!(
            found == durable || found == durable.next(),
            "cut at change {moment}: {} of {}",
            found.0,
            durable.0
        );
        if found > durable {
            appended.push(super::read_frames(&*journal, found).unwrap().remove(0).payload);
        }
        check_frames(&*journal, &appended, durable, &format!("cut at change {moment}"));
        stage.power_cut(random.next_u64());
    }
    assert!(
        opened > 0,
        "no opening got through; the moments are too early to test anything"
    );
}
