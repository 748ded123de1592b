use super::Failed;
use carillon_kafka::cluster::LaneAddress;
use carillon_kafka::{KafkaJournal, KafkaOptions};
use carillon_storage::journal::Journal;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// A lane on Kafka that this process has claimed.
pub struct Claim {
    options: KafkaOptions,
    lane: u16,
    journal: Arc<KafkaJournal>,
}

impl Claim {
    /// Whoever had the lane before loses it.
    pub async fn take(options: KafkaOptions, lane: u16) -> Result<Claim, Failed> {
        let opened = options.clone();
        let journal = blocking(move || KafkaJournal::open(opened)).await?;
        Ok(Claim {
            options,
            lane,
            journal: Arc::new(journal),
        })
    }

    pub fn journal(&self) -> Arc<dyn Journal> {
        self.journal.clone()
    }

    /// Tells all nodes where the lane takes requests, or that it does not any more.
    pub async fn announce(&self, address: Option<SocketAddr>) -> Result<(), Failed> {
        let options = self.options.clone();
        let said = LaneAddress {
            lane: self.lane,
            epoch: self.journal.epoch(),
            node: options.owner.node.clone(),
            address,
        };
        blocking(move || said.announce(&options)).await
    }

    /// Why the service ends whose lane failed.
    pub fn failed(&self, reason: String) -> Failed {
        match self.journal.lost_to() {
            Some(owner) => Failed::LaneLost {
                owner: owner.to_owned(),
            },
            None => Failed::Service(reason),
        }
    }
}

/// Work with Kafka waits where it holds up nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, carillon_storage::journal::JournalError> + Send + 'static,
) -> Result<T, Failed> {
    let done = actix_web::rt::task::spawn_blocking(work).await;
    done.map_err(|error| Failed::Web(io::Error::other(error)))?
        .map_err(Failed::Journal)
}
