use super::cmpp::{Carrier, PATIENCE};
use super::served::{Served, until};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PARTITIONS: i32 = 3;
/// Larger than anything that a test sends.
const RECORD_BYTES_MAX: &str = "20000000";

/// A service with one connection and the account `lab`, which sends by Kafka; topics of its own.
pub struct House {
    pub served: Served,
    pub prefix: String,
    producer: BaseProducer,
}

/// A record as it came out.
#[derive(Debug)]
pub struct Record {
    pub key: String,
    pub headers: BTreeMap<String, String>,
    pub value: Option<Vec<u8>>,
}

impl House {
    /// `more` settings beside those of Kafka.
    pub async fn open(carrier: &Carrier, more: &[(&str, &str)]) -> House {
        House::at(carrier, &brokers(), more).await
    }

    /// The service is told of `told` as the broker.
    pub async fn at(carrier: &Carrier, told: &str, more: &[(&str, &str)]) -> House {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("upstream-{}-{number}", std::process::id());
        make_requests(&prefix).await;
        House::on(carrier, told, prefix, more).await
    }

    /// Another service on the same topics.
    pub async fn beside(&self, carrier: &Carrier, more: &[(&str, &str)]) -> House {
        House::on(carrier, &brokers(), self.prefix.clone(), more).await
    }

    async fn on(carrier: &Carrier, told: &str, prefix: String, more: &[(&str, &str)]) -> House {
        let settings = [
            ("CARILLON_UPSTREAM_BROKERS", told),
            ("CARILLON_UPSTREAM_TOPIC_PREFIX", prefix.as_str()),
            ("CARILLON_UPSTREAM_GROUP", prefix.as_str()),
            (
                "CARILLON_UPSTREAM_ACCOUNTS",
                "[\"lab\", \"off\", \"mute\", \"nobody\"]",
            ),
            ("CARILLON_UPSTREAM_PARTITIONS", "3"),
            ("CARILLON_UPSTREAM_REPLICATION", "1"),
            ("CARILLON_UPSTREAM_MIN_IN_SYNC", "1"),
        ];
        let settings = settings.iter().chain(more);
        let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
        let served = Served::with(&catalog(carrier.port()), settings.collect()).await;
        House {
            served,
            prefix,
            producer: client()
                .set("message.max.bytes", RECORD_BYTES_MAX)
                .create()
                .unwrap(),
        }
    }

    /// Until the service has made its topics.
    pub async fn topics_are_there(&self) {
        let consumer: BaseConsumer = client().create().unwrap();
        for topic in ["events", "requests.dlq"] {
            let name = format!("{}.{topic}", self.prefix);
            until(&name, async || {
                let known = consumer.fetch_metadata(Some(&name), PATIENCE).unwrap();
                !known.topics()[0].partitions().is_empty()
            })
            .await;
        }
    }

    /// Puts a request of the account `lab` into Kafka.
    pub fn ask(&self, kind: &str, id: &str, body: &str) {
        self.put(&head(kind, id), Some(body.as_bytes()));
        self.arrived();
    }

    /// Until all that was put is in Kafka.
    pub fn arrived(&self) {
        self.producer.flush(PATIENCE).unwrap();
    }

    /// The same where a partitioner of the upstream's own puts it.
    pub fn ask_in(&self, partition: i32, kind: &str, id: &str, body: &str) {
        self.put_in(Some(partition), &head(kind, id), Some(body.as_bytes()));
        self.arrived();
    }

    pub fn put(&self, headers: &[(&str, &[u8])], value: Option<&[u8]>) {
        self.put_in(None, headers, value);
    }

    fn put_in(&self, partition: Option<i32>, headers: &[(&str, &[u8])], value: Option<&[u8]>) {
        let topic = format!("{}.requests", self.prefix);
        let own = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| {
            all.insert(Header {
                key,
                value: Some(*value),
            })
        });
        let mut record = BaseRecord::to(&topic).key("a key of the sender").headers(own);
        record.payload = value;
        record.partition = partition;
        self.producer
            .send(record)
            .unwrap_or_else(|(error, _)| panic!("{error}"));
    }

    pub fn events(&self) -> Reader {
        Reader::of(&format!("{}.events", self.prefix))
    }

    pub fn refused(&self) -> Reader {
        Reader::of(&format!("{}.requests.dlq", self.prefix))
    }
}

