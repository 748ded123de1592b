//! Kills of the server at random and at chosen moments, with carriers that misbehave at the same time.

mod books;
mod campaigns;
mod killer;
mod receipts;
mod repeats;
mod report;
mod run;
mod schedule;
mod settle;
mod traces;
mod world;

pub use books::marker_of;
pub use report::KillsReport;
pub use run::{KillsOptions, kills};
