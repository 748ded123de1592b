use super::ConfigError;
use super::listen::Listen;
use crate::upstream::UpstreamOptions;
use carillon_actors::columns::ColumnLimits;
use carillon_actors::lane::{LaneOptions, Tenure};
use carillon_catalog::{PostgresAddress, PostgresOptions};
use carillon_domain::alarm::AlarmLimits;
use carillon_domain::catalog::LanePlace;
use carillon_domain::number_range::NumberRanges;
use carillon_embedded::history::{HistoryOptions, Keep};
use carillon_embedded::journal::JournalOptions;
use carillon_kafka::{KafkaOptions, Owner};
use carillon_scylla::{Credentials, ScyllaOptions};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const DAY_S: u64 = 24 * 3600;

/// Everything that can be set. `deploy/carillon.toml` explains each key; a test holds it to these defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub http: Http,
    pub limits: Limits,
    pub journal: JournalSection,
    pub kafka: KafkaSection,
    pub history: HistorySection,
    pub scylla: ScyllaSection,
    pub catalog: CatalogSection,
    pub alarms: AlarmLimits,
    pub numbers: Numbers,
    pub webhooks: WebhooksSection,
    pub upstream: UpstreamSection,
    pub mail_bounces: MailBounces,
    pub node: NodeSection,
    pub files: FilesSection,
    pub pages: PagesSection,
    pub shutdown: Shutdown,
    pub log: Log,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    pub bind: IpAddr,
    pub port: u16,
    /// 0 for one per core.
    pub workers: u16,
    pub connections_max: u32,
    pub connections_per_source_max: u32,
    pub keep_alive_s: u32,
    pub header_timeout_s: u32,
    pub send_timeout_s: u32,
    /// Networks of the proxies in front.
    pub proxies: Vec<IpNet>,
}

impl Default for Http {
    fn default() -> Self {
        Http {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8080,
            workers: 0,
            connections_max: 10_000,
            connections_per_source_max: 2_000,
            // Longer than the idle time of usual client pools, so that they do not meet a closed connection.
            keep_alive_s: 75,
            header_timeout_s: 10,
            send_timeout_s: 30,
            proxies: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub single_bytes_max: usize,
    pub mail_bytes_max: usize,
    pub batch_bytes_max: usize,
    pub batch_lines_max: usize,
    pub body_timeout_s: u32,
    pub messages_open_max: u64,
    pub counted_people_max: u64,
    pub screens_max: u32,
    pub screens_per_source_max: u32,
    pub screen_timeout_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            single_bytes_max: 64 * 1024,
            mail_bytes_max: 512 * 1024,
            batch_bytes_max: 8 * 1024 * 1024,
            batch_lines_max: 10_000,
            body_timeout_s: 30,
            messages_open_max: LaneOptions::default().messages_open_max,
            counted_people_max: LaneOptions::default().columns.caps_max as u64,
            screens_max: 2_000,
            screens_per_source_max: 500,
            screen_timeout_s: 30,
        }
    }
}

impl Limits {
    pub fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_s.into())
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalSection {
    pub volume_bytes: u64,
    pub commit_interval_us: u32,
    pub added_sync_us: u32,
    pub checkpoint_bytes: u64,
    pub disk_free_bytes_min: u64,
    pub feed_retention_hours: u32,
    pub keep_bytes_max: u64,
    pub keep_seconds_min: u32,
}

impl Default for JournalSection {
    fn default() -> Self {
        let (journal, lane) = (JournalOptions::default(), LaneOptions::default());
        JournalSection {
            volume_bytes: journal.volume_bytes,
            commit_interval_us: journal.commit_interval.as_micros() as u32,
            added_sync_us: journal.added_sync.as_micros() as u32,
            checkpoint_bytes: lane.checkpoint_bytes,
            disk_free_bytes_min: lane.disk_free_bytes_min,
            feed_retention_hours: (lane.feed_retention.as_secs() / 3600) as u32,
            keep_bytes_max: lane.journal_keep_bytes,
            keep_seconds_min: lane.journal_keep_least.as_secs() as u32,
        }
    }
}

/// The journal on Kafka, in place of this machine's disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaSection {
    /// `host:port`, with commas between. Empty for none: the journal is on this machine's disk.
    pub brokers: String,
    pub topic_prefix: String,
    pub lanes: u32,
    pub lane: u32,
    /// What other nodes call this one. Empty for the machine's name.
    pub node: String,
    pub replication: u32,
    pub min_in_sync: u32,
    pub delivery_timeout_s: u32,
}

