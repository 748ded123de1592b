//! The history: the journey of every message that has ended, for search and for the single message.

mod batch;
mod query;
mod rollup;
mod store;
pub mod stored;

pub use batch::Batch;
pub use query::{RANGE_MAX, SearchPage, SearchQuery, TooBroad};
pub use rollup::{
    CarrierQuery, CodeRow, GroupBy, LatencyRow, OTHER_CODES, ROLLUP_ROWS_MAX, Resolution, RollupQuery,
    RollupRow,
};
pub use store::{History, HistoryError, HistorySize, PAGE_ROWS_MAX};
