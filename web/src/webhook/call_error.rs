use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// Why a receiver did not take a call.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the host's address cannot be found")]
    Lookup(#[source] io::Error),
    #[error("{address} is not on the internet, and `webhooks.allow` does not name it")]
    AddressRefused { address: IpAddr },
    #[error("no connection")]
    Connect(#[source] io::Error),
    #[error("no secure connection")]
    Tls(#[source] io::Error),
    #[error("no certificates to trust: {0}")]
    NoRoots(String),
    #[error("the connection broke, or the answer was not HTTP")]
    Broken(#[source] hyper::Error),
    #[error("no answer within {} s", after.as_secs())]
    Timeout { after: Duration },
    #[error("it answered {status}, a redirect; redirects are not followed")]
    Redirect { status: u16 },
    #[error("it answered 410: it wants nothing more")]
    Gone,
    #[error("it answered {status}")]
    Status {
        status: u16,
        /// Its `Retry-After`.
        wait: Option<Duration>,
    },
    #[error(transparent)]
    Secret(#[from] super::signature::InvalidSecret),
    #[error("the URL cannot be read")]
    Url,
}

/// How a call ended, as the metrics count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    Gone,
    Redirect,
    /// Another status than 2xx.
    Status,
    Timeout,
    /// No address, no connection, no TLS, or it broke.
    Connection,
    AddressRefused,
    /// What is configured cannot be used.
    Configuration,
}

impl Outcome {
    pub const ALL: [Outcome; 8] = [
        Outcome::Taken,
        Outcome::Gone,
        Outcome::Redirect,
        Outcome::Status,
        Outcome::Timeout,
        Outcome::Connection,
        Outcome::AddressRefused,
        Outcome::Configuration,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Taken => "taken",
            Outcome::Gone => "gone",
            Outcome::Redirect => "redirect",
            Outcome::Status => "status",
            Outcome::Timeout => "timeout",
            Outcome::Connection => "connection",
            Outcome::AddressRefused => "address_refused",
            Outcome::Configuration => "configuration",
        }
    }

    pub fn of(result: &Result<(), CallError>) -> Outcome {
        match result {
            Ok(()) => Outcome::Taken,
            Err(error) => match error {
                CallError::Gone => Outcome::Gone,
                CallError::Redirect { .. } => Outcome::Redirect,
                CallError::Status { .. } => Outcome::Status,
                CallError::Timeout { .. } => Outcome::Timeout,
                CallError::Lookup(_) | CallError::Connect(_) | CallError::Tls(_) | CallError::Broken(_) => {
                    Outcome::Connection
                }
                CallError::AddressRefused { .. } => Outcome::AddressRefused,
                CallError::NoRoots(_) | CallError::Secret(_) | CallError::Url => Outcome::Configuration,
            },
        }
    }
}
