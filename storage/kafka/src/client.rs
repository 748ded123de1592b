//! Reading partitions: from an offset to another, with consumers that are kept for the next time.

use crate::error::{kafka_error, timed_out};
use crate::options::KafkaOptions;
use carillon_storage::journal::JournalError;
use parking_lot::Mutex;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Consumers that wait for the next reader; each has threads and connections of its own.
const IDLE_MAX: usize = 4;

/// After an error that passes.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Reads the lane's partitions of both topics.
pub(crate) struct Client {
    pub options: KafkaOptions,
    idle: Mutex<Vec<BaseConsumer>>,
}

/// A consumer that stands at one place of one partition.
pub(crate) struct Cursor {
    client: Arc<Client>,
    /// Gone when it failed: nobody knows what it is at.
    consumer: Option<BaseConsumer>,
    place: String,
}

/// What a partition has at an offset. Compaction leaves gaps.
pub(crate) enum Step<'m> {
    Record(BorrowedMessage<'m>),
    /// Nothing more is there now.
    End,
}

impl Client {
    pub fn new(options: KafkaOptions) -> Self {
        Client {
            options,
            idle: Mutex::default(),
        }
    }

    /// What producers, consumers and the administrator share.
    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.options.brokers)
            .set("client.id", format!("carillon-{}", self.options.owner.node))
            // A broker that comes back is found at once, not after the default of 10 s.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "500")
            .set("socket.keepalive.enable", "true");
        config
    }

    pub fn place(&self, topic: &str) -> String {
        format!("{topic}/{} at {}", self.options.lane, self.options.brokers)
    }

    /// A consumer whose next record is the one at `from` or the first after it.
    pub fn cursor(self: &Arc<Self>, topic: &str, from: u64) -> Result<Cursor, JournalError> {
        let place = self.place(topic);
        let idle = self.idle.lock().pop();
        let consumer = match idle {
            Some(consumer) => consumer,
            None => self
                .consumer()
                .map_err(kafka_error("making a consumer for", &place))?,
        };
        let mut partition = TopicPartitionList::new();
        partition
            .add_partition_offset(
                topic,
                self.options.partition(),
                Offset::Offset(from.cast_signed()),
            )
            .and_then(|()| consumer.assign(&partition))
            .map_err(kafka_error("going to a place of", &place))?;
        Ok(Cursor {
            client: self.clone(),
            consumer: Some(consumer),
            place,
        })
    }

    /// The offsets that are there: from the first kept to the one that comes next.
    pub fn offsets(self: &Arc<Self>, topic: &str) -> Result<Range<u64>, JournalError> {
        let place = self.place(topic);
        let cursor = self.cursor(topic, 0)?;
        let consumer = cursor.consumer.as_ref().expect("it has not failed");
        let deadline = Instant::now() + self.options.read_timeout;
        let (low, high) = loop {
            match consumer.fetch_watermarks(topic, self.options.partition(), self.options.read_timeout) {
                Ok(ends) => break ends,
                Err(error) if is_passing(&error) && Instant::now() < deadline => {
                    thread::sleep(LOOK_AGAIN_AFTER)
                }
                Err(error) => return Err(kafka_error("asking for the ends of", &place)(error)),
            }
        };
        Ok(low.max(0).cast_unsigned()..high.max(0).cast_unsigned())
    }

    /// Hands over every record of `range` in its order: offset, key, value (none is a removal).
    pub fn scan(
        self: &Arc<Self>,
        topic: &str,
        range: Range<u64>,
        mut take: impl FnMut(u64, &[u8], Option<&[u8]>) -> Result<ControlFlow<()>, JournalError>,
    ) -> Result<(), JournalError> {
        if range.is_empty() {
            return Ok(());
        }
        let mut cursor = self.cursor(topic, range.start)?;
        loop {
            let Step::Record(record) = cursor.step()? else {
                return Ok(());
            };
            let offset = record.offset().cast_unsigned();
            if offset >= range.end {
                return Ok(());
            }
            if take(offset, record.key().unwrap_or_default(), record.payload())?.is_break()
                || offset + 1 == range.end
            {
                return Ok(());
            }
        }
    }

    fn consumer(&self) -> Result<BaseConsumer, KafkaError> {
        self.config()
            // Only named: places are ours to keep, and no group is joined.
            .set("group.id", "carillon-readers")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("check.crcs", "true")
            .set("fetch.wait.max.ms", "50")
            .set("fetch.queue.backoff.ms", "5")
            .set("queued.max.messages.kbytes", "32768")
            .create()
    }
}

impl Cursor {
    /// The next record. Waits for the broker's answer, not for somebody to write.
    pub fn step(&mut self) -> Result<Step<'_>, JournalError> {
        let deadline = Instant::now() + self.client.options.read_timeout;
        let Some(consumer) = &self.consumer else {
            return Err(timed_out("reading", &self.place));
        };
        loop {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(record)) => return Ok(Step::Record(record)),
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(Step::End),
                // A broker that is away comes back, or the time is over.
                Some(Err(error)) if is_passing(&error) => {
                    tracing::debug!(%error, place = self.place, "reading is tried again");
                }
                Some(Err(error)) => {
                    return Err(kafka_error("reading", &self.place)(error));
                }
                None => {}
            }
            if Instant::now() >= deadline {
                return Err(timed_out("reading", &self.place));
            }
        }
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            let mut idle = self.client.idle.lock();
            if idle.len() < IDLE_MAX && consumer.unassign().is_ok() {
                idle.push(consumer);
            }
        }
    }
}

fn is_passing(error: &KafkaError) -> bool {
    use rdkafka::types::RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::Resolve
                | Code::LeaderNotAvailable
                | Code::NotLeaderForPartition
                | Code::RequestTimedOut
                | Code::OperationTimedOut
                | Code::BrokerNotAvailable
                | Code::ReplicaNotAvailable
                | Code::CoordinatorLoadInProgress
                | Code::CoordinatorNotAvailable
                | Code::NotCoordinator
                // Of a topic that was made a moment ago.
                | Code::UnknownPartition
                | Code::UnknownTopic
                | Code::UnknownTopicOrPartition
        )
    )
}
