use super::failed::{UpstreamFailed, kafka};
use super::options::UpstreamOptions;
use carillon_actors::feed::Cursor;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);

/// How far events were told, kept by Kafka itself: as the remark on an offset of a group without members.
pub struct Places {
    consumer: BaseConsumer,
    topic: String,
    place: String,
}

impl Places {
    pub fn new(options: &UpstreamOptions) -> Result<Self, UpstreamFailed> {
        let topic = options.events();
        let place = format!("{topic} at {}", options.brokers);
        let consumer = options
            .client()
            .set(
                "group.id",
                format!("{}.events.{}", options.group, options.place.lane),
            )
            .set("enable.auto.commit", "false")
            .create()
            .map_err(kafka("making a consumer for", &place))?;
        Ok(Places {
            consumer,
            topic,
            place,
        })
    }

    /// `None` when nothing was told yet, or so long ago that the brokers have forgotten it.
    pub fn load(&self) -> Result<Option<Cursor>, UpstreamFailed> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition(&self.topic, 0);
        let found = self
            .consumer
            .committed_offsets(asked, TIMEOUT)
            .map_err(kafka("asking how far was told in", &self.place))?;
        let found = found.find_partition(&self.topic, 0);
        Ok(found.and_then(|element| element.metadata().parse().ok()))
    }

    pub fn store(&self, cursor: Cursor) -> Result<(), UpstreamFailed> {
        let failed = || kafka("keeping how far was told in", &self.place);
        let mut told = TopicPartitionList::new();
        told.add_partition_offset(&self.topic, 0, Offset::Offset(0))
            .map_err(failed())?;
        if let Some(mut element) = told.find_partition(&self.topic, 0) {
            element.set_metadata(cursor.to_string());
        }
        self.consumer.commit(&told, CommitMode::Sync).map_err(failed())
    }
}
