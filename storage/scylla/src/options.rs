use carillon_domain::number_range::NumberRanges;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Where the history is, and whose.
#[derive(Clone)]
pub struct ScyllaOptions {
    /// `host:port` of nodes that know the others; name all of them, so that a start needs none in particular.
    pub nodes: Vec<String>,
    pub credentials: Option<Credentials>,
    /// Made when it is missing.
    pub keyspace: String,
    /// Of a keyspace that is made: nodes that hold each row.
    pub replication: u32,
    /// The lane that stores; all lanes are read.
    pub lane: u32,
    /// By which carriers and provinces are counted.
    pub ranges: Arc<NumberRanges>,
    pub keep: Keep,
    /// How long one search looks before it gives what it has and where to go on.
    pub search_time_max: Duration,
    /// How long figures may be added up for one query.
    pub figures_time_max: Duration,
    /// How long writing is tried again before it fails.
    pub patience: Duration,
}

#[derive(Clone)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

/// For how long what is kept, from when it was stored. Days are counted for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    pub journeys: Duration,
    pub minutes: Duration,
    pub hours: Duration,
}

impl Default for Keep {
    fn default() -> Self {
        Keep {
            journeys: 1_100 * DAY,
            minutes: 8 * DAY,
            hours: 100 * DAY,
        }
    }
}

impl ScyllaOptions {
    pub fn new(nodes: Vec<String>, keyspace: &str, lane: u32) -> Self {
        ScyllaOptions {
            nodes,
            credentials: None,
            keyspace: keyspace.to_owned(),
            replication: 3,
            lane,
            ranges: Arc::default(),
            keep: Keep::default(),
            search_time_max: Duration::from_secs(1),
            figures_time_max: Duration::from_secs(5),
            patience: Duration::from_secs(30),
        }
    }

    /// As errors name it.
    pub(crate) fn place(&self) -> String {
        format!("keyspace {} at {}", self.keyspace, self.nodes.join(","))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
