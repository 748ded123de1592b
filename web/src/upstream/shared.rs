use super::failed::UpstreamFailed;
use super::figures::UpstreamFigures;
use super::options::UpstreamOptions;
use crate::http::Chain;
use carillon_actors::LaneHandle;
use carillon_actors::backoff::Backoff;
use parking_lot::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The first and the longest wait before Kafka is tried again.
const AGAIN_FIRST: Duration = Duration::from_millis(200);
const AGAIN_MAX: Duration = Duration::from_secs(10);
/// What has worked for so long begins again at once when it fails.
const WORKS_AFTER: Duration = Duration::from_secs(60);

/// What the two threads have in common.
pub struct Shared {
    pub options: UpstreamOptions,
    pub lane: LaneHandle,
    pub figures: Arc<UpstreamFigures>,
    /// Held while requests are taken, until it is told that they were: the end of a message is not told before its beginning.
    pub turn: Mutex<()>,
    stop: Mutex<bool>,
    stopped: Condvar,
}

impl Shared {
    pub fn new(options: UpstreamOptions, lane: LaneHandle, figures: Arc<UpstreamFigures>) -> Self {
        Shared {
            options,
            lane,
            figures,
            turn: Mutex::default(),
            stop: Mutex::default(),
            stopped: Condvar::new(),
        }
    }

    pub fn stop(&self) {
        *self.stop.lock() = true;
        self.stopped.notify_all();
    }

    pub fn is_stopping(&self) -> bool {
        *self.stop.lock()
    }

    /// Waits, but not while the service stops; `true` when it does.
    pub fn wait(&self, time: Duration) -> bool {
        let mut stop = self.stop.lock();
        if !*stop {
            self.stopped.wait_for(&mut stop, time);
        }
        *stop
    }

    /// Runs `session`, which ends by itself only when the service stops, again and again. What went wrong is told, once for each cause.
    pub fn keep_going(&self, what: &'static str, session: impl Fn() -> Result<(), UpstreamFailed>) {
        let mut backoff = Backoff::new(AGAIN_FIRST, AGAIN_MAX);
        let mut told = None;
        while !self.is_stopping() {
            let began = Instant::now();
            let text = match catch_unwind(AssertUnwindSafe(&session)) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => Chain(&error).to_string(),
                Err(_) => {
                    self.lane.counters().actor_restarts.add(1);
                    "it panicked".to_owned()
                }
            };
            if began.elapsed() > WORKS_AFTER {
                backoff.reset();
                told = None;
            }
            self.figures.failures.add(1);
            if told.as_ref() != Some(&text) {
                let brokers = &self.options.brokers;
                tracing::error!(
                    brokers,
                    cause = text,
                    "{what} fails; it is tried again until it works"
                );
                told = Some(text);
            }
            self.wait(backoff.next(rand::random()));
        }
    }
}
