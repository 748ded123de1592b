//! What screens and metrics tell of a lane while it happens (MON-1): a fold over what the lane counts, twice a second.
//!
//! The lane only counts and hands its counts over; everything else is done on a thread of its own. Whoever shows figures reads
//! the [`Board`] through [`Live`].

mod board;
#[cfg(test)]
mod board_tests;
mod connection_board;
mod curve;
mod day_sums;
mod ghost;
mod keeper;
mod latency;
mod rate;
mod running;
mod sample;
mod scope_board;
mod start;
mod throttling;
mod totals;

pub use board::{Board, Condition, LinkBoard};
pub use connection_board::{ConnectionBoard, MinuteCounts};
pub use curve::{CURVE_POINTS, CurvePoint, SLOT};
pub use keeper::{Live, TICK};
pub use latency::Percentiles;
pub use rate::{EventCount, Rate};
pub use running::{RUNNING_MAX, RunningCampaign};
pub use scope_board::ScopeBoard;
pub use totals::{ConnectionTotals, Totals};

pub(crate) use keeper::keep;
pub(crate) use start::LiveStart;
