use std::time::Duration;

/// Where a lane's journal is, and who wants it.
#[derive(Clone, Debug)]
pub struct KafkaOptions {
    /// `host:port` of some brokers, with commas between.
    pub brokers: String,
    /// Names of topics begin with it and a dot.
    pub prefix: String,
    /// How many lanes there are; each is a partition of every topic.
    pub lanes: u32,
    /// Which of them this journal is, from 0.
    pub lane: u32,
    pub owner: Owner,
    /// Of topics that are made: on how many brokers each record lies,
    pub replication: u32,
    /// and on how many of them it must lie before it counts as written.
    pub min_in_sync: u32,
    /// Payload bytes that may wait for an acknowledgement; above, appends are refused.
    pub backlog_bytes_max: u64,
    /// A record that the brokers have not acknowledged for so long is given up, and the journal with it.
    pub delivery_timeout: Duration,
    /// How long a broker may take to answer what is read.
    pub read_timeout: Duration,
}

/// Who wants the lane, as others are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub node: String,
}

impl KafkaOptions {
    pub fn new(brokers: &str, lane: u32, node: &str) -> Self {
        KafkaOptions {
            brokers: brokers.to_owned(),
            prefix: "carillon".to_owned(),
            lanes: 1,
            lane,
            owner: Owner {
                node: node.to_owned(),
            },
            replication: 3,
            min_in_sync: 2,
            backlog_bytes_max: 64 * 1024 * 1024,
            delivery_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(10),
        }
    }

    pub fn journal_topic(&self) -> String {
        format!("{}.journal", self.prefix)
    }

    pub fn checkpoint_topic(&self) -> String {
        format!("{}.checkpoint", self.prefix)
    }

    /// Empty; nodes share its partitions as they share the lanes.
    pub fn members_topic(&self) -> String {
        format!("{}.members", self.prefix)
    }

    /// Where each lane is to be reached.
    pub fn addresses_topic(&self) -> String {
        format!("{}.addresses", self.prefix)
    }

    pub(crate) fn partition(&self) -> i32 {
        i32::try_from(self.lane).unwrap_or(i32::MAX)
    }
}
