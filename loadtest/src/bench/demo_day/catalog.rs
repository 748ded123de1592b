use crate::bench::outcome::RunError;
use crate::demo::Keys;
use crate::sim::{CarriersConfig, Range};
use std::io;
use std::net::SocketAddr;
use toml::{Table, Value};

const CATALOG: &str = include_str!("../../../../deploy/demo.toml");
const CARRIERS: &str = include_str!("../../../../deploy/demo-carriers.toml");
pub const RANGES: &str = include_str!("../../../../deploy/demo-ranges.csv");
/// The relay's name in the catalog.
pub const RELAY: &str = "邮件-1";

/// Segments a second on each connection: the day is short, so that it is dense.
const RATE: i64 = 2_000;
/// A carrier that is silent is found out within the run.
const SILENCE_S: i64 = 2;
const RESPONSE_TIMEOUT_S: i64 = 5;
const RECEIPT_MS_MAX: u64 = 3_000;

/// The demo's carriers on free ports, without limits of their own and with receipts that come soon.
pub fn carriers(seed: u64) -> Result<CarriersConfig, RunError> {
    let mut config: CarriersConfig = toml::from_str(CARRIERS).map_err(invalid)?;
    for carrier in &mut config.carriers {
        carrier.port = 0;
        carrier.seed = seed;
        for account in &mut carrier.accounts {
            account.rate_per_second = None;
        }
        let receipts = &mut carrier.behaviour.receipt_ms;
        *receipts = Range {
            min: receipts.min,
            max: receipts.max.min(RECEIPT_MS_MAX),
        };
    }
    Ok(config)
}

/// Where a connection's peer listens.
pub struct Peer {
    /// Empty for the relay.
    pub login: String,
    pub address: SocketAddr,
}

/// The demo's catalog for these peers, and the keys of its accounts. What is uncertain is sent once more, so that every message
/// ends within the run.
pub fn catalog(peers: &[Peer]) -> Result<(String, Keys), RunError> {
    let mut file: Table = toml::from_str(CATALOG).map_err(invalid)?;
    for connection in entries(&mut file, "connection") {
        let login = connection
            .get("login")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let peer = peers.iter().find(|peer| peer.login == login);
        let peer = peer.ok_or_else(|| invalid(format!("no peer has the login {login}")))?;
        connection.insert("port".into(), Value::Integer(peer.address.port().into()));
        connection.insert("rate_per_second".into(), Value::Integer(RATE));
        connection.insert("silence_s".into(), Value::Integer(SILENCE_S));
        connection.insert("response_timeout_s".into(), Value::Integer(RESPONSE_TIMEOUT_S));
    }
    for business_type in entries(&mut file, "business_type") {
        business_type.insert("uncertain".into(), Value::String("resend_once".into()));
    }
    let mut keys = String::new();
    for account in entries(&mut file, "account") {
        let name = account
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let key = format!("demo-day-{name}-0123456789abcdef");
        keys.push_str(&format!("api-key {name}: {key}\n"));
        account.insert("api_key".into(), Value::String(key));
    }
    let text = toml::to_string(&file).map_err(invalid)?;
    Ok((text, Keys::of(&keys)))
}

fn entries<'f>(file: &'f mut Table, section: &str) -> impl Iterator<Item = &'f mut Table> {
    let entries = file.get_mut(section).and_then(Value::as_array_mut);
    entries.into_iter().flatten().filter_map(Value::as_table_mut)
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RunError {
    RunError::File(io::Error::other(error))
}

/// The name of the connection that logs in so.
pub fn connection_of(login: &str) -> Option<String> {
    let mut file: Table = toml::from_str(CATALOG).ok()?;
    let mut connections = entries(&mut file, "connection");
    let found =
        connections.find(|connection| connection.get("login").and_then(Value::as_str) == Some(login))?;
    found.get("name").and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::catalog::apply::ApplyFile;

    #[test]
    fn the_demos_files_are_made_fit_for_a_run() {
        let address = "127.0.0.1:7890".parse().expect("an address");
        let mut peers = vec![Peer {
            login: String::new(),
            address,
        }];
        for carrier in carriers(1).expect("carriers").carriers {
            carrier.check().expect("a carrier");
            let login = carrier.accounts[0].login.to_string();
            assert!(connection_of(&login).is_some(), "{login}");
            peers.push(Peer { login, address });
        }
        let (text, keys) = catalog(&peers).expect("a catalog");
        let file: ApplyFile = toml::from_str(&text).expect("an apply file");
        assert!(
            file.account
                .iter()
                .all(|account| keys.get(&account.name).is_some())
        );
        assert!(
            file.connection
                .iter()
                .all(|connection| connection.port == Some(7890))
        );
        assert!(file.connection.iter().any(|connection| connection.name == RELAY));
        assert!(catalog(&peers[1..]).is_err());
    }
}
