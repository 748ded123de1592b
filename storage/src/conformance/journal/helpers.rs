use crate::conformance::Random;
use crate::journal::{Frame, FrameSeq, Journal, JournalError};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Longer than anything in these tests takes; only a hang runs into it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for the journal's callback.
pub struct Watch {
    journal: Arc<dyn Journal>,
    bell: Arc<(Mutex<()>, Condvar)>,
}

impl Watch {
    /// Takes the journal's callback.
    pub fn new(journal: &Arc<dyn Journal>) -> Self {
        let bell = Arc::new((Mutex::new(()), Condvar::new()));
        let rung = bell.clone();
        journal.on_durable(Box::new(move || {
            let _held = rung.0.lock().unwrap();
            rung.1.notify_all();
        }));
        Watch {
            journal: journal.clone(),
            bell,
        }
    }

    /// Waits until frame `seq` is durable; false when the journal has failed before.
    pub fn durable(&self, seq: FrameSeq) -> bool {
        self.until(|journal| journal.durable() >= seq || journal.failure().is_some());
        self.journal.durable() >= seq
    }

    /// Waits until the journal has failed; why.
    pub fn failure(&self) -> String {
        self.until(|journal| journal.failure().is_some());
        self.journal.failure().expect("just seen")
    }

    fn until(&self, reached: impl Fn(&dyn Journal) -> bool) {
        let mut held = self.bell.0.lock().unwrap();
        while !reached(&*self.journal) {
            let (next, timeout) = self.bell.1.wait_timeout(held, PATIENCE).unwrap();
            held = next;
            assert!(
                !timeout.timed_out() || reached(&*self.journal),
                "the journal's callback was not run"
            );
        }
    }
}

/// Appends until all are in or the journal refuses; the numbers given out.
pub fn append_all(journal: &dyn Journal, payloads: &[Vec<u8>]) -> Vec<FrameSeq> {
    payloads
        .iter()
        .map_while(|payload| journal.append(payload.clone()).ok())
        .collect()
}

/// Everything durable from `from` on.
pub fn read_frames(journal: &dyn Journal, from: FrameSeq) -> Result<Vec<Frame>, JournalError> {
    let mut reader = journal.read(from)?;
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame()? {
        frames.push(frame);
    }
    Ok(frames)
}

/// Checks that the journal holds a prefix of what was appended, from its oldest frame up to at least `durable`, and returns its length.
/// `appended[0]` is frame 1.
pub fn check_frames(journal: &dyn Journal, appended: &[Vec<u8>], durable: FrameSeq, what: &str) -> usize {
    let kept = journal.durable();
    assert!(
        kept >= durable,
        "{what}: frames up to {} were durable, {} are left",
        durable.0,
        kept.0
    );
    assert!(
        kept.0 <= appended.len() as u64,
        "{what}: {} frames were appended, {} are there",
        appended.len(),
        kept.0
    );
    let oldest = journal.oldest();
    let frames = read_frames(journal, oldest).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(
        frames.len() as u64,
        kept.next().0 - oldest.0,
        "{what}: frames that can be read"
    );
    for (frame, seq) in frames.iter().zip(oldest.0..) {
        assert_eq!(frame.seq, FrameSeq(seq), "{what}");
        assert!(
            frame.payload == appended[seq as usize - 1],
            "{what}: frame {seq} is not what was appended"
        );
    }
    kept.0 as usize
}

/// Payloads of mixed sizes, mostly small.
pub(super) fn payloads(random: &mut Random, count: usize) -> Vec<Vec<u8>> {
    let mut sizes = || match random.below(20) {
        0 => 4000 + random.below(9000),
        1 => 1,
        _ => 1 + random.below(600),
    };
    let sizes: Vec<_> = (0..count).map(|_| sizes() as usize).collect();
    sizes.into_iter().map(|size| random.bytes(size)).collect()
}
