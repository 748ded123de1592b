use super::failed::{UpstreamFailed, kafka};
use super::options::{DELIVERY_TIMEOUT, SENT_BYTES_MAX, UpstreamOptions};
use super::outgoing::Outgoing;
use parking_lot::{Condvar, Mutex};
use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes that may wait for the brokers.
const WAITING_KIB_MAX: u32 = 128 * 1024;
/// Pause while as much waits as may.
const ROOM_PAUSE: Duration = Duration::from_millis(5);

/// Sends records, for several who each want to know of theirs only. What one thread sends under one key keeps its order.
pub struct Sink {
    producer: ThreadedProducer<Context>,
    brokers: String,
}

/// What somebody sent and does not know the outcome of.
#[derive(Default)]
pub struct Deliveries {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    under_way: usize,
    failed: Option<String>,
}

struct Context;

impl ClientContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = Arc<Deliveries>;

    fn delivery(&self, result: &DeliveryResult<'_>, deliveries: Arc<Deliveries>) {
        let mut state = deliveries.state.lock();
        state.under_way -= 1;
        if let Err((error, _)) = result {
            state.failed.get_or_insert_with(|| error.to_string());
        }
        if state.under_way == 0 {
            deliveries.changed.notify_all();
        }
    }
}

impl Sink {
    pub fn new(options: &UpstreamOptions) -> Result<Self, UpstreamFailed> {
        let producer = options
            .client()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.type", "lz4")
            .set("linger.ms", "2")
            .set("message.max.bytes", SENT_BYTES_MAX.to_string())
            .set("queue.buffering.max.kbytes", WAITING_KIB_MAX.to_string())
            .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string())
            .create_with_context(Context)
            .map_err(kafka("making a producer for", &options.brokers))?;
        Ok(Sink {
            producer,
            brokers: options.brokers.clone(),
        })
    }

    /// Hands a record over; waits while too much is waiting.
    pub fn send(&self, record: &Outgoing, deliveries: &Arc<Deliveries>) -> Result<(), UpstreamFailed> {
        let place = || format!("{} at {}", record.topic, self.brokers);
        let deadline = Instant::now() + DELIVERY_TIMEOUT;
        deliveries.state.lock().under_way += 1;
        let mut sent = base_record(record, deliveries.clone());
        loop {
            match self.producer.send(sent) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent))
                    if Instant::now() < deadline =>
                {
                    sent = unsent;
                    std::thread::sleep(ROOM_PAUSE);
                }
                Err((error, _)) => {
                    deliveries.state.lock().under_way -= 1;
                    return Err(kafka("sending to", &place())(error));
                }
            }
        }
    }

    /// Until everything that was sent is on the replicas; an error when it is not known to be.
    pub fn settle(&self, deliveries: &Deliveries) -> Result<(), UpstreamFailed> {
        // A record ends by its own time-out; this is only for a client that has lost its head.
        let deadline = Instant::now() + 2 * DELIVERY_TIMEOUT;
        let mut state = deliveries.state.lock();
        while state.under_way > 0 {
            if deliveries.changed.wait_until(&mut state, deadline).timed_out() {
                let place = self.brokers.clone();
                return Err(UpstreamFailed::TimedOut { place });
            }
        }
        match state.failed.take() {
            None => Ok(()),
            Some(reason) => Err(UpstreamFailed::NotDelivered {
                place: self.brokers.clone(),
                reason,
            }),
        }
    }
}

fn base_record(
    record: &Outgoing,
    deliveries: Arc<Deliveries>,
) -> BaseRecord<'_, [u8], [u8], Arc<Deliveries>> {
    let headers = OwnedHeaders::new_with_capacity(record.headers.len());
    let headers = record.headers.iter().fold(headers, |headers, (key, value)| {
        headers.insert(Header {
            key,
            value: value.as_deref(),
        })
    });
    let base = BaseRecord::with_opaque_to(&record.topic, deliveries)
        .key(&record.key[..])
        .headers(headers);
    let base = match record.partition {
        Some(partition) => base.partition(partition),
        None => base,
    };
    match &record.value {
        Some(value) => base.payload(&value[..]),
        None => base,
    }
}
