//! Two carriers, and a server with small volumes, frequent checkpoints and business types of both policies.

use super::books::{Books, Party};
use super::schedule::{Plan, Storm};
use crate::bench::apply::{ConnectionPlan, apply_file};
use crate::bench::folder::Folder;
use crate::bench::outcome::RunError;
use crate::bench::place::Place;
use crate::bench::server::Server;
use crate::bench::system::SystemError;
use crate::ledger::Contract;
use crate::sim::{
    AccountConfig, Behaviour, CarrierConfig, CarrierStart, Host, Order, ProtocolName, Range, WeightedStatus,
};
use std::net::{IpAddr, Ipv4Addr};

const NAMES: [&str; 2] = ["carrier-a", "carrier-b"];
const PROTOCOLS: [ProtocolName; 2] = [ProtocolName::Cmpp20, ProtocolName::Smpp34];
const LOGIN: &str = "900001";
const PASSWORD: &str = "secret1";
const CONTRACT: Contract = Contract {
    rate_per_second: 50_000,
    window: 64,
    sessions: 2,
};
/// Carriers of a run.
pub const CARRIERS: usize = NAMES.len();
/// Requests that one carrier's sessions may have open.
pub const WINDOWS: u64 = (CONTRACT.window * CONTRACT.sessions) as u64;

/// At some megabytes of journal per second, several volumes and a checkpoint in each of them.
const VOLUME_BYTES: u64 = 1 << 20;
const CHECKPOINT_BYTES: u64 = 2 << 20;
pub struct World {
    pub books: Books,
    pub host: Host,
    pub server: Server,
    pub folder: Folder,
}

impl World {
    /// `start_us` is a time before the run, µs since the Unix epoch.
    pub async fn start(seed: u64, start_us: u64, place: &Place) -> Result<Self, RunError> {
        let folder = Folder::make(place).map_err(SystemError::Folder)?;
        let books = Books::new(start_us);
        let starts = NAMES.iter().zip(PROTOCOLS).map(|(name, protocol)| CarrierStart {
            config: carrier(name, protocol, seed),
            sink: Box::new(books.clone()),
            listening: true,
        });
        let host = Host::start(starts.collect())?;
        let connections: Vec<_> = host
            .carriers
            .iter()
            .zip(PROTOCOLS)
            .map(|(carrier, protocol)| ConnectionPlan {
                name: carrier.name.to_string(),
                protocol,
                address: carrier.address,
                login: LOGIN.to_owned(),
                password: PASSWORD.to_owned(),
                sessions: CONTRACT.sessions,
                window: CONTRACT.window,
                rate_per_second: CONTRACT.rate_per_second,
                look_ahead: 0,
            })
            .collect();
        let environment = vec![
            ("CARILLON_JOURNAL_VOLUME_BYTES", VOLUME_BYTES.to_string()),
            ("CARILLON_JOURNAL_CHECKPOINT_BYTES", CHECKPOINT_BYTES.to_string()),
        ];
        let configuration = configuration(&connections);
        let program = place.program.as_deref();
        let server = Server::start_with(folder.path(), &configuration, program, environment).await?;
        Ok(World {
            books,
            host,
            server,
            folder,
        })
    }

    /// Gives how many requests may become uncertain by it.
    pub async fn begin(&self, plan: &Plan) -> Result<u64, RunError> {
        let order = match plan.storm {
            Storm::Calm => return Ok(0),
            Storm::Cut => Order::Cut,
            Storm::Down => Order::Down,
            Storm::Throttled => Order::Throttled(true),
            Storm::Silent => Order::Silent(true),
        };
        self.host.orders().give(NAMES[plan.carrier], order).await?;
        Ok(if plan.storm.breaks_sessions() { WINDOWS } else { 0 })
    }

    pub async fn end(&self, plan: &Plan) -> Result<(), RunError> {
        let order = match plan.storm {
            Storm::Calm | Storm::Cut => return Ok(()),
            Storm::Down => Order::Accept,
            Storm::Throttled => Order::Throttled(false),
            Storm::Silent => Order::Silent(false),
        };
        self.host.orders().give(NAMES[plan.carrier], order).await?;
        Ok(())
    }

    /// Has everything that is open written into the ledgers.
    pub async fn flush(&self) -> Result<(), RunError> {
        for name in NAMES {
            self.host.orders().give(name, Order::Flush).await?;
        }
        Ok(())
    }
}

fn configuration(connections: &[ConnectionPlan]) -> String {
    let names = connections
        .iter()
        .map(|connection| format!("\"{}\"", connection.name));
    let names = names.collect::<Vec<_>>().join(", ");
    let mut file = apply_file(connections);
    file += "\n[[business_type]]\nname = \"code\"\nuncertain = \"resend_once\"\n";
    file.extend(Party::ALL.map(|party| party.entry(&names)));
    file
}

/// Everything that makes matching hard: slow answers, receipts first, doubled, by other sessions.
fn carrier(name: &str, protocol: ProtocolName, seed: u64) -> CarrierConfig {
    let status = |status: &str, weight| WeightedStatus {
        status: status.into(),
        error: "000".into(),
        weight,
    };
    CarrierConfig {
        name: name.into(),
        protocol,
        port: 0,
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        seed,
        keep_texts: false,
        accounts: vec![AccountConfig {
            login: LOGIN.into(),
            password: PASSWORD.into(),
            sessions: CONTRACT.sessions,
            rate_per_second: None,
            contract: Some(CONTRACT),
        }],
        behaviour: Behaviour {
            response_ms: Range { min: 0, max: 5 },
            receipt_ms: Range { min: 0, max: 300 },
            receipts: vec![status("DELIVRD", 97), status("UNDELIV", 2), status("MA:0001", 1)],
            receipt_first_share: 0.1,
            doubled_share: 0.05,
            other_session_share: 0.2,
            ..Behaviour::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::catalog::apply::ApplyFile;

    #[test]
    fn the_file_is_one_that_apply_understands() {
        let file: ApplyFile = toml::from_str(&configuration(&[])).expect("an apply file");
        let has = |name: &str| file.account.iter().any(|account| account.name == name);
        assert!(Party::ALL.iter().all(|party| has(party.account())));
        assert_eq!(file.business_type.len(), 2);
    }
}
