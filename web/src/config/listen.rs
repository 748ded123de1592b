use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// Where to listen, written `address:port`; empty for nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Listen(pub Option<SocketAddr>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address to listen on, as in \"0.0.0.0:2525\"")]
pub struct InvalidListen(String);

impl FromStr for Listen {
    type Err = InvalidListen;

    fn from_str(text: &str) -> Result<Self, InvalidListen> {
        match text.trim() {
            "" => Ok(Listen(None)),
            text => text
                .parse()
                .map(|address| Listen(Some(address)))
                .map_err(|_| InvalidListen(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Listen {
    type Error = InvalidListen;

    fn try_from(text: String) -> Result<Self, InvalidListen> {
        text.parse()
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> String {
        listen.to_string()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |address| address.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_to_listen_on() {
        for (text, written) in [
            ("", ""),
            (" ", ""),
            ("0.0.0.0:2525", "0.0.0.0:2525"),
            ("[::]:25", "[::]:25"),
        ] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), written);
        }
        for text in ["2525", "localhost:25", "0.0.0.0", "0.0.0.0:99999"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
