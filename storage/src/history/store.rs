use super::{Batch, SearchPage, SearchQuery, TooBroad};
use crate::journal::FrameSeq;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::Journey;

/// Journeys on one page at most.
pub const PAGE_ROWS_MAX: usize = 10_000;

/// Journeys of finished messages. All methods block; readers may run on many threads beside the one writer.
pub trait History: Send + Sync {
    /// Everything that ended up to this journal frame is stored durably. After a crash the lane hands over again what ended
    /// later.
    fn stored_upto(&self) -> FrameSeq;

    /// Stores journeys and amendments and the frame up to which they are complete, all or nothing, durable on return.
    /// Handing over the same again changes nothing. Only Sent, Expired and Unknown are amended (RCP-1).
    fn store(&self, batch: Batch<'_>, upto: FrameSeq) -> Result<(), HistoryError>;

    /// The journey with its amendments applied.
    fn journey(&self, id: MessageId) -> Result<Option<Journey>, HistoryError>;

    /// Journeys that fit the query, newest first, with their amendments applied; at most `limit` and never more than
    /// [`PAGE_ROWS_MAX`].
    ///
    /// A page is found in bounded time: it may be short, even empty, and yet have a `next` to go on from.
    fn search(&self, query: &SearchQuery) -> Result<SearchPage, HistoryError>;
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
    #[error(transparent)]
    TooBroad(#[from] TooBroad),
}
