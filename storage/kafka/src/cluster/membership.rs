use crate::client::Client;
use crate::error::kafka_error;
use crate::options::KafkaOptions;
use crate::topics::Admin;
use carillon_storage::journal::JournalError;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::topic_partition_list::TopicPartitionList;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Who is not heard of for so long has its lanes given to others; the least that brokers allow by default.
const SESSION_TIMEOUT_MS: &str = "6000";
const HEARTBEAT_MS: &str = "500";

/// What is done when lanes come and go; called from one thread.
pub trait Hands: Send + Sync + 'static {
    /// Begin to run these lanes. Does not wait.
    fn take(&self, lanes: &[u16]);
    /// Stop running these lanes; returns when they have ended, and others take them then.
    fn give(&self, lanes: &[u16]);
}

/// A node's place among those that share the lanes: a consumer group over a topic that stays empty. It says who should run a lane, and
/// never who owns it.
pub struct Membership {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Context {
    hands: Arc<dyn Hands>,
}

impl ClientContext for Context {}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(gone) = rebalance {
            let lanes = lanes(gone);
            if !lanes.is_empty() {
                tracing::info!(?lanes, "lanes are to go to other nodes");
                self.hands.give(&lanes);
            }
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(come) => {
                let lanes = lanes(come);
                if !lanes.is_empty() {
                    tracing::info!(?lanes, "lanes are to run here");
                    self.hands.take(&lanes);
                }
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => tracing::warn!(%error, "lanes are not shared out for now"),
        }
    }
}

impl Membership {
    /// Joins the nodes. Blocks while topics are made that are missing.
    pub fn join(options: KafkaOptions, hands: Arc<dyn Hands>) -> Result<Self, JournalError> {
        let client = Arc::new(Client::new(options));
        Admin::new(client.clone())?.ensure()?;
        let (topic, place) = (client.options.members_topic(), client.options.brokers.clone());
        let failed = || kafka_error("joining the nodes at", &place);
        let consumer: BaseConsumer<Context> = client
            .config()
            .set("group.id", client.options.members_topic())
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "latest")
            // Lanes stay where they are when nodes come and go.
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", SESSION_TIMEOUT_MS)
            .set("heartbeat.interval.ms", HEARTBEAT_MS)
            .create_with_context(Context { hands })
            .map_err(failed())?;
        consumer.subscribe(&[&topic]).map_err(failed())?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = stop.clone();
        let thread = thread::Builder::new().name("membership".into()).spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                if let Some(Err(error)) = consumer.poll(LOOK_EVERY) {
                    tracing::debug!(%error, "the other nodes cannot be heard now");
                }
            }
            // Gives what is left, and leaves the group.
        });
        let thread = thread.map_err(|source| JournalError::Io {
            operation: "starting a thread to join the nodes at",
            place,
            source,
        })?;
        Ok(Membership {
            stop,
            thread: Some(thread),
        })
    }

    /// Leaves, so that others take the lanes at once. Blocks.
    pub fn leave(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _it_panicked_and_said_so = thread.join();
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.end();
    }
}

fn lanes(list: &TopicPartitionList) -> Vec<u16> {
    let elements = list.elements();
    let mut lanes: Vec<u16> = elements
        .iter()
        .filter_map(|element| u16::try_from(element.partition()).ok())
        .collect();
    lanes.sort_unstable();
    lanes
}
