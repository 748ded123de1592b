use super::failed::{UpstreamFailed, kafka};
use super::incoming::Incoming;
use super::outgoing::Writer;
use super::shared::Shared;
use super::sink::{Deliveries, Sink};
use super::take::{Taken, Taker};
use super::topics;
use carillon_actors::status::Readiness;
use carillon_domain::catalog::LanePlace;
use futures_util::future::join_all;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Requests that are taken, and committed, together.
const CHUNK_RECORDS: usize = 2_000;
const CHUNK_BYTES: usize = 16 * 1024 * 1024;
/// Bytes that the client fetches ahead.
const AHEAD_KIB_MAX: u32 = 32 * 1024;
/// A process that was not heard of for so long has left the group: others take its requests.
const SESSION: Duration = Duration::from_secs(10);
/// How long the brokers may take to say what there is.
const METADATA_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one look for requests waits.
const LOOK: Duration = Duration::from_millis(100);
/// How long requests wait that cannot be taken now.
const HOLD: Duration = Duration::from_millis(500);

/// Takes requests: what a chunk has is durable, and what it could not take is in its topic, before the chunk is committed. After a
/// crash it comes again, and is recognised by its key (IDEM-1).
pub struct Intake {
    shared: Arc<Shared>,
    taker: Taker,
    runtime: Runtime,
}

/// One membership of the group.
struct Session<'i> {
    intake: &'i Intake,
    consumer: BaseConsumer,
    sink: Sink,
    writer: Writer,
    deliveries: Arc<Deliveries>,
    /// Came while others were held.
    carried: Vec<Incoming>,
}

impl Intake {
    pub fn new(shared: Arc<Shared>, taker: Taker, runtime: Runtime) -> Self {
        Intake {
            shared,
            taker,
            runtime,
        }
    }

    pub fn run(&self) {
        self.shared
            .keep_going("taking requests from Kafka", || self.session());
    }

    fn session(&self) -> Result<(), UpstreamFailed> {
        let options = &self.shared.options;
        let limits = self.runtime.block_on(topics::ensure(options))?;
        let topic = options.requests();
        let place = format!("{topic} at {}", options.brokers);
        let consumer: BaseConsumer = options
            .client()
            .set("group.id", &options.group)
            // The next life of this process goes on at once in the place of a dead one.
            .set("group.instance.id", format!("lane-{}", options.place.lane))
            .set("session.timeout.ms", SESSION.as_millis().to_string())
            .set("enable.auto.commit", "false")
            // What was asked before we came is not forgotten.
            .set("auto.offset.reset", "earliest")
            .set("check.crcs", "true")
            .set("queued.max.messages.kbytes", AHEAD_KIB_MAX.to_string())
            .create()
            .map_err(kafka("making a consumer for", &place))?;
        if options.place.lanes > 1 {
            let own = own_partitions(&consumer, &topic, &place, options.place)?;
            consumer
                .assign(&own)
                .map_err(kafka("going to the requests of", &place))?;
        } else {
            consumer
                .subscribe(&[&topic])
                .map_err(kafka("subscribing to", &place))?;
        }
        let session = Session {
            intake: self,
            consumer,
            sink: Sink::new(options)?,
            writer: Writer::new(options, limits.refused_bytes_max),
            deliveries: Arc::default(),
            carried: Vec::new(),
        };
        tracing::info!(place, group = options.group, "requests are taken from Kafka");
        session.run(&topic, &place)
    }
}

/// Where a lane looks for requests: who owns the lane is not for this group to say. Its own number is among them.
fn own_partitions(
    consumer: &BaseConsumer,
    topic: &str,
    place: &str,
    lane: LanePlace,
) -> Result<TopicPartitionList, UpstreamFailed> {
    let metadata = consumer
        .fetch_metadata(Some(topic), METADATA_TIMEOUT)
        .map_err(kafka("asking for the partitions of", place))?;
    let all = metadata.topics().iter().flat_map(|topic| topic.partitions());
    let all: Vec<i32> = all.map(|partition| partition.id()).collect();
    if all.len() < usize::from(lane.lanes) {
        return Err(UpstreamFailed::TooFewPartitions {
            place: place.to_owned(),
            partitions: all.len(),
            lanes: lane.lanes,
        });
    }
    let mut own = TopicPartitionList::new();
    let is_own = |partition: &i32| partition % i32::from(lane.lanes) == i32::from(lane.lane);
    for partition in all.into_iter().filter(is_own) {
        own.add_partition_offset(topic, partition, Offset::Stored)
            .map_err(kafka("going to the requests of", place))?;
    }
    Ok(own)
}

