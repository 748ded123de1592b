//! A carrier and an organisation for each lane, and the nodes that run them.

use super::cluster::Cluster;
use crate::bench::outcome::RunError;
use crate::bench::place::Place;
use crate::judge::{Settlement, Shared};
use crate::ledger::Contract;
use crate::sim::{
    AccountConfig, Behaviour, CarrierConfig, CarrierStart, Host, Order, ProtocolName, Range, WeightedStatus,
};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;

const LOGIN: &str = "900001";
const PASSWORD: &str = "secret1";
const CONTRACT: Contract = Contract {
    rate_per_second: 50_000,
    window: 32,
    sessions: 2,
};
/// Requests that a carrier's sessions may have open: so many may become uncertain whenever a lane changes hands (UNC-1).
pub const WINDOWS: u64 = (CONTRACT.window * CONTRACT.sessions) as u64;
/// Messages of a lane; its markers are also the last digits of the numbers.
pub const MARKERS: u64 = 2_000_000;

pub struct World {
    pub cluster: Cluster,
    pub host: Host,
    /// By lane.
    pub books: Vec<Book>,
}

/// What a lane's callers were told, and its carrier has written down.
#[derive(Clone)]
pub struct Book {
    pub lane: usize,
    pub settlement: Shared,
}

impl Book {
    fn new(lane: usize, start_us: u64) -> Self {
        Book {
            lane,
            settlement: Shared::new(Settlement::new(lane as u64 * MARKERS, start_us)),
        }
    }

    pub fn key(&self) -> String {
        format!("loadtest-of-lane-{}-0123456789abcdef", self.lane)
    }

    pub fn markers(&self) -> std::ops::Range<u64> {
        let first = self.lane as u64 * MARKERS;
        first..first + MARKERS
    }
}

impl World {
    /// `start_us` is a time before the run, µs since the Unix epoch. Starts carriers and all nodes.
    pub async fn start(
        nodes: usize,
        lanes: usize,
        seed: u64,
        start_us: u64,
        place: &Place,
    ) -> Result<Self, RunError> {
        let books: Vec<Book> = (0..lanes).map(|lane| Book::new(lane, start_us)).collect();
        let starts = books.iter().map(|book| CarrierStart {
            config: carrier(book.lane, seed),
            sink: Box::new(book.settlement.clone()),
            listening: true,
        });
        let host = Host::start(starts.collect())?;
        let mut file = String::from("[[business_type]]\nname = \"notice\"\n");
        for (book, carrier) in books.iter().zip(&host.carriers) {
            describe(&mut file, book, carrier.address.port());
        }
        let environment = vec![
            ("CARILLON_KAFKA_TOPIC_PREFIX", format!("nodes-{seed}")),
            ("CARILLON_KAFKA_LANES", lanes.to_string()),
            ("CARILLON_SHUTDOWN_DRAIN_S", "3".to_owned()),
            ("CARILLON_HTTP_PROXIES", "[\"127.0.0.1/32\"]".to_owned()),
        ];
        let mut cluster = Cluster::prepare(place, nodes, environment, &file)?;
        for node in 0..nodes {
            cluster.start(node)?;
        }
        for node in 0..nodes {
            cluster.until_ready(node).await?;
        }
        Ok(World { cluster, host, books })
    }

    /// Has everything that is open written into the ledgers.
    pub async fn flush(&self) -> Result<(), RunError> {
        for carrier in &self.host.carriers {
            self.host.orders().give(&carrier.name, Order::Flush).await?;
        }
        Ok(())
    }

    /// Segments that the lane's carrier was sent.
    pub fn came(&self, lane: usize) -> u64 {
        self.host.carriers[lane].progress.segments.load(Ordering::Relaxed)
    }
}

fn describe(file: &mut String, book: &Book, port: u16) {
    let (lane, key) = (book.lane, book.key());
    // Writing into a String cannot fail.
    let _ = write!(
        file,
        "\n[[organisation]]\nname = \"hospital-{lane}\"\nlane = {lane}\n\n\
         [[connection]]\nname = \"carrier-{lane}\"\nlane = {lane}\nprotocol = \"smpp3.4\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         login = \"{LOGIN}\"\npassword = \"{PASSWORD}\"\nsessions = {}\nwindow = {}\nrate_per_second = {}\n\
         source_number = \"10690000\"\n\n\
         [[route_group]]\nname = \"group-{lane}\"\nmembers = [\"carrier-{lane}\"]\n\n\
         [[account]]\nname = \"his-{lane}\"\norganisation = \"hospital-{lane}\"\nbusiness_type = \"notice\"\n\
         modules = {{ send = true, query = true, feeds = true }}\nconnections = [\"carrier-{lane}\"]\n\
         signature = \"示例医院\"\napi_key = \"{key}\"\n\n\
         [[route_rule]]\nname = \"rule-{lane}\"\naccounts = [\"his-{lane}\"]\ngroup = \"group-{lane}\"\n",
        CONTRACT.sessions, CONTRACT.window, CONTRACT.rate_per_second
    );
}

/// Slow answers, receipts first, doubled, by other sessions.
fn carrier(lane: usize, seed: u64) -> CarrierConfig {
    let status = |status: &str, weight| WeightedStatus {
        status: status.into(),
        error: "000".into(),
        weight,
    };
    CarrierConfig {
        name: format!("carrier-{lane}").into(),
        protocol: ProtocolName::Smpp34,
        port: 0,
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        seed: seed.wrapping_add(lane as u64),
        keep_texts: false,
        accounts: vec![AccountConfig {
            login: LOGIN.into(),
            password: PASSWORD.into(),
            // A seat more than is used: who stands still keeps its own, and its successor needs one.
            sessions: CONTRACT.sessions + 1,
            rate_per_second: None,
            contract: Some(CONTRACT),
        }],
        behaviour: Behaviour {
            response_ms: Range { min: 0, max: 5 },
            receipt_ms: Range { min: 0, max: 300 },
            receipts: vec![status("DELIVRD", 98), status("UNDELIV", 2)],
            receipt_first_share: 0.1,
            doubled_share: 0.05,
            other_session_share: 0.2,
            ..Behaviour::default()
        },
    }
}
