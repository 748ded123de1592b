//! Every operation of every kind of file fails once, at every moment of a journal's life, in each way there is. What the journal
//! answers then is the table in docs/reliability.md; whatever it answers, nothing that was durable is lost (SAFE-2).

use super::stage::{SimulatedStage, VOLUME_BYTES};
use crate::files::{Failure, Operation};
use carillon_storage::conformance::journal::{DiskStage, Stage, Watch, WholeState, check_frames};
use carillon_storage::journal::{FrameSeq, Journal, JournalError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a journal does about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    /// It is not noticed outside: what failed is tried again when it is needed.
    GoesOn,
    /// The journal does not open.
    Refuses,
    /// The journal takes nothing more; the process has to end.
    Fails,
    /// The checkpoint is not taken, the one before stays.
    KeepsCheckpoint,
    /// Volumes that could go stay.
    KeepsVolumes,
}

use Answer::*;

/// A kind of file, told by its name.
struct Kind {
    name: &'static str,
    has: fn(&str) -> bool,
}

const VOLUME: Kind = Kind {
    name: "volume in use",
    has: |name| name.starts_with("volume-") && !name.ends_with(".tmp"),
};
const NEW_VOLUME: Kind = Kind {
    name: "volume being made or rewritten",
    has: |name| name.starts_with("volume-") && name.ends_with(".tmp"),
};
const CHECKPOINT: Kind = Kind {
    name: "checkpoint",
    has: |name| name.starts_with("checkpoint-") && !name.ends_with(".tmp"),
};
const NEW_CHECKPOINT: Kind = Kind {
    name: "checkpoint being written",
    has: |name| name.starts_with("checkpoint-") && name.ends_with(".tmp"),
};
const FOLDER: Kind = Kind {
    name: "folder",
    has: |name| name == "journal",
};
const LOCK: Kind = Kind {
    name: "lock",
    has: |name| name == "lock",
};

const TABLE: [(&Kind, Operation, &[Answer]); 17] = [
    (&VOLUME, Operation::Write, &[Refuses, Fails]),
    (&VOLUME, Operation::DataSync, &[Refuses, Fails]),
    (&VOLUME, Operation::Open, &[Refuses]),
    (&VOLUME, Operation::Read, &[Refuses]),
    (&VOLUME, Operation::Unlink, &[Refuses, KeepsVolumes]),
    (&NEW_VOLUME, Operation::Create, &[GoesOn, Refuses]),
    (&NEW_VOLUME, Operation::Write, &[GoesOn, Refuses]),
    (&NEW_VOLUME, Operation::DataSync, &[GoesOn, Refuses]),
    (&NEW_VOLUME, Operation::Rename, &[GoesOn, Refuses]),
    (&CHECKPOINT, Operation::Read, &[Refuses, KeepsCheckpoint]),
    (&CHECKPOINT, Operation::Unlink, &[GoesOn]),
    (&NEW_CHECKPOINT, Operation::Create, &[KeepsCheckpoint]),
    (&NEW_CHECKPOINT, Operation::Write, &[KeepsCheckpoint]),
    (&NEW_CHECKPOINT, Operation::DataSync, &[KeepsCheckpoint]),
    (&NEW_CHECKPOINT, Operation::Rename, &[KeepsCheckpoint]),
    (
        &FOLDER,
        Operation::SyncDir,
        &[GoesOn, Refuses, KeepsCheckpoint, KeepsVolumes],
    ),
    (&LOCK, Operation::Lock, &[Refuses]),
];

const ROUNDS_MAX: usize = 20;

#[test]
fn every_fault_at_every_moment_has_its_answer() {
    for (kind, operation, expected) in TABLE {
        let failures = [Failure::Broken, Failure::Full, Failure::ShortWrite];
        let ways = if operation == Operation::Write { 3 } else { 2 };
        for failure in &failures[..ways] {
            let what = format!("{operation:?} on a {}: {failure:?}", kind.name);
            let expected = BTreeSet::from_iter(expected.iter().copied());
            let mut answers = BTreeSet::new();
            // Threads decide what lies in the folder at a kill: not every answer comes in every round.
            for _ in 0..ROUNDS_MAX {
                let moments = (1..).take_while(|nth| {
                    let stage = SimulatedStage::new();
                    stage.files().fail_on(operation, kind.has, *nth, *failure);
                    let answer = Story::new(&stage, format!("{what}, time {nth}")).run();
                    answers.extend(answer);
                    answer.is_some()
                });
                assert!(moments.count() > 0, "{what}: it never comes to that");
                if !answers.is_subset(&expected) || answers == expected {
                    break;
                }
            }
            assert_eq!(answers, expected, "{what}");
        }
    }
}

