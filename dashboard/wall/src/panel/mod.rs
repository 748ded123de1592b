//! The panels. They only place what [`crate::view`] says.

mod alarms;
mod backlog;
mod campaigns;
mod delivery;
mod frame;
mod gate;
mod header;
mod help;
mod latency;
mod map;
mod matrix;
mod rates;
mod strip;
mod totals;

pub use alarms::Alarms;
pub use backlog::Backlog;
pub use campaigns::Campaigns;
pub use delivery::Delivery;
pub use frame::{Frame, class_of_age, rem};
pub use gate::Gate;
pub use header::Header;
pub use help::Help;
pub use latency::Latency;
pub use map::Map;
pub use matrix::Matrix;
pub use rates::Rates;
pub use strip::Strip;
pub use totals::Totals;
