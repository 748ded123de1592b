use crate::columns::{ColumnLimits, KEY_LIFE_MAX};
use std::time::Duration;

/// Limits and times of a lane. Everything that waits is bounded by one of these.
#[derive(Clone, Debug)]
pub struct LaneOptions {
    /// Number of the lane in the ids it makes, 0…1023.
    pub maker: u16,
    /// Open messages; more are refused with 503 until some have ended.
    pub messages_open_max: u64,
    /// Ended messages that the history has not stored; more intake is refused with 429 until it has caught up.
    pub history_backlog_max: usize,
    /// Journal bytes not yet durable; more intake is refused with 429.
    pub journal_backlog_bytes_max: u64,
    /// Free bytes on the journal's disk below which intake stops.
    pub disk_free_bytes_min: u64,
    /// Journal bytes after which a checkpoint is taken.
    pub checkpoint_bytes: u64,
    /// How long events stay readable for feeds.
    pub feed_retention: Duration,
    /// Journal bytes kept for feeds at most; a checkpoint releases what is above, oldest first.
    pub journal_keep_bytes: u64,
    /// How long everything stays whatever it takes. The answers of known idempotency keys lie there, so below [`KEY_LIFE_MAX`] a repeated
    /// batch may find its answer gone.
    pub journal_keep_least: Duration,
    /// How it keeps out of the way of its next owner. `None`: this journal has one owner only.
    pub tenure: Option<Tenure>,
    /// Times one segment may be written when the carrier answers that it is busy.
    pub throttle_tries_max: u8,
    /// The first and the longest pause before a mail that a relay could not take is tried again.
    pub mail_retry_first: Duration,
    pub mail_retry_max: Duration,
    pub columns: ColumnLimits,
}

/// What a lane keeps to whose journal may have another owner without its knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// How long after its INTENT a segment may still be written. By then the next owner may hold it to be uncertain. Nor does a new owner
    /// write anything before so much time is over.
    pub intent_life: Duration,
    /// How long the journal may be silent with something to say before the sessions with carriers end: the next owner needs the seats.
    pub silence_max: Duration,
}

impl Default for Tenure {
    fn default() -> Self {
        Tenure {
            intent_life: Duration::from_secs(2),
            silence_max: Duration::from_secs(5),
        }
    }
}

impl Default for LaneOptions {
    fn default() -> Self {
        LaneOptions {
            maker: 0,
            messages_open_max: 5_000_000,
            history_backlog_max: 1_000_000,
            journal_backlog_bytes_max: 32 << 20,
            disk_free_bytes_min: 512 << 20,
            checkpoint_bytes: 256 << 20,
            feed_retention: Duration::from_secs(72 * 3600),
            journal_keep_bytes: 32 << 30,
            journal_keep_least: KEY_LIFE_MAX,
            tenure: None,
            throttle_tries_max: 100,
            mail_retry_first: Duration::from_secs(15),
            mail_retry_max: Duration::from_secs(15 * 60),
            columns: ColumnLimits::default(),
        }
    }
}
