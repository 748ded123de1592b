use super::feed::HistoryFeed;
use super::recent::Recent;
use crate::status::Counters;
use carillon_storage::history::{Batch, History, HistoryError};
use carillon_storage::journal::{FrameSeq, Journal};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Rows after which a file is written.
const ROWS_WANTED: usize = 50_000;
/// How long a row waits for others to be stored with.
const WAIT_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);
/// Pause after the history refused to store.
const RETRY: Duration = Duration::from_secs(2);
const CHECKPOINT_TRIES: u32 = 5;

pub(super) enum Order {
    Checkpoint {
        at: FrameSeq,
        state: Vec<u8>,
        release: FrameSeq,
        done: Box<dyn FnOnce() + Send>,
    },
}

/// The thread that stores what ended, and after it the checkpoints that rely on it.
pub struct HistoryBuilder {
    history: Arc<dyn History>,
    journal: Arc<dyn Journal>,
    recent: Arc<Recent>,
    counters: Arc<Counters>,
    orders: Receiver<Order>,
}

impl HistoryBuilder {
    /// Starts the thread; it ends when the feed is dropped.
    pub fn start(
        history: Arc<dyn History>,
        journal: Arc<dyn Journal>,
        recent: Arc<Recent>,
        counters: Arc<Counters>,
    ) -> std::io::Result<(HistoryFeed, JoinHandle<()>)> {
        let (sender, orders): (Sender<Order>, _) = channel();
        let feed = HistoryFeed {
            recent: recent.clone(),
            orders: sender,
        };
        let builder = HistoryBuilder {
            history,
            journal,
            recent,
            counters,
            orders,
        };
        let thread = std::thread::Builder::new()
            .name("history".into())
            .spawn(move || builder.run())?;
        Ok((feed, thread))
    }

    fn run(self) {
        let mut stored_at = Instant::now();
        loop {
            match self.orders.recv_timeout(POLL) {
                Ok(Order::Checkpoint {
                    at,
                    state,
                    release,
                    done,
                }) => {
                    self.checkpoint(at, &state, release);
                    stored_at = Instant::now();
                    done();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let rows = self.recent.rows();
            if rows == 0 {
                stored_at = Instant::now();
            } else if rows >= ROWS_WANTED || stored_at.elapsed() >= WAIT_MAX {
                match self.store_some() {
                    Ok(()) => stored_at = Instant::now(),
                    Err(error) => {
                        tracing::error!(%error, "what ended cannot be stored; it stays in memory and in the journal");
                        std::thread::sleep(RETRY);
                    }
                }
            }
        }
    }

    /// Stores the oldest rows that are durable in the journal.
    fn store_some(&self) -> Result<(), HistoryError> {
        let finished = self.recent.oldest(self.journal.durable(), ROWS_WANTED);
        let Some(upto) = finished.last().map(|finished| finished.frame) else {
            return Ok(());
        };
        let batch = Batch::of(
            finished.iter().flat_map(|finished| &finished.journeys),
            finished.iter().flat_map(|finished| &finished.amendments),
        );
        self.history.store(batch, upto)?;
        self.recent.stored(upto);
        // Only now, so that they are freed here and not under the lock that the lane waits for.
        drop(finished);
        self.counters.history_frame.set(upto.0);
        Ok(())
    }

    fn checkpoint(&self, at: FrameSeq, state: &[u8], release: FrameSeq) {
        for attempt in 1..=CHECKPOINT_TRIES {
            match self.try_checkpoint(at, state, release) {
                Ok(()) => return self.counters.checkpoint_frame.set(at.0),
                Err(error) => {
                    tracing::error!(attempt, %error, "the checkpoint could not be taken");
                    std::thread::sleep(RETRY);
                }
            }
        }
    }

    fn try_checkpoint(
        &self,
        at: FrameSeq,
        state: &[u8],
        release: FrameSeq,
    ) -> Result<(), Box<dyn std::error::Error>> {
        while self.journal.durable() < at {
            if let Some(reason) = self.journal.failure() {
                return Err(reason.into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        // A replay starts at the checkpoint, so whatever ended before it must be in the history by then.
        while !self.recent.oldest(at, 1).is_empty() {
            self.store_some()?;
        }
        if self.history.stored_upto() < at {
            self.history.store(Batch::default(), at)?;
        }
        self.journal.save_checkpoint(at, state)?;
        self.journal.release(release)?;
        Ok(())
    }
}
