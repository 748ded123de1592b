//! Settles callers' acknowledgements, our own records and the carriers' ledgers, message by message and segment by segment.

mod expectations;
mod judgement;
mod message;
mod parts;
mod records;
mod settlement;

pub use expectations::Expectations;
pub use judgement::{AccountJudgement, Judgement, Tolerance, Violation};
pub use records::{RecordsError, RecordsReader};
pub use settlement::{Settlement, SettlementError, Shared, Times};
