use crate::config::ConfigError;
use carillon_domain::catalog::apply::ApplyError;
use carillon_storage::catalog::CatalogError;
use std::io;
use std::path::PathBuf;

/// Why a command did not do what it was asked, or the service ended.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{} cannot be read", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is not valid", path.display())]
    Toml {
        path: PathBuf,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("{} is not valid: {} errors, nothing was changed", path.display(), errors.len())]
    Apply { path: PathBuf, errors: Vec<ApplyError> },
    #[error("{} is not a table of numbers", path.display())]
    Numbers {
        path: PathBuf,
        #[source]
        source: carillon_domain::number_range::LoadError,
    },
    #[error("log.filter is not valid")]
    LogFilter(#[source] tracing_subscriber::filter::ParseError),
    #[error("{operation} {}", path.display())]
    Folder {
        operation: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot listen on {address}")]
    Listen {
        address: std::net::SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error("{} is missing beside a journal", path.display())]
    CatalogMissing { path: PathBuf },
    #[error("the journal cannot be opened")]
    Journal(#[source] carillon_storage::journal::JournalError),
    #[error("the history cannot be opened")]
    History(#[source] carillon_storage::history::HistoryError),
    #[error("the store of files cannot be opened")]
    Files(#[source] carillon_storage::files::FilesError),
    #[error("the service cannot start")]
    Start(#[source] carillon_actors::StartError),
    #[error("no random numbers are to be had")]
    Random(#[source] getrandom::Error),
    #[error("the operator's password cannot be hashed or checked: {0}")]
    Password(argon2::password_hash::Error),
    #[error("{} holds a password of less than {characters_min} characters", path.display())]
    WeakPassword { path: PathBuf, characters_min: usize },
    #[error("the logins cannot be opened")]
    Logins(#[source] crate::login::LoginError),
    #[error("there is no operator {0:?}")]
    UnknownOperator(String),
    #[error("there is an operator {0:?} already")]
    OperatorTaken(String),
    #[error("{0:?} cannot be an operator's name")]
    OperatorName(String),
    #[error("the metrics cannot be set up")]
    Metrics(#[source] prometheus::Error),
    #[error("the web server failed")]
    Web(#[source] io::Error),
    #[error("{owner} has taken the lane over")]
    LaneLost { owner: String },
    #[error("a node needs {key}: nodes share what is there")]
    NodeNeeds { key: &'static str },
    #[error("the service has failed and ends: {0}")]
    Service(String),
}
