use crate::demo::PeopleError;
use crate::sim::ConfigError;
use carillon_domain::catalog::CompileError;
use carillon_domain::refusal::Refusal;
use carillon_storage::catalog::CatalogError;
use carillon_storage::history::HistoryError;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum WeekError {
    #[error("{0} has been served already; a week before the beginning is made for new data only")]
    Served(PathBuf),
    #[error("cannot read the catalog")]
    Catalog(#[from] CatalogError),
    #[error("the catalog cannot be used")]
    Compile(#[from] CompileError),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(transparent)]
    Carriers(#[from] ConfigError),
    #[error("the catalog has no account {0}")]
    Account(&'static str),
    #[error("no carrier of the file has the login of connection {0}")]
    NoCarrier(String),
    #[error("the catalog refuses a message of {account}: {refusal:?}")]
    Refused { account: &'static str, refusal: Refusal },
    #[error("cannot write the history")]
    History(#[from] HistoryError),
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}
