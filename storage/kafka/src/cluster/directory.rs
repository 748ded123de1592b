use crate::client::Client;
use crate::error::kafka_error;
use crate::options::KafkaOptions;
use crate::topics::Admin;
use carillon_storage::journal::JournalError;
use parking_lot::RwLock;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often the thread that reads looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The topic has this one partition: all addresses are few.
const PARTITION: i32 = 0;

/// Where a lane is served, as its owner says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneAddress {
    pub lane: u16,
    /// The offset of the owner's claim: who claimed later is right.
    pub epoch: u64,
    pub node: String,
    /// None when the owner has ended.
    pub address: Option<SocketAddr>,
}

/// The newest address of every lane, kept up to date by a thread that reads a compacted topic.
pub struct LaneDirectory {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    lanes: RwLock<BTreeMap<u16, LaneAddress>>,
    /// Everything that was there at the start is read.
    is_complete: AtomicBool,
    stop: AtomicBool,
}

impl LaneAddress {
    /// Tells everybody, durably. Blocks. Errors: [`JournalError::Io`] when the brokers do not take it in time.
    pub fn announce(&self, options: &KafkaOptions) -> Result<(), JournalError> {
        let client = Client::new(options.clone());
        let (topic, place) = (options.addresses_topic(), options.brokers.clone());
        let producer: BaseProducer<Context> = client
            .config()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "0")
            .set(
                "message.timeout.ms",
                options.delivery_timeout.as_millis().to_string(),
            )
            .create_with_context(Context)
            .map_err(kafka_error("making a producer for", &place))?;
        let value = serde_json::to_vec(self).expect("an address is plain JSON");
        let key = self.lane.to_string();
        let (answer, answered) = sync_channel(1);
        let record = BaseRecord::with_opaque_to(&topic, Box::new(answer))
            .partition(PARTITION)
            .key(&key)
            .payload(&value);
        let failed = || kafka_error("announcing the lane at", &place);
        producer.send(record).map_err(|(error, _)| failed()(error))?;
        // At the latest the client says that the time is over.
        loop {
            producer.poll(LOOK_EVERY);
            if let Ok(result) = answered.try_recv() {
                return result.map_err(failed());
            }
        }
    }
}

/// Does not log what is no error.
struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            tracing::debug!(%error, reason, "addresses of lanes cannot be read now");
        }
    }
}

impl ConsumerContext for Quiet {}

struct Context;

impl ClientContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<SyncSender<Result<(), KafkaError>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, answer: Self::DeliveryOpaque) {
        let result = result.as_ref().map(|_| ()).map_err(|(error, _)| error.clone());
        let _asker_may_be_gone = answer.try_send(result);
    }
}

impl LaneDirectory {
    /// Begins to read. The topic is made when it is missing; blocks for that.
    pub fn follow(options: KafkaOptions) -> Result<Self, JournalError> {
        let client = Arc::new(Client::new(options));
        Admin::new(client.clone())?.ensure()?;
        let (topic, place) = (client.options.addresses_topic(), client.options.brokers.clone());
        let failed = || kafka_error("reading the addresses of lanes at", &place);
        let consumer: BaseConsumer<Quiet> = client
            .config()
            // Only named: no group is joined.
            .set("group.id", "carillon-readers")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest")
            .set("fetch.wait.max.ms", "100")
            .create_with_context(Quiet)
            .map_err(failed())?;
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(&topic, PARTITION, Offset::Beginning)
            .and_then(|()| consumer.assign(&from))
            .map_err(failed())?;
        let shared = Arc::new(Shared::default());
        let reading = shared.clone();
        let thread = thread::Builder::new().name("lane-addresses".into());
        let thread = thread.spawn(move || reading.read(&consumer));
        let thread = thread.map_err(|source| JournalError::Io {
            operation: "starting a thread to read",
            place: topic,
            source,
        })?;
        Ok(LaneDirectory {
            shared,
            thread: Some(thread),
        })
    }

    pub fn lane(&self, lane: u16) -> Option<LaneAddress> {
        self.shared.lanes.read().get(&lane).cloned()
    }

    /// Of every lane that was ever announced, in order.
    pub fn lanes(&self) -> Vec<LaneAddress> {
        self.shared.lanes.read().values().cloned().collect()
    }

    /// Whether what was there at the start is read.
    pub fn is_complete(&self) -> bool {
        self.shared.is_complete.load(Ordering::Acquire)
    }
}

impl Drop for LaneDirectory {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _it_panicked_and_said_so = thread.join();
        }
    }
}

impl Shared {
    fn read(&self, consumer: &BaseConsumer<Quiet>) {
        while !self.stop.load(Ordering::Relaxed) {
            match consumer.poll(LOOK_EVERY) {
                Some(Ok(record)) => match serde_json::from_slice(record.payload().unwrap_or_default()) {
                    Ok(address) => self.take(address),
                    Err(error) => {
                        tracing::warn!(%error, offset = record.offset(), "not the address of a lane")
                    }
                },
                Some(Err(KafkaError::PartitionEOF(_))) => self.is_complete.store(true, Ordering::Release),
                // The client goes on by itself; until then the addresses are those of before.
                Some(Err(error)) => {
                    tracing::debug!(%error, "addresses of lanes cannot be read now");
                    thread::sleep(LOOK_EVERY);
                }
                None => {}
            }
        }
    }

    fn take(&self, address: LaneAddress) {
        let mut lanes = self.lanes.write();
        let known = lanes.get(&address.lane).map(|known| known.epoch);
        // A former owner may say late that it ended.
        if known.is_none_or(|epoch| epoch <= address.epoch) {
            lanes.insert(address.lane, address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_claimed_later_is_right_whatever_comes_last() {
        let shared = Shared::default();
        let at = |epoch, port: Option<u16>| LaneAddress {
            lane: 3,
            epoch,
            node: format!("node-{epoch}"),
            address: port.map(|port| SocketAddr::from(([127, 0, 0, 1], port))),
        };
        for (said, expected) in [
            (at(5, Some(1)), at(5, Some(1))),
            (at(9, Some(2)), at(9, Some(2))),
            (at(5, None), at(9, Some(2))),
            (at(9, None), at(9, None)),
        ] {
            shared.take(said);
            assert_eq!(shared.lanes.read()[&3], expected);
        }
    }
}
