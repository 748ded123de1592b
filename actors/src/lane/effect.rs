use super::reading::Read;
use crate::columns::WriteRef;
use crate::intake::{IntakeError, SingleAnswer};
use carillon_domain::catalog::Compiled;
use carillon_domain::fact::{IdempotencyKey, RefusedLine};
use carillon_domain::ids::{AccountId, ConnectionId, MessageId};
use carillon_domain::intake::Prepared;
use carillon_domain::time::Monotonic;
use carillon_protocols::session::DeliverTag;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Where an answer goes. A caller that went away is not an error.
pub type Reply<T> = oneshot::Sender<Result<T, IntakeError>>;

/// Something that becomes visible outside, held back until the journal is durable up to the facts it rests on (ACK-1).
#[derive(Debug)]
pub enum Effect {
    AnswerSingle(Reply<SingleAnswer>, SingleAnswer),
    AnswerBatch(Reply<BatchTaken>, BatchTaken),
    /// Somebody waits for what was recorded.
    Tell(oneshot::Sender<()>),
    AnswerRead(oneshot::Sender<Read>, Read),
    /// Write these segments; their INTENTs are durable.
    Write {
        connection: ConnectionId,
        segments: Vec<WriteOrder>,
    },
    /// Acknowledge receipts and replies on the session they came by.
    Acknowledge {
        connection: ConnectionId,
        session: u8,
        epoch: u32,
        tags: Vec<DeliverTag>,
    },
    /// Somebody waits until what was recorded is durable.
    Durable(oneshot::Sender<()>),
}

/// A segment that is to be written, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteOrder {
    pub write: WriteRef,
    /// When its INTENT was given to the journal.
    pub intended: Monotonic,
}

/// A batch on its way in. It is taken in parts, so that a long one does not hold up the lane.
#[derive(Debug)]
pub struct BatchJob {
    pub account: AccountId,
    pub idempotency: Option<IdempotencyKey>,
    pub lines: Vec<Result<Prepared, RefusedLine>>,
    pub reply: Reply<BatchTaken>,
    /// Lines done so far, by this request or by an earlier one with the same key.
    pub(super) done: usize,
    pub(super) begun: bool,
    /// By which it is taken to its end.
    pub(super) catalog: Option<Arc<Compiled>>,
    pub(super) taken: BatchTaken,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchTaken {
    /// Zero-based lines and the ids they got, in line order.
    pub accepted: Vec<(u32, MessageId)>,
    pub refused: Vec<RefusedLine>,
    /// The first lines were taken by an earlier request with the same key.
    pub known: Option<KnownLines>,
}

/// Lines whose answer stands in the journal, in BATCH facts from `first_frame` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownLines {
    pub first_frame: u64,
    pub lines: u32,
}

impl BatchJob {
    pub fn new(
        account: AccountId,
        idempotency: Option<IdempotencyKey>,
        lines: Vec<Result<Prepared, RefusedLine>>,
        reply: Reply<BatchTaken>,
    ) -> Self {
        BatchJob {
            account,
            idempotency,
            lines,
            reply,
            done: 0,
            begun: false,
            catalog: None,
            taken: BatchTaken::default(),
        }
    }
}
