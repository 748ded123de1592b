use super::stage::{SimulatedStage, VOLUME_BYTES, dir, volume};
use crate::files::{Failure, Operation};
use crate::journal::EmbeddedJournal;
use crate::journal::checkpoint::checkpoint_path;
use crate::journal::frame::{FrameHeader, HEADER_BYTES, MAGIC};
use crate::journal::volume::{FRAMES_AT, Volume};
use carillon_storage::conformance::Random;
use carillon_storage::conformance::journal::{
    DiskStage, Stage, Watch, WholeState, check_frames, read_frames,
};
use carillon_storage::journal::{FrameSeq, Journal, JournalError, Part};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One frame after the other, each synced alone.
fn append_one_by_one(stage: &SimulatedStage, payloads: &[Vec<u8>]) {
    let journal: Arc<dyn Journal> = Arc::new(stage.open_embedded().unwrap());
    let watch = Watch::new(&journal);
    for payload in payloads {
        let seq = journal.append(payload.clone()).unwrap();
        assert!(watch.durable(seq));
    }
    stage.kill();
}

/// Where frames begin in a volume, found by their magic.
fn frames_in(content: &[u8]) -> Vec<usize> {
    let borders = (FRAMES_AT as usize..content.len()).step_by(8);
    borders.filter(|at| content[*at..].starts_with(&MAGIC)).collect()
}

fn content(stage: &SimulatedStage, index: u64) -> Vec<u8> {
    stage.files().content(&volume(index)).unwrap()
}

fn place(result: Result<EmbeddedJournal, JournalError>) -> Option<(String, u64)> {
    match result.map(drop) {
        Err(JournalError::Damaged { place, offset, .. }) => Some((place, offset)),
        Err(error) => panic!("{error}"),
        Ok(()) => None,
    }
}

#[test]
fn damage_to_what_later_frames_show_to_be_durable_is_refused_and_located() {
    let stage = SimulatedStage::new();
    let payloads: Vec<_> = (1..=6).map(|number| vec![number; 100]).collect();
    append_one_by_one(&stage, &payloads);
    let whole = content(&stage, 1);
    let frames = frames_in(&whole);
    assert_eq!(frames.len(), 7, "the mark of opening and six frames");
    let mut random = Random::new(1);
    for at in frames[0]..frames[5] {
        // Bytes between payload and border belong to nobody.
        let frame = *frames.iter().rfind(|frame| **frame <= at).unwrap();
        let length = u32::from_le_bytes(whole[frame + 8..frame + 12].try_into().unwrap()) as usize;
        if at >= frame + HEADER_BYTES + length {
            continue;
        }
        stage.kill();
        stage
            .files()
            .tamper(&volume(1), |content| content[at] ^= 1 << random.below(8));
        let told = place(stage.open_embedded());
        assert_eq!(
            told,
            Some((volume(1).display().to_string(), frame as u64)),
            "byte {at}"
        );
        stage.kill();
        stage
            .files()
            .tamper(&volume(1), |content| content.clone_from(&whole));
    }
    check_frames(&stage.reopen().unwrap(), &payloads, FrameSeq(6), "undamaged");
}

#[test]
fn damage_after_the_last_proof_is_a_torn_tail_and_is_cut() {
    let stage = SimulatedStage::new();
    let payloads: Vec<_> = (1..=6).map(|number| vec![number; 100]).collect();
    append_one_by_one(&stage, &payloads);
    let last = *frames_in(&content(&stage, 1)).last().unwrap();
    for at in [
        last,
        last + 5,
        last + 20,
        last + HEADER_BYTES,
        last + HEADER_BYTES + 99,
    ] {
        let twin = SimulatedStage::new();
        append_one_by_one(&twin, &payloads);
        twin.files().tamper(&volume(1), |content| content[at] ^= 1);
        let journal = twin.open_embedded().unwrap();
        assert_eq!(journal.durable(), FrameSeq(5), "byte {at}");
        assert_eq!(journal.append(vec![9]).unwrap(), FrameSeq(6));
        journal.close().unwrap();
        check_frames(
            &journal,
            &[&payloads[..5], &[vec![9]]].concat(),
            FrameSeq(6),
            "continued",
        );
    }
}

#[test]
fn volumes_behind_a_torn_tail_go_and_leave_no_gap_when_that_is_interrupted() {
    let payloads: Vec<_> = (0..40).map(|number| vec![number; 1500]).collect();
    for moment in 1..16 {
        let stage = SimulatedStage::new();
        append_one_by_one(&stage, &payloads);
        let files = stage.files();
        let second = frames_in(&content(&stage, 2));
        let in_first = frames_in(&content(&stage, 1)).len() as u64 - 1;
        // The second volume has one frame, which is torn; two empty volumes follow.
        assert_eq!(second.len(), 1);
        files.tamper(&volume(2), |content| content[second[0] + HEADER_BYTES] ^= 1);
        for index in 3..=4 {
            if files.content(&volume(index)).is_none() {
                Volume::create(&files, dir(), index, VOLUME_BYTES, &AtomicBool::new(false)).unwrap();
            }
        }
        stage.power_cut_at(moment, moment);
        let interrupted = stage.open_embedded().is_err();
        stage.power_cut(moment);
        let journal = stage
            .open_embedded()
            .unwrap_or_else(|error| panic!("cut at change {moment}: {error}"));
        assert_eq!(journal.durable(), FrameSeq(in_first), "cut at change {moment}");
        assert!(interrupted || moment > 5);
        drop(journal);
        stage.kill();
        assert_eq!(
            frames_in(&stage.files().content(&volume(2)).unwrap_or_default()),
            [0; 0],
            "what was cut is gone"
        );
    }
}

