//! What carriers write into receipts.

mod carrier_time;
mod outcome;

pub use carrier_time::carrier_time;
pub use outcome::outcome;
