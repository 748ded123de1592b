//! Callers: what they asked for, what they were told, and whether that was right.

use super::journal::SimulatedJournal;
use super::promise::Promise;
use super::trace::Event;
use super::witness::Witness;
use carillon_actors::intake::{IntakeError, SingleAnswer};
use carillon_actors::lane::{BatchTaken, Read};
use carillon_actors::read_known_lines;
use carillon_domain::fact::IdempotencyKey;
use carillon_domain::ids::{AccountId, MessageId};
use carillon_domain::intake::Prepared;
use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

/// Requests without an answer, and every idempotency key that was used.
#[derive(Default)]
pub struct Calls {
    open: Vec<Call>,
    pub keyed: Vec<Keyed>,
}

/// A request under an idempotency key; it may be made again.
pub struct Keyed {
    pub key: IdempotencyKey,
    pub account: AccountId,
    pub is_batch: bool,
    /// The messages' numbers, and the messages.
    pub lines: Vec<(u64, Prepared)>,
    /// The answer that its caller has: lines and what became of them.
    pub told: Option<Vec<(u32, MessageId)>>,
}

pub enum Call {
    Single {
        number: u64,
        /// Index into [`Calls::keyed`].
        key: Option<usize>,
        answer: Receiver<Result<SingleAnswer, IntakeError>>,
    },
    Batch {
        numbers: Vec<u64>,
        key: Option<usize>,
        answer: Receiver<Result<BatchTaken, IntakeError>>,
    },
    /// Another body under a key that has its answer.
    Conflict {
        answer: Receiver<Result<SingleAnswer, IntakeError>>,
    },
    Read {
        answer: Receiver<Read>,
    },
}

enum Answer {
    /// Lines that were taken, and their ids.
    Ids(Vec<(u32, MessageId)>),
    Refused,
    Read,
}

impl Calls {
    pub fn push(&mut self, call: Call) {
        self.open.push(call);
    }

    /// The process is gone: nobody gets an answer any more.
    pub fn interrupt(&mut self) {
        self.open.clear();
    }

    /// Ids that callers of keyed requests were told.
    pub fn told(&self) -> impl Iterator<Item = MessageId> {
        let told = self.keyed.iter().flat_map(|keyed| keyed.told.iter().flatten());
        told.map(|(_, id)| *id)
    }

    /// Takes in the answers that have come.
    pub fn poll(&mut self, witness: &mut Witness, journal: &SimulatedJournal) {
        let mut open = std::mem::take(&mut self.open);
        open.retain_mut(|call| self.is_waiting(call, witness, journal));
        self.open = open;
    }

    fn is_waiting(&mut self, call: &mut Call, witness: &mut Witness, journal: &SimulatedJournal) -> bool {
        let keyed = &self.keyed;
        let answer = match call {
            Call::Single { answer, .. } => answer.try_recv().map(|answer| match answer {
                Ok(answer) => Answer::Ids(vec![(0, answer.id)]),
                Err(_) => Answer::Refused,
            }),
            Call::Batch { answer, key, .. } => answer.try_recv().map(|answer| match answer {
                Ok(taken) => Answer::Ids(ids(&taken, key.map(|key| &keyed[key].key), journal)),
                Err(_) => Answer::Refused,
            }),
            Call::Conflict { answer } => answer.try_recv().map(|answer| match answer {
                Ok(answer) => Answer::Ids(vec![(0, answer.id)]),
                Err(_) => Answer::Refused,
            }),
            Call::Read { answer } => answer.try_recv().map(|_| Answer::Read),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Closed) => return false,
        };
        match (answer, call) {
            (Answer::Refused | Answer::Read, _) => witness.note(Event::Refused),
            (Answer::Ids(ids), Call::Conflict { .. }) => {
                witness.broken(
                    Promise::Idem1,
                    format!("another body under a known key became {ids:?}"),
                );
            }
            (Answer::Ids(ids), Call::Single { number, key, .. }) => {
                self.told_to(witness, &[*number], *key, ids);
            }
            (Answer::Ids(ids), Call::Batch { numbers, key, .. }) => {
                self.told_to(witness, numbers, *key, ids);
            }
            (Answer::Ids(_), Call::Read { .. }) => {}
        }
        false
    }

    fn told_to(
        &mut self,
        witness: &mut Witness,
        numbers: &[u64],
        key: Option<usize>,
        ids: Vec<(u32, MessageId)>,
    ) {
        witness.note(Event::Answered {
            messages: ids.len() as u32,
        });
        for (line, id) in &ids {
            let number = numbers[*line as usize];
            if !witness.is_durable(number, *id) {
                let what = format!("message {number} was answered as {id} before that was durable");
                witness.broken(Promise::Ack1, what);
            }
        }
        let Some(keyed) = key.map(|key| &mut self.keyed[key]) else {
            return;
        };
        if let Some(before) = keyed
            .told
            .replace(ids)
            .filter(|before| Some(before) != keyed.told.as_ref())
        {
            let what = format!("the same key was answered {before:?} and then {:?}", keyed.told);
            witness.broken(Promise::Idem1, what);
        }
    }
}

/// The lines of a batch that were taken, in order: by earlier requests with the key, and now.
fn ids(
    taken: &BatchTaken,
    key: Option<&IdempotencyKey>,
    journal: &SimulatedJournal,
) -> Vec<(u32, MessageId)> {
    let known = taken.known.zip(key).filter(|(known, _)| known.lines > 0);
    let known = known.map_or_else(Vec::new, |(known, key)| {
        read_known_lines(journal, &key.key, known)
            .expect("the answer can be read")
            .accepted
    });
    let mut lines = known;
    lines.extend(&taken.accepted);
    lines.sort_unstable_by_key(|(line, _)| *line);
    lines
}
