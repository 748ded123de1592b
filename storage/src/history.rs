//! The history: the journey of every message that has ended, for search and for the single message.

use crate::journal::FrameSeq;
use carillon_domain::ids::{MessageId, TenantId};
use carillon_domain::journey::{Amendment, Journey};
use carillon_domain::phone::PhoneNumber;

/// Journeys on one page at most.
pub const PAGE_ROWS_MAX: usize = 10_000;

/// Journeys of finished messages. All methods block; readers may run on many threads beside the one writer.
pub trait History: Send + Sync {
    /// Everything that ended up to this journal frame is stored durably. After a crash the lane hands over again what ended
    /// later.
    fn stored_upto(&self) -> FrameSeq;

    /// Stores journeys and amendments and the frame up to which they are complete, all or nothing, durable on return.
    /// Handing over the same again changes nothing.
    fn store(
        &self,
        journeys: &[Journey],
        amendments: &[Amendment],
        upto: FrameSeq,
    ) -> Result<(), HistoryError>;

    /// The journey with its amendments applied.
    fn journey(&self, id: MessageId) -> Result<Option<Journey>, HistoryError>;

    /// Journeys to one number, newest first, only those below `before` when given, at most `limit` and never more than
    /// [`PAGE_ROWS_MAX`].
    fn by_phone(&self, query: &PhoneQuery) -> Result<Vec<Journey>, HistoryError>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneQuery {
    pub phone: PhoneNumber,
    /// Only messages of this organisation; all when `None`.
    pub tenant: Option<TenantId>,
    /// Only ids strictly below: the last one of the page before.
    pub before: Option<MessageId>,
    pub limit: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("{operation} in the history at {place}")]
    Backend {
        operation: &'static str,
        place: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{place} holds a journey that cannot be read: {detail}")]
    Unreadable { place: String, detail: String },
}
