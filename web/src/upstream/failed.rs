use carillon_actors::feed::FeedError;
use rdkafka::error::KafkaError;

/// Why taking requests, or telling of events, had to begin anew. Nothing is lost by it.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamFailed {
    #[error("{operation} {place} failed")]
    Kafka {
        operation: &'static str,
        /// The topic, and the brokers.
        place: String,
        #[source]
        source: KafkaError,
    },
    #[error("{place}: no broker acknowledged in time")]
    TimedOut { place: String },
    #[error("{place}: a record was not taken by the brokers: {reason}")]
    NotDelivered { place: String, reason: String },
    #[error("{place} has {partitions} partitions for {lanes} lanes; each lane needs one of its own")]
    TooFewPartitions {
        place: String,
        partitions: usize,
        lanes: u16,
    },
    #[error("events cannot be read from the journal")]
    Feed(#[from] FeedError),
}

/// For `map_err`.
pub fn kafka(operation: &'static str, place: &str) -> impl FnOnce(KafkaError) -> UpstreamFailed {
    move |source| UpstreamFailed::Kafka {
        operation,
        place: place.to_owned(),
        source,
    }
}
