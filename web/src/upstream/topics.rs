use super::failed::{UpstreamFailed, kafka};
use super::options::{SENT_BYTES_MAX, UpstreamOptions};
use futures_util::future::join_all;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Of a record's bytes, what is not its value: headers and Kafka's own.
const HEAD_BYTES: usize = 64 * 1024;
/// Kafka's default for `max.message.bytes`.
const RECORD_BYTES_USUAL: usize = 1_048_588;

/// Largest values that the topics take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueLimits {
    pub refused_bytes_max: usize,
}

/// Makes the topics that are missing. Those that are there belong to somebody, and stay as they are.
pub async fn ensure(options: &UpstreamOptions) -> Result<ValueLimits, UpstreamFailed> {
    let place = &options.brokers;
    let admin: AdminClient<DefaultClientContext> = options
        .client()
        .create()
        .map_err(kafka("making an administrator for", place))?;
    let within = AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT));
    let names = [options.requests(), options.refused(), options.events()];
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let in_sync = options.min_in_sync.to_string();
    let largest = SENT_BYTES_MAX.to_string();
    let topics = names.each_ref().map(|name| {
        let copies = TopicReplication::Fixed(number(options.replication));
        let topic = NewTopic::new(name, number(options.partitions), copies)
            .set("min.insync.replicas", &in_sync)
            .set("unclean.leader.election.enable", "false");
        // A request that is too large has to fit there.
        match *name == names[1] {
            true => topic.set("max.message.bytes", &largest),
            false => topic,
        }
    });
    let made = admin.create_topics(&topics, &within).await;
    for result in made.map_err(kafka("making the topics at", place))? {
        match result {
            Ok(name) => tracing::info!(
                name,
                partitions = options.partitions,
                replication = options.replication,
                "made the topic"
            ),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                let place = format!("{name} at {}", options.brokers);
                return Err(kafka("making the topic", &place)(KafkaError::AdminOp(code)));
            }
        }
    }
    let settings = names
        .each_ref()
        .map(|name| setting(&admin, &within, name, "min.insync.replicas"));
    for (name, in_sync) in names.iter().zip(join_all(settings).await) {
        if in_sync
            .map_err(kafka("asking for the settings of", name))?
            .as_deref()
            == Some("1")
        {
            tracing::warn!(
                topic = name,
                brokers = options.brokers,
                "min.insync.replicas is 1: a record may be lost with the one broker that has it"
            );
        }
    }
    let largest = setting(&admin, &within, &names[1], "max.message.bytes").await;
    let largest = largest.map_err(kafka("asking for the settings of", &names[1]))?;
    let largest = largest
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(RECORD_BYTES_USUAL)
        .min(SENT_BYTES_MAX as usize);
    Ok(ValueLimits {
        refused_bytes_max: largest.saturating_sub(HEAD_BYTES),
    })
}

async fn setting(
    admin: &AdminClient<DefaultClientContext>,
    within: &AdminOptions,
    topic: &str,
    key: &str,
) -> Result<Option<String>, KafkaError> {
    let described = admin
        .describe_configs([&ResourceSpecifier::Topic(topic)], within)
        .await?;
    let entry = described.into_iter().flatten().next();
    Ok(entry.and_then(|entry| entry.get(key).and_then(|entry| entry.value.clone())))
}
