//! What a process of carriers is configured with: a TOML file, or the same from a test.

use super::behaviour::Behaviour;
use crate::ledger::Contract;
use carillon_protocols::session::Protocol;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot understand {path}")]
    Parse {
        path: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("carrier {carrier}: {reason}")]
    Invalid {
        carrier: CompactString,
        reason: &'static str,
    },
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CarriersConfig {
    #[serde(rename = "carrier")]
    pub carriers: Vec<CarrierConfig>,
}

impl CarriersConfig {
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let config: CarriersConfig = toml::from_str(&text).map_err(|source| ConfigError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        config.carriers.iter().try_for_each(CarrierConfig::check)?;
        Ok(config)
    }
}

/// One simulated carrier: one listening port, one protocol.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CarrierConfig {
    /// Names it to `control`; also its SMPP system_id.
    pub name: CompactString,
    pub protocol: ProtocolName,
    /// 0 takes a free port; the real one is printed.
    #[serde(default)]
    pub port: u16,
    #[serde(default = "localhost")]
    pub host: IpAddr,
    /// Everything random follows from it and from the order of arrival.
    #[serde(default = "seed")]
    pub seed: u64,
    /// The decoded text of each segment goes into the ledger.
    #[serde(default)]
    pub keep_texts: bool,
    #[serde(rename = "account")]
    pub accounts: Vec<AccountConfig>,
    #[serde(default)]
    pub behaviour: Behaviour,
}

impl CarrierConfig {
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    pub fn check(&self) -> Result<(), ConfigError> {
        let invalid = |reason| {
            Err(ConfigError::Invalid {
                carrier: self.name.clone(),
                reason,
            })
        };
        if self.accounts.is_empty() {
            return invalid("needs at least one account");
        }
        match self.behaviour.check() {
            Ok(()) => Ok(()),
            Err(reason) => invalid(reason),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
pub enum ProtocolName {
    #[serde(rename = "cmpp2.0")]
    #[value(name = "cmpp2.0")]
    Cmpp20,
    #[serde(rename = "cmpp3.0")]
    #[value(name = "cmpp3.0")]
    Cmpp30,
    #[serde(rename = "smpp3.4")]
    #[value(name = "smpp3.4")]
    Smpp34,
}

impl ProtocolName {
    pub fn wire(self) -> Protocol {
        match self {
            ProtocolName::Cmpp20 => Protocol::Cmpp20,
            ProtocolName::Cmpp30 => Protocol::Cmpp30,
            ProtocolName::Smpp34 => Protocol::Smpp34,
        }
    }

    /// The word used in configuration files.
    pub fn word(self) -> &'static str {
        match self {
            ProtocolName::Cmpp20 => "cmpp2.0",
            ProtocolName::Cmpp30 => "cmpp3.0",
            ProtocolName::Smpp34 => "smpp3.4",
        }
    }

    /// "Slow down": CMPP result 8 (CMPP 2.0 §7.4.3.2), SMPP ESME_RTHROTTLED (SMPP 3.4 §5.1.3).
    pub fn throttled(self) -> u32 {
        match self {
            ProtocolName::Cmpp20 | ProtocolName::Cmpp30 => 8,
            ProtocolName::Smpp34 => 0x58,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    pub login: CompactString,
    pub password: CompactString,
    /// Sessions the account may hold at the same time.
    #[serde(default = "sessions")]
    pub sessions: u32,
    /// Segments in a sliding second above which the carrier answers "slow down"; none is without limit.
    #[serde(default)]
    pub rate_per_second: Option<u32>,
    /// What the client under test promised; only judged, never enforced.
    #[serde(default)]
    pub contract: Option<Contract>,
}

fn localhost() -> IpAddr {
    Ipv4Addr::LOCALHOST.into()
}

fn seed() -> u64 {
    1
}

fn sessions() -> u32 {
    32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_file_is_enough_and_unknown_keys_are_refused() {
        let text = r#"
            [[carrier]]
            name = "mobile"
            protocol = "cmpp2.0"
            [[carrier.account]]
            login = "900001"
            password = "secret"
            contract = { rate_per_second = 1000, window = 16, sessions = 2 }
            [carrier.behaviour]
            receipt_ms = { min = 10, max = 20 }
        "#;
        let config: CarriersConfig = toml::from_str(text).expect("valid");
        assert!(config.carriers[0].check().is_ok());
        assert_eq!(
            config.carriers[0].accounts[0].contract.map(|c| c.rate_limit()),
            Some(1_082)
        );
        let misspelt = text.replace("receipt_ms", "reciept_ms");
        assert!(toml::from_str::<CarriersConfig>(&misspelt).is_err());
    }
}
