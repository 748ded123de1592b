use super::stage::SimulatedStage;
use carillon_storage::conformance::journal::{DiskStage, Stage, Watch, WholeState, append_all, check_frames};
use carillon_storage::journal::{FrameSeq, Journal};
use proptest::prelude::*;
use std::sync::Arc;

/// What may happen to a journal.
#[derive(Clone, Debug)]
enum Step {
    Append { sizes: Vec<usize> },
    WaitForDisk,
    Checkpoint { behind: u64 },
    Release,
    CloseAndOpen,
    KillAndOpen,
    PowerCut { seed: u64 },
    PowerCutSoon { changes: u64, seed: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(1_usize..9000, 1..20).prop_map(|sizes| Step::Append { sizes }),
        3 => Just(Step::WaitForDisk),
        2 => (0_u64..20).prop_map(|behind| Step::Checkpoint { behind }),
        1 => Just(Step::Release),
        1 => Just(Step::CloseAndOpen),
        1 => Just(Step::KillAndOpen),
        1 => any::<u64>().prop_map(|seed| Step::PowerCut { seed }),
        2 => (1_u64..40, any::<u64>()).prop_map(|(changes, seed)| Step::PowerCutSoon { changes, seed }),
    ]
}

/// What is known about the journal from outside.
struct Model {
    appended: Vec<Vec<u8>>,
    /// Told to be durable.
    durable: FrameSeq,
    /// Told to be stored.
    checkpoint: Option<FrameSeq>,
    journal: Arc<dyn Journal>,
    stage: SimulatedStage,
}

impl Model {
    fn new() -> Self {
        let stage = SimulatedStage::new();
        let journal = stage.open().unwrap();
        Model {
            appended: Vec::new(),
            durable: FrameSeq::ZERO,
            checkpoint: None,
            journal,
            stage,
        }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Append { sizes } => {
                let fill = self.appended.len() as u8;
                let payloads: Vec<_> = sizes.iter().map(|size| vec![fill ^ *size as u8; *size]).collect();
                let taken = append_all(&*self.journal, &payloads).len();
                self.appended.extend_from_slice(&payloads[..taken]);
            }
            Step::WaitForDisk => {
                Watch::new(&self.journal).durable(FrameSeq(self.appended.len() as u64));
            }
            Step::Checkpoint { behind } => {
                let at = FrameSeq((self.appended.len() as u64).saturating_sub(*behind));
                if self.journal.save_state(at, &at.0.to_le_bytes()).is_ok() {
                    self.checkpoint = Some(at);
                }
            }
            Step::Release => {
                let _ = self.journal.release(FrameSeq(self.appended.len() as u64));
            }
            Step::CloseAndOpen => {
                // It fails when the power went meanwhile.
                if self.journal.close().is_ok() {
                    assert_eq!(self.journal.durable().0, self.appended.len() as u64);
                }
                self.end(|stage| stage.kill());
            }
            Step::KillAndOpen => self.end(|stage| stage.kill()),
            Step::PowerCut { seed } => self.end(|stage| stage.power_cut(*seed)),
            Step::PowerCutSoon { changes, seed } => self.stage.power_cut_at(*changes, *seed),
        }
        self.durable = self.durable.max(self.journal.durable());
    }

    /// Ends the process, opens again and compares.
    fn end(&mut self, end: impl Fn(&SimulatedStage)) {
        end(&self.stage);
        self.durable = self.durable.max(self.journal.durable());
        self.journal = self.stage.open().unwrap_or_else(|error| panic!("{error}"));
        let kept = check_frames(&*self.journal, &self.appended, self.durable, "reopened");
        self.appended.truncate(kept);
        self.durable = self.journal.durable();
        let found = self.journal.load_state().unwrap();
        let at = found.as_ref().map(|checkpoint| checkpoint.at);
        assert!(
            at >= self.checkpoint,
            "the checkpoint after {:?} is there, not that after {:?}",
            at,
            self.checkpoint
        );
        if let Some(checkpoint) = found {
            assert_eq!(checkpoint.state, checkpoint.at.0.to_le_bytes());
            assert!(checkpoint.at <= self.durable && checkpoint.at.next() >= self.journal.oldest());
        }
        self.checkpoint = at;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_journal_holds_what_it_told(steps in prop::collection::vec(step(), 1..40), last_cut: u64) {
        let mut model = Model::new();
        for step in &steps {
            model.run(step);
        }
        model.end(|stage| stage.power_cut(last_cut));
        model.end(|stage| stage.power_cut(!last_cut));
    }
}
