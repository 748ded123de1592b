use super::feed::HistoryFeed;
use super::recent::Recent;
use crate::status::Counters;
use carillon_storage::history::{Batch, History, HistoryError};
use carillon_storage::journal::{FrameSeq, Journal, Part};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Rows after which a file is written: a full one, so that under load no row is written twice. About 1 KiB of memory each.
const ROWS_WANTED: usize = 250_000;
/// How long a row waits for others to be stored with.
const WAIT_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);
/// Pause after the history refused to store.
const RETRY: Duration = Duration::from_secs(2);
const CHECKPOINT_TRIES: u32 = 5;

pub(super) enum Order {
    Checkpoint {
        at: FrameSeq,
        changed: Vec<Part>,
        release: FrameSeq,
        done: Box<dyn FnOnce(bool) + Send>,
    },
}

/// The thread that stores what ended, and after it the checkpoints that rely on it.
pub struct HistoryBuilder {
    history: Arc<dyn History>,
    journal: Arc<dyn Journal>,
    recent: Arc<Recent>,
    counters: Arc<Counters>,
    orders: Receiver<Order>,
    /// How often storing panics from now on.
    #[cfg(test)]
    panics: std::cell::Cell<u32>,
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
            #[cfg(test)]
            panics: std::cell::Cell::default(),
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
                    changed,
                    release,
                    done,
                }) => {
                    let taken =
                        self.outlive("taking a checkpoint", || self.checkpoint(at, &changed, release));
                    drop(changed);
                    if taken.is_some() {
                        stored_at = Instant::now();
                    }
                    done(taken == Some(true));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let rows = self.recent.rows();
            if rows == 0 {
                stored_at = Instant::now();
            } else if rows >= ROWS_WANTED || stored_at.elapsed() >= WAIT_MAX {
                match self.outlive("storing what ended", || self.store_some()) {
                    Some(Ok(())) => stored_at = Instant::now(),
                    Some(Err(error)) => {
                        tracing::error!(%error, "what ended cannot be stored; it stays in memory and in the journal");
                        std::thread::sleep(RETRY);
                    }
                    None => std::thread::sleep(RETRY),
                }
            }
        }
    }

    /// A panic ends the work at hand and not the thread: without it nothing would be stored any more, and the journal would
    /// grow until the disk is full.
    fn outlive<T>(&self, work: &'static str, run: impl FnOnce() -> T) -> Option<T> {
        let outcome = catch_unwind(AssertUnwindSafe(run));
        if outcome.is_err() {
            self.counters.actor_restarts.add(1);
            tracing::error!(
                work,
                "the history's thread panicked; what ended stays in memory and in the journal, and is stored again"
            );
        }
        outcome.ok()
    }

    /// Stores the oldest rows that are durable in the journal.
    fn store_some(&self) -> Result<(), HistoryError> {
        #[cfg(test)]
        if let Some(left) = self.panics.get().checked_sub(1) {
            self.panics.set(left);
            panic!("injected");
        }
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

    /// Whether it was taken.
    fn checkpoint(&self, at: FrameSeq, changed: &[Part], release: FrameSeq) -> bool {
        for attempt in 1..=CHECKPOINT_TRIES {
            match self.try_checkpoint(at, changed, release) {
                Ok(()) => {
                    self.counters.checkpoint_frame.set(at.0);
                    return true;
                }
                Err(error) => {
                    tracing::error!(attempt, %error, "the checkpoint could not be taken");
                    std::thread::sleep(RETRY);
                }
            }
        }
        false
    }

    fn try_checkpoint(
        &self,
        at: FrameSeq,
        changed: &[Part],
        release: FrameSeq,
    ) -> Result<(), Box<dyn std::error::Error>> {
        self.wait_for_disk(at)?;
        // A replay starts at the checkpoint, so whatever ended before it must be in the history by then.
        while !self.recent.oldest(at, 1).is_empty() {
            self.store_some()?;
        }
        if self.history.stored_upto() < at {
            self.history.store(Batch::default(), at)?;
        }
        self.journal.save_checkpoint(at, changed)?;
        self.journal.release(release)?;
        Ok(())
    }

    fn wait_for_disk(&self, at: FrameSeq) -> Result<(), String> {
        while self.journal.durable() < at {
            if let Some(reason) = self.journal.failure() {
                return Err(reason);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::Finished;
    use carillon_embedded::files::RealFiles;
    use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
    use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
    use carillon_storage::conformance::Random;
    use carillon_storage::conformance::history::{journey, phone};
    use std::cell::Cell;
    use std::fs;
    use std::path::Path;

    const FRAMES: u64 = 64;
    const FRAME_BYTES: usize = 32 * 1024;

    /// A volume of the journal is all there is of what ended in it, until that is stored.
    #[test]
    fn volumes_go_when_what_ended_in_them_is_stored_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, history) = stores(folder.path());
        let recent = Arc::new(Recent::default());
        let mut random = Random::new(1);
        let mut last = FrameSeq::ZERO;
        for number in 1..=FRAMES {
            last = journal.append(vec![7; FRAME_BYTES]).unwrap();
            recent.add(vec![Finished {
                frame: last,
                journeys: vec![journey(number << 22, phone(1), 1, &mut random)],
                amendments: Vec::new(),
            }]);
        }
        let builder = HistoryBuilder {
            history: history.clone(),
            journal: journal.clone(),
            recent: recent.clone(),
            counters: Arc::default(),
            orders: channel().1,
            panics: Cell::default(),
        };
        builder.wait_for_disk(last).unwrap();
        let (oldest, volumes) = (journal.oldest(), journal.status().volumes);
        // The disk does not take the file.
        let in_the_way = folder.path().join("history/journeys-00000001.db");
        fs::create_dir(&in_the_way).unwrap();
        assert!(builder.try_checkpoint(last, &state(), last).is_err());
        assert_eq!(journal.oldest(), oldest);
        assert_eq!(checkpoint(&*journal), None);
        assert_eq!((recent.rows() as u64, history.size().rows), (FRAMES, 0));

        fs::remove_dir(&in_the_way).unwrap();
        builder.try_checkpoint(last, &state(), last).unwrap();
        assert!(journal.oldest() > oldest && journal.status().volumes < volumes);
        assert_eq!(checkpoint(&*journal), Some(last));
        assert_eq!((recent.rows() as u64, history.size().rows), (0, FRAMES));
        assert_eq!(history.stored_upto(), last);
        // What the feeds still reach stays, stored or not.
        let reached = journal.append(vec![7; FRAME_BYTES]).unwrap();
        let kept = journal.oldest();
        builder.try_checkpoint(reached, &state(), kept).unwrap();
        assert_eq!(journal.oldest(), kept);
    }

    fn state() -> Vec<Part> {
        let bytes = b"state".to_vec();
        vec![Part { key: 1, bytes }]
    }

    fn checkpoint(journal: &dyn Journal) -> Option<FrameSeq> {
        journal.load_checkpoint(&mut drop).unwrap()
    }

    fn stores(folder: &Path) -> (Arc<dyn Journal>, Arc<dyn History>) {
        let options = JournalOptions {
            volume_bytes: 256 * 1024,
            ..JournalOptions::default()
        };
        let journal = EmbeddedJournal::open(&folder.join("journal"), options, Arc::new(RealFiles)).unwrap();
        let history = EmbeddedHistory::open(&folder.join("history"), HistoryOptions::default()).unwrap();
        (Arc::new(journal), Arc::new(history))
    }

    /// Without its thread nothing would be stored any more, and no volume would go.
    #[test]
    fn a_panic_ends_one_try_and_not_the_thread() {
        const PANICS: u32 = 2;
        let folder = tempfile::tempdir().unwrap();
        let (journal, history) = stores(folder.path());
        let (recent, counters) = (Arc::new(Recent::default()), Arc::new(Counters::default()));
        let at = journal.append(vec![7]).unwrap();
        recent.add(vec![Finished {
            frame: at,
            journeys: vec![journey(1 << 22, phone(1), 1, &mut Random::new(1))],
            amendments: Vec::new(),
        }]);
        let (orders, received) = channel();
        let builder = HistoryBuilder {
            history: history.clone(),
            journal: journal.clone(),
            recent: recent.clone(),
            counters: counters.clone(),
            orders: received,
            panics: Cell::new(PANICS),
        };
        let thread = std::thread::spawn(move || builder.run());
        for attempt in 0..=PANICS {
            let stored = if attempt < PANICS { 0 } else { 1 };
            let (told, done) = channel();
            let order = Order::Checkpoint {
                at,
                changed: state(),
                release: FrameSeq::ZERO,
                done: Box::new(move |taken| told.send(taken).unwrap()),
            };
            assert!(orders.send(order).is_ok(), "the thread is there");
            let taken = done.recv().expect("whoever waits for a checkpoint is told");
            assert_eq!(taken, stored == 1);
            assert_eq!(history.size().rows, stored, "after try {attempt}");
            assert_eq!(checkpoint(&*journal).is_some(), stored == 1);
        }
        assert_eq!(
            (recent.rows(), counters.actor_restarts.get()),
            (0, u64::from(PANICS))
        );
        drop(orders);
        thread.join().unwrap();
    }
}
