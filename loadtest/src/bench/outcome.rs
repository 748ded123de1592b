use super::measure::Surroundings;
use super::server::ServerError;
use super::system::SystemError;
use crate::http::HttpError;
use crate::judge::{Judgement, RecordsError, SettlementError, Violation};
use crate::live::LiveError;
use crate::load::LoadError;
use crate::sim::HostError;
use carillon_storage::history::HistoryError;
use serde::Serialize;

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Carriers(#[from] HostError),
    #[error(transparent)]
    Records(#[from] RecordsError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("cannot measure the disk")]
    Measure(#[source] std::io::Error),
    #[error("the campaign cannot go on: {0}")]
    Campaign(&'static str),
    #[error("{0}")]
    Node(&'static str),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error("{path} was answered with {status}: {body}")]
    Status { path: String, status: u16, body: String },
    #[error("the answer to {path} cannot be understood")]
    Body { path: String, source: serde_json::Error },
    #[error(transparent)]
    Settlement(SettlementError),
    #[error("the server does not tell {name}")]
    Figure { name: String },
    #[error("{wanted} open files are not allowed; raise the limit (ulimit -n)")]
    OpenFiles { wanted: u64, source: std::io::Error },
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("not enough {what}: {needed} bytes are needed, {free} are free")]
    Room {
        what: &'static str,
        needed: u64,
        free: u64,
    },
    #[error("cannot write the run's files")]
    File(#[source] std::io::Error),
}

/// What every run says at its end, whatever else it measures.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub accepted: u64,
    pub lost: u64,
    pub doubled: u64,
    pub uncertain: u64,
    /// Everything kept its promises.
    pub clean: bool,
    pub judgement: Judgement,
    pub surroundings: Surroundings,
}

impl Outcome {
    pub fn new(judgement: Judgement, surroundings: Surroundings) -> Self {
        let sum = |kinds: &[Violation]| kinds.iter().map(|kind| judgement.count(*kind)).sum();
        Outcome {
            accepted: judgement.accepted,
            lost: sum(&[Violation::Lost, Violation::Unfinished, Violation::Incomplete]),
            doubled: sum(&[Violation::Doubled, Violation::Resent, Violation::EndedTwice]),
            uncertain: judgement.uncertain,
            clean: judgement.is_clean(),
            judgement,
            surroundings,
        }
    }
}