/// A life in which everything happens, until something fails; then what the next life and one after a power cut find.
struct Story<'s> {
    stage: &'s SimulatedStage,
    what: String,
    appended: Vec<Vec<u8>>,
    durable: FrameSeq,
    checkpoint: FrameSeq,
}

impl<'s> Story<'s> {
    fn new(stage: &'s SimulatedStage, what: String) -> Self {
        Story {
            stage,
            what,
            appended: Vec::new(),
            durable: FrameSeq::ZERO,
            checkpoint: FrameSeq::ZERO,
        }
    }

    /// `None` when it ends before the fault.
    fn run(mut self) -> Option<Answer> {
        let mut answer = GoesOn;
        // Ended in order, killed, and once more after all that.
        for ends_in_order in [true, false, false] {
            answer = match self.live(ends_in_order) {
                Ok(GoesOn) => answer,
                Ok(other) => other,
                Err(error) => {
                    self.check_message(&error);
                    if matches!(error, JournalError::Failed { .. }) {
                        Fails
                    } else {
                        Refuses
                    }
                }
            };
            self.stage.kill();
            if answer != GoesOn {
                break;
            }
        }
        let met = !self.stage.files().is_failure_due();
        self.stage.heal();
        for life in 0..2 {
            let journal = self
                .stage
                .open_embedded()
                .unwrap_or_else(|error| panic!("{}: {error}", self.what));
            let kept = check_frames(&journal, &self.appended, self.durable, &self.what);
            self.appended.truncate(kept);
            self.durable = FrameSeq(kept as u64);
            let at = journal
                .load_state()
                .unwrap()
                .map_or(FrameSeq::ZERO, |found| found.at);
            assert!(at >= self.checkpoint, "{}: the checkpoint is gone", self.what);
            drop(journal);
            self.stage.power_cut(life);
        }
        met.then_some(answer)
    }

    /// Two volumes' worth of frames, each waited for, a checkpoint, and volumes that go.
    fn live(&mut self, ends_in_order: bool) -> Result<Answer, JournalError> {
        let journal: Arc<dyn Journal> = Arc::new(self.stage.open_embedded()?);
        journal.load_state()?;
        assert!(journal.durable() >= self.durable, "{}", self.what);
        self.appended.truncate(journal.durable().0 as usize);
        let mut answer = GoesOn;
        let watch = Watch::new(&journal);
        for number in 0..12u8 {
            let payload = vec![number; VOLUME_BYTES as usize / 6];
            let seq = journal.append(payload.clone())?;
            self.appended.push(payload);
            let durable = watch.durable(seq);
            self.durable = journal.durable();
            if !durable {
                let reason = journal.failure().expect("it is not durable");
                return Err(JournalError::Failed { reason });
            }
        }
        let at = FrameSeq(self.appended.len() as u64 - 1);
        match journal.save_state(at, b"state") {
            Ok(()) => self.checkpoint = at,
            Err(error) => {
                self.check_message(&error);
                answer = KeepsCheckpoint;
            }
        }
        if let Err(error) = journal.release(at) {
            self.check_message(&error);
            answer = KeepsVolumes;
        }
        if ends_in_order {
            journal.close()?;
        }
        Ok(answer)
    }

    /// Whoever reads it learns what was tried, on which file, and what the system said.
    fn check_message(&self, error: &JournalError) {
        let mut text = error.to_string();
        if let Some(cause) = std::error::Error::source(error) {
            text = format!("{text}: {cause}");
        }
        assert!(text.contains("/data/journal"), "{}: {text}", self.what);
        assert!(text.contains("os error"), "{}: {text}", self.what);
    }
}
