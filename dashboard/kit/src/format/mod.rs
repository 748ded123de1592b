//! Numbers, ages and times as people read them.

mod age;
mod number;
mod span;
mod time;

pub use age::{Freshness, ago};
pub use number::{bytes, count, per_cent, rate, seconds, signed_per_cent};
pub use span::{clock_span, span};
pub use time::{Moment, clock, date_text};
