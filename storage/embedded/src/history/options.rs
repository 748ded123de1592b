use carillon_domain::number_range::NumberRanges;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How the history keeps its files.
#[derive(Clone, Debug)]
pub struct HistoryOptions {
    /// A file of at least this many rows is not merged again.
    pub rows_full: u64,
    /// Read connections kept open over all files.
    pub idle_connections_max: usize,
    /// Rows one search looks at, about, before it gives what it has and where to go on.
    pub looked_rows_max: usize,
    /// How long one search looks before it does the same.
    pub search_time_max: Duration,
    /// How long figures may be added up for one query.
    pub figures_time_max: Duration,
    /// Merge and remove on a thread of low priority. Without it files are merged only when too many lie about.
    pub works_in_background: bool,
    /// By which carriers and provinces are counted.
    pub ranges: Arc<NumberRanges>,
    pub keep: Keep,
}

/// For how long what is kept, from when a message was accepted or something happened, and in how much room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    pub journeys: Duration,
    /// Bytes that all files of journeys may have together; above, those with the oldest messages go. `None` for any.
    pub bytes_max: Option<u64>,
    /// For want of room nothing goes that is no older than this, counted back from the newest message.
    pub floor: Duration,
    pub minutes: Duration,
    pub hours: Duration,
}

impl Default for HistoryOptions {
    /// 100,000,000 messages make at most 500 files. A row is written once when batches are this large, else about twice.
    fn default() -> Self {
        HistoryOptions {
            rows_full: 200_000,
            idle_connections_max: 256,
            looked_rows_max: 20_000,
            search_time_max: Duration::from_secs(1),
            figures_time_max: Duration::from_secs(5),
            works_in_background: true,
            ranges: Arc::default(),
            keep: Keep::default(),
        }
    }
}

impl Default for Keep {
    /// Three years and a little of messages. Days are counted for ever.
    fn default() -> Self {
        Keep {
            journeys: 1_100 * DAY,
            bytes_max: None,
            floor: 3 * DAY,
            minutes: 8 * DAY,
            hours: 100 * DAY,
        }
    }
}