#[test]
fn after_a_clean_stop_even_the_last_frame_is_proven() {
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    journal.append(vec![1; 100]).unwrap();
    journal.close().unwrap();
    let frame = frames_in(&content(&stage, 1))[1];
    stage
        .files()
        .tamper(&volume(1), |content| content[frame + HEADER_BYTES] ^= 1);
    assert_eq!(
        place(stage.reopen()),
        Some((volume(1).display().to_string(), frame as u64))
    );
}

#[test]
fn a_checkpoint_proves_its_frame() {
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    journal.append(vec![1; 100]).unwrap();
    journal.save_state(FrameSeq(1), b"state").unwrap();
    drop(journal);
    stage
        .files()
        .tamper(&volume(1), |content| content.truncate(FRAMES_AT as usize + 60));
    assert!(place(stage.reopen()).is_some());
}

#[test]
fn missing_and_cut_volumes_are_refused() {
    let payloads: Vec<_> = (0..150).map(|number| vec![number; 1500]).collect();
    let stage = SimulatedStage::new();
    append_one_by_one(&stage, &payloads);
    for index in 1..=3 {
        let whole = content(&stage, index);
        for length in [0, 10, FRAMES_AT as usize, FRAMES_AT as usize + 5000] {
            stage
                .files()
                .tamper(&volume(index), |content| content.truncate(length));
            assert_eq!(
                place(stage.reopen()).unwrap().0,
                volume(index).display().to_string()
            );
            stage.kill();
            stage
                .files()
                .tamper(&volume(index), |content| content.clone_from(&whole));
        }
    }
    crate::files::Files::unlink(&stage.files(), &volume(2)).unwrap();
    assert_eq!(place(stage.reopen()), Some((volume(2).display().to_string(), 0)));
}

#[test]
fn a_volume_that_was_not_released_is_missed() {
    let payloads: Vec<_> = (0..100).map(|number| vec![number; 1500]).collect();
    let stage = SimulatedStage::new();
    append_one_by_one(&stage, &payloads);
    crate::files::Files::unlink(&stage.files(), &volume(1)).unwrap();
    assert!(
        place(stage.reopen()).is_some(),
        "no checkpoint leads up to the second volume"
    );
}

#[test]
fn damage_below_the_checkpoint_is_told_to_the_reader() {
    let payloads: Vec<_> = (0..100).map(|number| vec![number; 1500]).collect();
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    for payload in &payloads {
        journal.append(payload.clone()).unwrap();
    }
    journal.save_state(FrameSeq(100), b"state").unwrap();
    journal.close().unwrap();
    let frame = frames_in(&content(&stage, 1))[3];
    stage
        .files()
        .tamper(&volume(1), |content| content[frame + HEADER_BYTES + 7] ^= 4);
    let journal = stage.reopen().unwrap();
    let mut reader = journal.read(FrameSeq(1)).unwrap();
    for _ in 0..2 {
        assert!(reader.next_frame().unwrap().is_some());
    }
    for _ in 0..2 {
        let told = reader.next_frame();
        assert!(
            matches!(told, Err(JournalError::Damaged { offset, .. }) if offset == frame as u64),
            "{told:?}"
        );
    }
    assert_eq!(read_frames(&journal, FrameSeq(50)).unwrap().len(), 51);
}

#[test]
fn a_damaged_checkpoint_falls_back_to_an_older_one_with_a_whole_journal() {
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    for number in 1..=100 {
        journal.append(vec![number; 1500]).unwrap();
    }
    journal.save_state(FrameSeq(90), b"older").unwrap();
    // The older one stays, as if the power had gone right before it was removed.
    stage.files().fail(Operation::Unlink, 1, Failure::Broken);
    journal.save_state(FrameSeq(100), b"newer").unwrap();
    journal.close().unwrap();
    let spoil = |at| {
        stage
            .files()
            .tamper(&checkpoint_path(dir(), FrameSeq(at)), |content| content[50] ^= 1)
    };
    spoil(100);
    let journal = stage.reopen().unwrap();
    assert_eq!(journal.load_state().unwrap().unwrap().state, b"older");
    assert_eq!(read_frames(&journal, FrameSeq(91)).unwrap().len(), 10);
    journal.close().unwrap();
    // With all frames there, no checkpoint is needed at all.
    spoil(90);
    let journal = stage.reopen().unwrap();
    assert_eq!(journal.load_state().unwrap(), None);
    assert_eq!(read_frames(&journal, FrameSeq(1)).unwrap().len(), 100);
    // Without the first ones, it is.
    journal.save_state(FrameSeq(100), b"newest").unwrap();
    journal.release(FrameSeq(100)).unwrap();
    journal.close().unwrap();
    spoil(100);
    let path = checkpoint_path(dir(), FrameSeq(100)).display().to_string();
    assert_eq!(place(stage.reopen()), Some((path, 48)));
}