/// The requests' topic is the upstream's own, and takes large records.
async fn make_requests(prefix: &str) {
    let admin: AdminClient<DefaultClientContext> = client().create().unwrap();
    let name = format!("{prefix}.requests");
    let topic = NewTopic::new(&name, PARTITIONS, TopicReplication::Fixed(1));
    let topic = topic.set("max.message.bytes", RECORD_BYTES_MAX);
    let made = admin.create_topics([&topic], &AdminOptions::new()).await.unwrap();
    assert_eq!(made, [Ok(name.clone())]);
}

/// Reads a topic from its beginning.
pub struct Reader {
    consumer: BaseConsumer,
}

impl Reader {
    pub fn of(topic: &str) -> Reader {
        let consumer: BaseConsumer = client()
            .set("group.id", format!("reader of {topic}"))
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("fetch.message.max.bytes", RECORD_BYTES_MAX)
            // The service makes the topic.
            .set("topic.metadata.refresh.interval.ms", "200")
            .create()
            .unwrap();
        consumer.subscribe(&[topic]).unwrap();
        Reader { consumer }
    }

    /// The next record.
    pub async fn next(&self) -> Record {
        let begin = Instant::now();
        loop {
            if let Some(record) = self.try_next() {
                return record;
            }
            assert!(begin.elapsed() < PATIENCE, "no record in time");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn take(&self, count: usize) -> Vec<Record> {
        let mut records = Vec::new();
        while records.len() < count {
            records.push(self.next().await);
        }
        records
    }

    pub fn try_next(&self) -> Option<Record> {
        let record = match self.consumer.poll(Duration::ZERO)? {
            Ok(record) => record,
            Err(error) => {
                assert!(error.to_string().contains("Unknown topic"), "{error}");
                return None;
            }
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let headers = record.headers().unwrap().iter();
        Some(Record {
            key: record.key().map(text).unwrap_or_default(),
            headers: headers
                .map(|header| {
                    let value = header
                        .value
                        .map(|value| String::from_utf8_lossy(value).into_owned());
                    (header.key.to_owned(), value.unwrap_or_default())
                })
                .collect(),
            value: record.payload().map(<[u8]>::to_vec),
        })
    }
}

impl Record {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.unwrap_or_else(|| panic!("no header {name} in {:?}", self.headers))
    }

    pub fn is(&self, kind: &str) -> bool {
        self.header("ce_type") == kind
    }

    pub fn data(&self) -> Value {
        serde_json::from_slice(self.value.as_ref().unwrap()).unwrap()
    }
}

/// The headers of a request as it should be.
pub fn head<'h>(kind: &'h str, id: &'h str) -> [(&'h str, &'h [u8]); 6] {
    [
        ("ce_specversion", b"1.0"),
        ("ce_id", id.as_bytes()),
        ("ce_source", b"/lab"),
        ("ce_type", kind.as_bytes()),
        ("ce_account", b"lab"),
        ("content-type", b"application/json"),
    ]
}

pub const MESSAGE: &str = "carillon.message.send";
pub const BATCH: &str = "carillon.batch.send";

pub fn brokers() -> String {
    std::env::var("CARILLON_TEST_KAFKA").expect(
        "CARILLON_TEST_KAFKA must name a broker, as deploy/test.sh kafka does; without one nothing is tested",
    )
}

fn client() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers());
    config
}

fn catalog(port: u16) -> String {
    let mut catalog = format!(
        r#"
[[organisation]]
name = "hospital"
[[business_type]]
name = "notice"
[[connection]]
name = "mobile"
protocol = "cmpp2.0"
host = "127.0.0.1"
port = {port}
login = "900002"
password = "the-secret-password"
source_number = "1069000002"
rate_per_second = 5000
[[route_group]]
name = "all"
members = ["mobile"]
[[route_rule]]
name = "everything"
group = "all"
"#
    );
    let accounts = [
        (
            "lab",
            "send = true, query = true, feeds = true",
            "enabled = true",
            "02",
        ),
        ("off", "send = true", "enabled = false", "03"),
        ("mute", "query = true", "enabled = true", "04"),
        ("rest", "send = true", "enabled = true", "05"),
    ];
    for (name, modules, enabled, extension) in accounts {
        catalog += &format!(
            r#"
[[account]]
name = "{name}"
{enabled}
organisation = "hospital"
modules = {{ {modules} }}
connections = ["mobile"]
extension = "{extension}"
business_type = "notice"
api_key = "key-of-the-account-{name}"
"#
        );
    }
    catalog
}
