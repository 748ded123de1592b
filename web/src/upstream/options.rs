use carillon_domain::catalog::LanePlace;
use rdkafka::config::ClientConfig;
use std::collections::BTreeSet;
use std::time::Duration;

/// A record that the brokers have not acknowledged for so long is given up, and what it answers is taken again.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest record that is sent, with its head; above what is read, so that everything read can be passed on.
pub const SENT_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// Where upstream systems put their requests, and where they find what became of them (API-2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamOptions {
    /// `host:port` of some brokers, with commas between.
    pub brokers: String,
    /// Names of topics begin with it and a dot.
    pub prefix: String,
    /// The consumer group; processes with the same one share the requests.
    pub group: String,
    /// Which lane this process is, among those that take requests and tell of events.
    pub place: LanePlace,
    /// Names of the accounts that send by Kafka and are told by it.
    pub accounts: BTreeSet<String>,
    /// Of topics that are made.
    pub partitions: u32,
    pub replication: u32,
    pub min_in_sync: u32,
}

/// The names of topics.
pub mod topic {
    pub fn requests(prefix: &str) -> String {
        format!("{prefix}.requests")
    }

    pub fn refused(prefix: &str) -> String {
        format!("{prefix}.requests.dlq")
    }

    pub fn events(prefix: &str) -> String {
        format!("{prefix}.events")
    }
}

impl UpstreamOptions {
    pub fn requests(&self) -> String {
        topic::requests(&self.prefix)
    }

    /// The topic of what cannot be taken.
    pub fn refused(&self) -> String {
        topic::refused(&self.prefix)
    }

    pub fn events(&self) -> String {
        topic::events(&self.prefix)
    }

    /// The `source` of events of ours.
    pub fn source(&self) -> String {
        format!("/carillon/{}", self.group)
    }

    /// What all clients share.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", format!("carillon-upstream-{}", self.place.lane))
            // A broker that comes back is found at once, not after the default of 10 s.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("socket.keepalive.enable", "true");
        config
    }
}