/// The state of a checkpoint lies in several files; with any of them damaged it is none.
#[test]
fn a_checkpoint_is_as_whole_as_the_files_before_it() {
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    for number in 1..=100 {
        journal.append(vec![number; 1500]).unwrap();
    }
    let part = |key, bytes: usize| Part {
        key,
        bytes: vec![key as u8; bytes],
    };
    journal
        .save_checkpoint(FrameSeq(80), &[part(1, 9_000), part(2, 9_000)])
        .unwrap();
    journal.save_checkpoint(FrameSeq(90), &[part(3, 100)]).unwrap();
    journal.save_checkpoint(FrameSeq(100), &[part(4, 100)]).unwrap();
    journal.close().unwrap();
    let spoil = |at| {
        let path = checkpoint_path(dir(), FrameSeq(at));
        stage.files().tamper(&path, |content| content[60] ^= 1);
    };
    let found = || {
        let mut keys = Vec::new();
        let journal = stage.reopen().unwrap();
        let at = journal.load_checkpoint(&mut |part| keys.push(part.key)).unwrap();
        keys.sort_unstable();
        (at, keys)
    };
    assert_eq!(found(), (Some(FrameSeq(100)), vec![1, 2, 3, 4]));
    spoil(100);
    assert_eq!(found(), (Some(FrameSeq(90)), vec![1, 2, 3]));
    spoil(80);
    assert_eq!(found(), (None, vec![]));
}

/// What is superseded never takes more room than what is not, beside what changed last.
#[test]
fn superseded_parts_are_given_back() {
    let stage = SimulatedStage::new();
    let journal = stage.open_embedded().unwrap();
    let part = |key| Part {
        key,
        bytes: vec![key as u8; 1_000],
    };
    let all: Vec<_> = (0..50).map(part).collect();
    for number in 1..=300 {
        journal.append(vec![1]).unwrap();
        let changed = if number == 1 { &all[..] } else { &all[7..9] };
        journal.save_checkpoint(FrameSeq(number), changed).unwrap();
        let names = crate::files::Files::list(&stage.files(), dir()).unwrap();
        let checkpoints = names.iter().filter(|name| name.starts_with("checkpoint-"));
        let sizes = checkpoints.map(|name| {
            let file = crate::files::Files::open(&stage.files(), &dir().join(name)).unwrap();
            file.size().unwrap()
        });
        let bytes: u64 = sizes.sum();
        assert!(bytes < 2 * 52_000, "{bytes} bytes after {number}");
    }
}

#[test]
fn a_payload_cannot_pass_for_a_frame() {
    // Headers as a peer could guess them, in a frame whose end is torn: they prove nothing.
    let forged = |salt| {
        let header = FrameHeader {
            kind: crate::journal::frame::FrameKind::Data,
            payload_bytes: 0,
            seq: FrameSeq(2),
            ordinal: 3,
            durable_upto: u64::MAX,
            previous_crc: 0,
            payload_crc: 0,
        };
        header.encode(salt).0
    };
    let stage = SimulatedStage::new();
    let payload: Vec<u8> = (0..100).flat_map(forged).collect();
    append_one_by_one(&stage, &[payload]);
    let frame = *frames_in(&content(&stage, 1)).get(1).unwrap();
    stage
        .files()
        .tamper(&volume(1), |content| content[frame + HEADER_BYTES + 4799] ^= 1);
    assert_eq!(
        stage.open_embedded().unwrap().durable(),
        FrameSeq::ZERO,
        "torn and cut, not refused"
    );
}

#[test]
fn garbage_for_a_volume_never_panics() {
    let mut random = Random::new(3);
    let stage = SimulatedStage::new();
    append_one_by_one(&stage, &[vec![1; 1000], vec![2; 1000]]);
    let whole = content(&stage, 1);
    for round in 0..200 {
        let mut spoilt = whole.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(FRAMES_AT + 2500) as usize;
            let garbage = random.bytes(1 + random.clone().below(40) as usize);
            spoilt[at..at + garbage.len()].copy_from_slice(&garbage);
        }
        stage.kill();
        stage
            .files()
            .tamper(&volume(1), |content| content.clone_from(&spoilt));
        if let Ok(journal) = stage.open_embedded() {
            assert!(read_frames(&journal, journal.oldest()).is_ok(), "round {round}");
        }
    }
    assert_eq!(whole.len() as u64, VOLUME_BYTES);
}
