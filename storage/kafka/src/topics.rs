//! The lane topics: made when they are missing, looked at when they are there.

use crate::client::Client;
use crate::error::kafka_error;
use carillon_storage::journal::JournalError;
use futures_executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use std::io;
use std::sync::Arc;

/// Larger than any record of ours, which is at most 512 KiB and its head.
const RECORD_BYTES_MAX: &str = "1048588";

/// Makes and changes topics.
pub(crate) struct Admin {
    client: Arc<Client>,
    admin: AdminClient<DefaultClientContext>,
}

impl Admin {
    pub fn new(client: Arc<Client>) -> Result<Self, JournalError> {
        let place = client.options.brokers.clone();
        let admin = client
            .config()
            .create()
            .map_err(kafka_error("making an administrator for", &place))?;
        Ok(Admin { client, admin })
    }

    /// Makes the topics that are missing, and looks at those that are there: too few partitions are refused, too few copies are told.
    pub fn ensure(&self) -> Result<(), JournalError> {
        let options = &self.client.options;
        let (journal, checkpoint) = (options.journal_topic(), options.checkpoint_topic());
        let (members, addresses) = (options.members_topic(), options.addresses_topic());
        let lanes = i32::try_from(options.lanes).unwrap_or(i32::MAX);
        let replication = i32::try_from(options.replication).unwrap_or(i32::MAX);
        let in_sync = options.min_in_sync.to_string();
        let new = |name, partitions, settings: &[(&'static str, &'static str)]| {
            let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replication))
                .set("min.insync.replicas", &in_sync)
                .set("unclean.leader.election.enable", "false")
                .set("max.message.bytes", RECORD_BYTES_MAX);
            settings
                .iter()
                .fold(topic, |topic, (key, value)| topic.set(key, value))
        };
        // What is in the journal goes only when the lane says so.
        let topics = [
            new(
                &journal,
                lanes,
                &[
                    ("cleanup.policy", "delete"),
                    ("retention.ms", "-1"),
                    ("retention.bytes", "-1"),
                ],
            ),
            new(
                &checkpoint,
                lanes,
                &[
                    ("cleanup.policy", "compact"),
                    ("min.cleanable.dirty.ratio", "0.3"),
                ],
            ),
            new(&members, lanes, &[]),
            new(&addresses, 1, &[("cleanup.policy", "compact")]),
        ];
        let made = block_on(self.admin.create_topics(&topics, &self.options()))
            .map_err(kafka_error("making the topics of", &options.brokers))?;
        for result in made {
            match result {
                Ok(name) => tracing::info!(name, replication, "made the topic"),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    return Err(kafka_error("making the topic", &name)(KafkaError::AdminOp(code)));
                }
            }
        }
        for topic in [&journal, &checkpoint] {
            self.look_at(topic)?;
        }
        Ok(())
    }

    fn look_at(&self, topic: &str) -> Result<(), JournalError> {
        let options = &self.client.options;
        let place = format!("{topic} at {}", options.brokers);
        let metadata = self
            .admin
            .inner()
            .fetch_metadata(Some(topic), options.read_timeout)
            .map_err(kafka_error("asking about", &place))?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let partitions: Vec<_> = partitions.map(|partition| partition.replicas().len()).collect();
        if partitions.len() != options.lanes as usize && !partitions.is_empty() {
            let reason = format!(
                "it has {} partitions, but there are to be {} lanes; lanes cannot be added to topics that are in use",
                partitions.len(),
                options.lanes
            );
            return Err(JournalError::Io {
                operation: "looking at",
                place,
                source: io::Error::new(io::ErrorKind::InvalidInput, reason),
            });
        }
        let copies = partitions.into_iter().min().unwrap_or_default();
        let in_sync = self.setting(topic, "min.insync.replicas", &place)?;
        if copies < 2 {
            tracing::warn!(
                place,
                copies,
                "every record lies on one broker only: what that one loses is lost"
            );
        } else if in_sync == "1" {
            tracing::warn!(
                place,
                copies,
                "min.insync.replicas is 1: a record may be answered for while only one broker has it, and is lost with it"
            );
        }
        if self.setting(topic, "unclean.leader.election.enable", &place)? == "true" {
            tracing::warn!(
                place,
                "unclean leaders are allowed: what was answered for may be lost when brokers fail"
            );
        }
        Ok(())
    }

    fn setting(&self, topic: &str, key: &str, place: &str) -> Result<String, JournalError> {
        let resource = ResourceSpecifier::Topic(topic);
        let described = block_on(self.admin.describe_configs([&resource], &self.options()))
            .map_err(kafka_error("asking for the settings of", place))?;
        let entry = described.into_iter().flatten().next();
        let value = entry.and_then(|entry| entry.get(key).and_then(|entry| entry.value.clone()));
        Ok(value.unwrap_or_default())
    }

    /// Removes everything before `offset` from the lane's partition; the first offset that is kept then.
    pub fn remove_before(&self, topic: &str, offset: u64) -> Result<u64, JournalError> {
        let place = self.client.place(topic);
        let partition = self.client.options.partition();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(offset.cast_signed()))
            .map_err(kafka_error("removing records from", &place))?;
        let removed = block_on(self.admin.delete_records(&list, &self.options()))
            .map_err(kafka_error("removing records from", &place))?;
        let element = removed.find_partition(topic, partition);
        match element.map(|element| (element.error(), element.offset())) {
            Some((Ok(()), Offset::Offset(low))) => Ok(low.max(0).cast_unsigned()),
            Some((Err(error), _)) => Err(kafka_error("removing records from", &place)(error)),
            _ => Ok(offset),
        }
    }

    fn options(&self) -> AdminOptions {
        let timeout = Some(self.client.options.read_timeout);
        AdminOptions::new()
            .request_timeout(timeout)
            .operation_timeout(timeout)
    }
}
