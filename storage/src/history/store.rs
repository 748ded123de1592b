use super::{
    Batch, CarrierQuery, CodeRow, LatencyRow, RollupQuery, RollupRow, SearchPage, SearchQuery, TooBroad,
};
use crate::journal::FrameSeq;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::Journey;
use carillon_domain::time::UnixMs;
use std::time::Duration;

/// Journeys on one page at most.
pub const PAGE_ROWS_MAX: usize = 10_000;

/// Journeys of finished messages. All methods block; readers may run on many threads beside the one writer.
pub trait History: Send + Sync {
    /// Everything that ended up to this journal frame is stored durably. After a crash the lane hands over again what ended
    /// later.
    fn stored_upto(&self) -> FrameSeq;

    /// Stores journeys and amendments and the frame up to which they are complete, all or nothing, durable on return.
    /// Only Sent, Expired and Unknown are amended (RCP-1).
    ///
    /// A batch that goes beyond [`History::stored_upto`] holds only journeys that ended after it; one that does not is looked
    /// at message by message. So handing over the same again changes nothing.
    fn store(&self, batch: Batch<'_>, upto: FrameSeq) -> Result<(), HistoryError>;

    /// The journey with its amendments applied.
    fn journey(&self, id: MessageId) -> Result<Option<Journey>, HistoryError>;

    /// Journeys that fit the query, newest first, with their amendments applied; at most `limit` and never more than
    /// [`PAGE_ROWS_MAX`].
    ///
    /// A page is found in bounded time: it may be short, even empty, and yet have a `next` to go on from.
    fn search(&self, query: &SearchQuery) -> Result<SearchPage, HistoryError>;

    /// Sums over everything that was ever stored, in ascending order of what is grouped by. Buckets without anything have no
    /// row. Minutes and hours are kept for a while only. Given up when it takes too long, as the next two.
    fn rollup(&self, query: &RollupQuery) -> Result<Vec<RollupRow>, HistoryError>;

    /// What carriers said, in ascending order of time, connection, kind, measure and code.
    fn codes(&self, query: &CarrierQuery) -> Result<Vec<CodeRow>, HistoryError>;

    /// How long deliveries took, in ascending order of time, connection and kind.
    fn latencies(&self, query: &CarrierQuery) -> Result<Vec<LatencyRow>, HistoryError>;

    /// What it holds now.
    fn size(&self) -> HistorySize;
}

/// What a history holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistorySize {
    pub files: usize,
    /// Messages; one that was stored twice may count twice.
    pub rows: u64,
    pub bytes: u64,
    /// When the oldest message was accepted.
    pub oldest: Option<UnixMs>,
    /// Messages removed since the start, because they were older than what is kept.
    pub removed_rows: u64,
    /// Messages removed since the start, because all together took more room than they may.
    pub removed_for_room_rows: u64,
}

impl HistoryError {
    /// Whether the same may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self, HistoryError::Unavailable { .. })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store cannot be reached, or has no time.
    #[error("{operation} in the history at {place}: it does not answer")]
    Unavailable {
        operation: &'static str,
        place: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
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
    #[error("the figures have more than {max} rows; group by less or take a shorter time")]
    TooManyRows { max: usize },
    #[error("the figures take longer than {} s; group by less or take a shorter time", .max.as_secs_f32())]
    TooSlow { max: Duration },
}
