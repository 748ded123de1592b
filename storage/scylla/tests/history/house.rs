use carillon_scylla::{Keep, ScyllaHistory, ScyllaOptions};
use carillon_storage::conformance::history::{HistoryPlace, ranges};
use scylla::client::session_builder::SessionBuilder;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// The test whose turn it is: making tables is slow, so all use the same, one after the other.
static TURN: Mutex<()> = Mutex::const_new(());

/// An empty keyspace.
pub struct House {
    pub options: ScyllaOptions,
    _turn: Option<MutexGuard<'static, ()>>,
}

impl House {
    pub fn new() -> Self {
        let turn = TURN.blocking_lock();
        let house = House::as_it_is();
        // There are tables once somebody has opened it.
        drop(house.lane(0));
        empty(&house.options);
        House {
            _turn: Some(turn),
            ..house
        }
    }

    /// Another process's.
    pub fn as_it_is() -> Self {
        let nodes: Vec<String> = nodes().split(',').map(str::to_owned).collect();
        House {
            options: ScyllaOptions {
                replication: nodes.len() as u32,
                ranges: Arc::new(ranges()),
                search_time_max: Duration::from_secs(60),
                figures_time_max: Duration::from_secs(60),
                // What the suite stores is of any time.
                keep: Keep {
                    journeys: Duration::MAX,
                    minutes: Duration::MAX,
                    hours: Duration::MAX,
                },
                ..ScyllaOptions::new(nodes, "carillon_test", 0)
            },
            _turn: None,
        }
    }

    pub fn lane(&self, lane: u32) -> ScyllaHistory {
        ScyllaHistory::open(ScyllaOptions {
            lane,
            ..self.options.clone()
        })
        .unwrap()
    }
}

impl HistoryPlace for House {
    type History = ScyllaHistory;

    fn open(&self) -> ScyllaHistory {
        self.lane(0)
    }
}

fn empty(options: &ScyllaOptions) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let session = SessionBuilder::new()
            .known_nodes(&options.nodes)
            .build()
            .await
            .unwrap();
        for table in [
            "lane",
            "journey",
            "found",
            "directory",
            "correction",
            "early",
            "figure",
        ] {
            let truncate = format!("TRUNCATE {}.{table}", options.keyspace);
            session.query_unpaged(truncate, &[]).await.unwrap();
        }
    });
}

fn nodes() -> String {
    std::env::var("CARILLON_TEST_CASSANDRA").expect(
        "CARILLON_TEST_CASSANDRA must name nodes, as deploy/test.sh cassandra does; without them nothing is tested",
    )
}
