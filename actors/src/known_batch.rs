//! The answer to a batch that was taken before, read back from the journal.

use crate::lane::KnownLines;
use carillon_domain::fact::{Batch, Fact, RefusedLine};
use carillon_domain::frame::{self, FrameError};
use carillon_domain::ids::MessageId;
use carillon_storage::journal::{FrameSeq, Journal, JournalError};

#[derive(Debug, thiserror::Error)]
pub enum KnownBatchError {
    #[error("the journal cannot be read")]
    Journal(#[from] JournalError),
    #[error("the journal holds a frame that cannot be read")]
    Frame(#[from] FrameError),
    #[error("the journal ends after {found} of {wanted} lines")]
    Incomplete { found: u32, wanted: u32 },
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct KnownAnswers {
    pub accepted: Vec<(u32, MessageId)>,
    pub refused: Vec<RefusedLine>,
}

/// Collects the BATCH facts of one key until `known.lines` lines are together.
pub fn read_known_lines(
    journal: &dyn Journal,
    key: &[u8; 16],
    known: KnownLines,
) -> Result<KnownAnswers, KnownBatchError> {
    let mut answers = KnownAnswers::default();
    let mut found = 0;
    let mut reader = journal.read(FrameSeq(known.first_frame))?;
    while found < known.lines {
        let Some(frame) = reader.next_frame()? else {
            return Err(KnownBatchError::Incomplete {
                found,
                wanted: known.lines,
            });
        };
        for fact in frame::decode(&frame.payload)? {
            if let Fact::Batch(batch) = fact?
                && batch
                    .idempotency
                    .is_some_and(|idempotency| idempotency.key == *key)
            {
                found += batch.lines;
                answers.add(*batch);
            }
        }
    }
    Ok(answers)
}

impl KnownAnswers {
    fn add(&mut self, batch: Batch) {
        let mut ids = batch.accepted.into_iter();
        let mut refused = batch.refused.into_iter().peekable();
        for line in batch.first_line..batch.first_line + batch.lines {
            if refused.peek().is_some_and(|refusal| refusal.line == line) {
                self.refused.extend(refused.next());
            } else {
                self.accepted.extend(ids.next().map(|id| (line, id)));
            }
        }
    }
}
