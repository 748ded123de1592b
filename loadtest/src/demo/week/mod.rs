//! The week before the demo begins: finished messages in the history, as if the hospital had always sent.

mod error;
mod fate;
mod make;
mod temper;

pub use error::WeekError;
pub use make::{WeekOptions, WeekReport, make_week};
