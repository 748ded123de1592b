use carillon_kafka::{KafkaJournal, KafkaOptions};
use carillon_storage::conformance::journal::Stage;
use carillon_storage::journal::{Journal, JournalError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A lane of topics of its own.
pub struct House {
    pub options: KafkaOptions,
}

impl House {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("test-{}-{number}", std::process::id());
        House {
            options: KafkaOptions {
                prefix,
                replication: 1,
                min_in_sync: 1,
                ..KafkaOptions::new(&brokers(), 0, "first")
            },
        }
    }

    pub fn open_as(&self, node: &str) -> Result<KafkaJournal, JournalError> {
        let mut options = self.options.clone();
        options.owner.node = node.to_owned();
        KafkaJournal::open(options)
    }
}

pub fn brokers() -> String {
    std::env::var("CARILLON_TEST_KAFKA").expect(
        "CARILLON_TEST_KAFKA must name a broker, as deploy/test.sh kafka does; without one nothing is tested",
    )
}

impl Stage for House {
    fn open(&self) -> Result<Arc<dyn Journal>, JournalError> {
        Ok(Arc::new(self.open_as("first")?))
    }

    /// Seen from the lane, a process has died when another one claims it.
    fn kill(&self) {
        drop(self.open_as("second").unwrap());
    }
}
