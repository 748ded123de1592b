use super::figures::UpstreamFigures;
use super::intake::Intake;
use super::options::UpstreamOptions;
use super::shared::Shared;
use super::take::Taker;
use super::teller::Teller;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use tokio::runtime;

/// Upstream systems over Kafka, on two threads of their own. Kafka may be away: requests wait there, events in the journal.
pub struct Upstream {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Upstream {
    pub fn start(options: UpstreamOptions, taker: Taker, figures: Arc<UpstreamFigures>) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(options, taker.lane.clone(), figures));
        let runtime = || runtime::Builder::new_current_thread().enable_all().build();
        let intake = Intake::new(shared.clone(), taker, runtime()?);
        let teller = Teller::new(shared.clone(), runtime()?);
        let threads = vec![
            Builder::new()
                .name("kafka-intake".into())
                .spawn(move || intake.run())?,
            Builder::new()
                .name("kafka-events".into())
                .spawn(move || teller.run())?,
        ];
        Ok(Upstream {
            shared,
            threads: Mutex::new(threads),
        })
    }

    /// Takes nothing more, and tells what has happened until now. Blocks the thread, for as long as the brokers let it wait at most.
    pub fn stop(&self) {
        self.shared.stop();
        for thread in self.threads.lock().drain(..) {
            let _it_has_told_of_its_panic = thread.join();
        }
    }
}