impl Default for KafkaSection {
    fn default() -> Self {
        let options = KafkaOptions::new("", 0, "");
        KafkaSection {
            brokers: options.brokers,
            topic_prefix: options.prefix,
            lanes: options.lanes,
            lane: options.lane,
            node: options.owner.node,
            replication: options.replication,
            min_in_sync: options.min_in_sync,
            delivery_timeout_s: options.delivery_timeout.as_secs() as u32,
        }
    }
}

/// The history on ScyllaDB, in place of files in the data folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScyllaSection {
    /// `host:port`, with commas between. Empty for none: the history is in the data folder.
    pub nodes: String,
    pub keyspace: String,
    pub replication: u32,
    /// Empty where nobody logs in.
    pub user: String,
    /// The user's password, and nothing else in it.
    pub password_file: PathBuf,
}

impl Default for ScyllaSection {
    fn default() -> Self {
        let options = ScyllaOptions::new(Vec::new(), "carillon", 0);
        ScyllaSection {
            nodes: String::new(),
            keyspace: options.keyspace,
            replication: options.replication,
            user: String::new(),
            password_file: PathBuf::new(),
        }
    }
}

/// Where the configuration, logins and alarms are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CatalogSection {
    /// Of a PostgreSQL database, without a password. Empty for files in the data folder.
    pub url: String,
    /// The key of the secrets. Empty for the one in the data folder.
    pub key_file: PathBuf,
}

/// Upstream systems over Kafka.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamSection {
    /// `host:port`, with commas between. Empty for none.
    pub brokers: String,
    pub topic_prefix: String,
    pub group: String,
    /// Names of the accounts.
    pub accounts: BTreeSet<String>,
    pub partitions: u32,
    pub replication: u32,
    pub min_in_sync: u32,
}

