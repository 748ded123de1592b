//! A short form of every benchmark in turn, compared with the last stored result.

mod comparison;
mod figures;
mod report;
mod run;
mod short;

pub use comparison::Comparison;
pub use report::{AllReport, BenchResult, StoredError};
pub use run::{AllOptions, all};
pub use short::Short;