impl Session<'_> {
    fn run(mut self, topic: &str, place: &str) -> Result<(), UpstreamFailed> {
        let shared = &self.intake.shared;
        while !shared.is_stopping() {
            if shared.lane.readiness() != Readiness::Ready {
                shared.wait(LOOK);
                continue;
            }
            let chunk = self.gather(place)?;
            if chunk.is_empty() {
                continue;
            }
            let next = next_offsets(&chunk);
            // What was not taken when the service stops comes again.
            if self.take(chunk, place)? {
                self.commit(topic, place, &next)?;
            }
        }
        Ok(())
    }

    fn gather(&mut self, place: &str) -> Result<Vec<Incoming>, UpstreamFailed> {
        let mut chunk = std::mem::take(&mut self.carried);
        let mut bytes = 0;
        let mut patience = if chunk.is_empty() { LOOK } else { Duration::ZERO };
        while chunk.len() < CHUNK_RECORDS && bytes < CHUNK_BYTES {
            let Some(incoming) = self.poll(patience, place)? else {
                break;
            };
            bytes += incoming.body().len();
            chunk.push(incoming);
            patience = Duration::ZERO;
        }
        Ok(chunk)
    }

    fn poll(&self, patience: Duration, place: &str) -> Result<Option<Incoming>, UpstreamFailed> {
        match self.consumer.poll(patience) {
            None => Ok(None),
            Some(Ok(record)) => Ok(Some(Incoming::of(&record))),
            // The client looks for the broker by itself.
            Some(Err(error)) if is_passing(&error) => {
                tracing::debug!(%error, place, "a broker is away");
                Ok(None)
            }
            Some(Err(error)) => Err(kafka("reading", place)(error)),
        }
    }

    /// `false` when the service stops before all are taken.
    fn take(&mut self, chunk: Vec<Incoming>, place: &str) -> Result<bool, UpstreamFailed> {
        let mut left = chunk;
        let mut is_held = false;
        loop {
            left = self.round(left)?;
            if left.is_empty() {
                if is_held {
                    let assigned = self.assigned(place)?;
                    self.consumer
                        .resume(&assigned)
                        .map_err(kafka("going on with", place))?;
                }
                return Ok(true);
            }
            is_held = true;
            self.intake.shared.figures.held_up.add(1);
            if self.hold(place)? {
                return Ok(false);
            }
        }
    }

    /// Takes what can be taken now, and answers for it; what has to wait is left.
    fn round(&self, requests: Vec<Incoming>) -> Result<Vec<Incoming>, UpstreamFailed> {
        let intake = self.intake;
        let catalog = intake.shared.lane.catalog();
        let _turn = intake.shared.turn.lock();
        let takings = requests
            .iter()
            .map(|incoming| intake.taker.take(&catalog, incoming, &self.writer));
        let outcomes = intake.runtime.block_on(join_all(takings));
        let figures = &intake.shared.figures;
        let mut left = Vec::new();
        for (incoming, outcome) in requests.into_iter().zip(outcomes) {
            match outcome {
                Taken::Done { records, refused } => {
                    for record in &records {
                        self.sink.send(record, &self.deliveries)?;
                    }
                    figures.taken.add(1);
                    figures.refused.add(refused as u64);
                }
                Taken::Later(failure) => {
                    tracing::debug!(code = failure.code.word(), "a request from Kafka waits");
                    left.push(incoming);
                }
            }
        }
        self.sink.settle(&self.deliveries)?;
        Ok(left)
    }

    /// Waits as a member of the group, without new requests; `true` when the service stops.
    fn hold(&mut self, place: &str) -> Result<bool, UpstreamFailed> {
        let until = Instant::now() + HOLD;
        while Instant::now() < until {
            if self.intake.shared.is_stopping() {
                return Ok(true);
            }
            let assigned = self.assigned(place)?;
            self.consumer.pause(&assigned).map_err(kafka("pausing", place))?;
            // Of a partition that was given to us meanwhile.
            if let Some(incoming) = self.poll(LOOK, place)? {
                self.carried.push(incoming);
            }
        }
        Ok(false)
    }

    fn assigned(&self, place: &str) -> Result<TopicPartitionList, UpstreamFailed> {
        self.consumer
            .assignment()
            .map_err(kafka("asking for the partitions of", place))
    }

    fn commit(&self, topic: &str, place: &str, next: &BTreeMap<i32, i64>) -> Result<(), UpstreamFailed> {
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in next {
            offsets
                .add_partition_offset(topic, *partition, Offset::Offset(*offset))
                .map_err(kafka("committing", place))?;
        }
        match self.consumer.commit(&offsets, CommitMode::Sync) {
            Ok(()) => Ok(()),
            // Another member has the partition now and takes the requests again; they are recognised.
            Err(error) if is_rebalance(&error) => {
                tracing::debug!(%error, place, "what was taken could not be committed");
                Ok(())
            }
            Err(error) => Err(kafka("committing", place)(error)),
        }
    }
}

fn next_offsets(chunk: &[Incoming]) -> BTreeMap<i32, i64> {
    let mut next = BTreeMap::new();
    for incoming in chunk {
        let origin = &incoming.origin;
        let place: &mut i64 = next.entry(origin.partition).or_default();
        *place = (*place).max(origin.offset + 1);
    }
    next
}

fn is_rebalance(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(Code::RebalanceInProgress | Code::IllegalGeneration | Code::UnknownMemberId)
    )
}

fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::Resolve
                | Code::OperationTimedOut
                | Code::RequestTimedOut
                | Code::LeaderNotAvailable
                | Code::NotLeaderForPartition
                | Code::CoordinatorNotAvailable
                | Code::CoordinatorLoadInProgress
                | Code::NotCoordinator
        )
    )
}