impl Default for UpstreamSection {
    fn default() -> Self {
        UpstreamSection {
            brokers: String::new(),
            topic_prefix: "carillon".to_owned(),
            group: "carillon".to_owned(),
            accounts: BTreeSet::new(),
            partitions: 12,
            replication: 3,
            min_in_sync: 2,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistorySection {
    pub keep_days: u32,
    /// 0 for any.
    pub keep_bytes_max: u64,
    pub keep_minutes_days: u32,
    pub keep_hours_days: u32,
}

impl Default for HistorySection {
    fn default() -> Self {
        let keep = Keep::default();
        let days = |kept: Duration| (kept.as_secs() / DAY_S) as u32;
        HistorySection {
            keep_days: days(keep.journeys),
            keep_bytes_max: keep.bytes_max.unwrap_or(0),
            keep_minutes_days: days(keep.minutes),
            keep_hours_days: days(keep.hours),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Numbers {
    /// Empty for none.
    pub ranges_file: PathBuf,
    /// Empty for none.
    pub ported_file: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksSection {
    /// Networks inside which receivers may be called.
    pub allow: Vec<IpNet>,
    pub off_after_hours: u32,
    /// Empty for none.
    pub ca_file: PathBuf,
}

impl Default for WebhooksSection {
    fn default() -> Self {
        WebhooksSection {
            allow: Vec::new(),
            off_after_hours: 72,
            ca_file: PathBuf::new(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailBounces {
    pub listen: Listen,
}

/// `carillon node`: the lanes of this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeSection {
    /// Where they listen, each at a free port, and where the other nodes reach them.
    pub lanes_address: IpAddr,
}

impl Default for NodeSection {
    fn default() -> Self {
        NodeSection {
            lanes_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesSection {
    /// Attachments and recipients. Empty for the data folder.
    pub dir: PathBuf,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PagesSection {
    /// Empty for where they are installed or built.
    pub dir: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shutdown {
    pub drain_s: u32,
}

impl Default for Shutdown {
    fn default() -> Self {
        Shutdown { drain_s: 30 }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

impl ScyllaSection {
    fn credentials(&self) -> Result<Option<Credentials>, ConfigError> {
        if self.user.is_empty() {
            return Ok(None);
        }
        let path = &self.password_file;
        let read = std::fs::read_to_string(path).map_err(|source| ConfigError::Password {
            path: path.clone(),
            source,
        });
        Ok(Some(Credentials {
            user: self.user.clone(),
            password: read?.trim_end_matches(['\r', '\n']).to_owned(),
        }))
    }
}

impl Config {
    pub fn journal_options(&self) -> JournalOptions {
        JournalOptions {
            volume_bytes: self.journal.volume_bytes,
            commit_interval: Duration::from_micros(self.journal.commit_interval_us.into()),
            added_sync: Duration::from_micros(self.journal.added_sync_us.into()),
            ..JournalOptions::default()
        }
    }

    /// Where the catalog is in a database; `None` when it is in the data folder.
    pub fn catalog_options(&self, data: &Path) -> Result<Option<PostgresOptions>, ConfigError> {
        let CatalogSection { url, key_file } = &self.catalog;
        if url.is_empty() {
            return Ok(None);
        }
        let address: PostgresAddress = url.parse().map_err(ConfigError::CatalogAddress)?;
        let key_file = match key_file.as_os_str().is_empty() {
            true => data.join("secret.key"),
            false => key_file.clone(),
        };
        Ok(Some(PostgresOptions::new(address, key_file)))
    }

    /// Where the journal is on Kafka; `None` when it is on this machine's disk.
    pub fn kafka_options(&self) -> Option<KafkaOptions> {
        let KafkaSection {
            brokers,
            topic_prefix,
            lanes,
            lane,
            node,
            replication,
            min_in_sync,
            delivery_timeout_s,
        } = self.kafka.clone();
        let node = match node.is_empty() {
            true => sysinfo::System::host_name().unwrap_or_else(|| "carillon".to_owned()),
            false => node,
        };
        (!brokers.is_empty()).then(|| KafkaOptions {
            prefix: topic_prefix,
            lanes,
            owner: Owner { node },
            replication,
            min_in_sync,
            delivery_timeout: Duration::from_secs(delivery_timeout_s.into()),
            ..KafkaOptions::new(&brokers, lane, "")
        })
    }

    /// Where the history is on ScyllaDB; `None` when it is in the data folder. Errors when the password cannot be read.
    pub fn scylla_options(&self, ranges: Arc<NumberRanges>) -> Result<Option<ScyllaOptions>, ConfigError> {
        let section = &self.scylla;
        if section.nodes.is_empty() {
            return Ok(None);
        }
        let nodes = section
            .nodes
            .split(',')
            .map(|node| node.trim().to_owned())
            .collect();
        let keep = self.history_options(ranges.clone()).keep;
        Ok(Some(ScyllaOptions {
            credentials: section.credentials()?,
            replication: section.replication,
            ranges,
            keep: carillon_scylla::Keep {
                journeys: keep.journeys,
                minutes: keep.minutes,
                hours: keep.hours,
            },
            ..ScyllaOptions::new(nodes, &section.keyspace, self.kafka.lane)
        }))
    }

    /// `None` when no upstream system uses Kafka.
    pub fn upstream_options(&self) -> Option<UpstreamOptions> {
        let section = self.upstream.clone();
        (!section.brokers.is_empty()).then_some(UpstreamOptions {
            brokers: section.brokers,
            prefix: section.topic_prefix,
            group: section.group,
            place: self.place(),
            accounts: section.accounts,
            partitions: section.partitions,
            replication: section.replication,
            min_in_sync: section.min_in_sync,
        })
    }

    fn feed_retention(&self) -> Duration {
        Duration::from_secs(u64::from(self.journal.feed_retention_hours) * 3600)
    }

    pub fn history_options(&self, ranges: Arc<NumberRanges>) -> HistoryOptions {
        let days = |days: u32| Duration::from_secs(u64::from(days) * DAY_S);
        HistoryOptions {
            keep: Keep {
                journeys: days(self.history.keep_days),
                bytes_max: (self.history.keep_bytes_max > 0).then_some(self.history.keep_bytes_max),
                // Who pulls an event finds its message.
                floor: self.feed_retention(),
                minutes: days(self.history.keep_minutes_days),
                hours: days(self.history.keep_hours_days),
            },
            ranges,
            ..HistoryOptions::default()
        }
    }

    /// Which lane of how many this process is.
    pub fn place(&self) -> LanePlace {
        let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        LanePlace {
            lane: narrow(self.kafka.lane),
            lanes: narrow(self.kafka.lanes),
        }
    }

    pub fn lane_options(&self) -> LaneOptions {
        LaneOptions {
            // Ids of different lanes are different.
            maker: self.place().lane,
            // Another node may take the lane over.
            tenure: (!self.kafka.brokers.is_empty()).then(Tenure::default),
            messages_open_max: self.limits.messages_open_max,
            columns: ColumnLimits {
                caps_max: usize::try_from(self.limits.counted_people_max).unwrap_or(usize::MAX),
                ..ColumnLimits::default()
            },
            checkpoint_bytes: self.journal.checkpoint_bytes,
            disk_free_bytes_min: self.journal.disk_free_bytes_min,
            feed_retention: self.feed_retention(),
            journal_keep_bytes: self.journal.keep_bytes_max,
            journal_keep_least: Duration::from_secs(self.journal.keep_seconds_min.into()),
            ..LaneOptions::default()
        }
    }
}
