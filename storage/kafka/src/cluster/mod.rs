//! Which node runs which lane, and where a lane is to be reached. Both are advice: whose frames count, the claims in the lane's own
//! partition decide (ADR 0032).

mod directory;
mod membership;

pub use directory::{LaneAddress, LaneDirectory};
pub use membership::{Hands, Membership};
