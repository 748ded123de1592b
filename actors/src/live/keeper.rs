use super::board::Board;
use super::ghost::Ghost;
use super::sample::Sample;
use crate::handle::{LaneHandle, blocking};
use actix::{Arbiter, ArbiterHandle};
use carillon_domain::time::UnixMs;
use carillon_storage::history::History;
use parking_lot::Mutex;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often the lane is looked at: what happens is on a screen within a second.
pub const TICK: Duration = Duration::from_millis(500);
/// How often the day before is read anew.
const GHOST_EVERY: Duration = Duration::from_secs(600);

/// The board for readers, and when it changes.
#[derive(Clone)]
pub struct Live {
    board: Arc<Mutex<Board>>,
    looks: watch::Sender<u64>,
    arbiter: ArbiterHandle,
}

impl Live {
    /// With a thread of its own.
    pub(crate) fn new(board: Board) -> Self {
        let (looks, _) = watch::channel(0);
        Live {
            board: Arc::new(Mutex::new(board)),
            looks,
            arbiter: Arbiter::new().handle(),
        }
    }

    /// Reads the figures; the next look at the lane waits meanwhile.
    pub fn read<R>(&self, read: impl FnOnce(&Board) -> R) -> R {
        read(&self.board.lock())
    }

    /// Changes after every look.
    pub fn looks(&self) -> watch::Receiver<u64> {
        self.looks.subscribe()
    }

    /// Runs something on the thread on which the lane is looked at; it must not keep it for long. `false` once that has ended.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> bool {
        self.arbiter.spawn(future)
    }
}

/// Looks at the lane until it ends.
pub(crate) fn keep(handle: LaneHandle) {
    let live = handle.live().clone();
    let runs = live.clone().spawn(async move {
        if let Err(error) = rustix::thread::set_name(c"live") {
            tracing::debug!(%error, "the thread of live figures keeps its name");
        }
        let mut timer = tokio::time::interval(TICK);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ghost_read = Instant::now();
        loop {
            timer.tick().await;
            let Ok(sample) = handle.ask(|lane| Sample::take(lane)).await else {
                break;
            };
            let now = sample.now.unix;
            let fold = || live.board.lock().fold(sample, handle.connections());
            if catch_unwind(AssertUnwindSafe(fold)).is_err() {
                handle.counters().actor_restarts.add(1);
                tracing::error!("a look at the lane panicked; screens miss what it counted");
            }
            live.looks.send_modify(|look| *look += 1);
            if ghost_read.elapsed() >= GHOST_EVERY {
                ghost_read = Instant::now();
                actix::spawn(read_ghost(live.clone(), handle.inner.history.clone(), now));
            }
        }
        live.arbiter.stop();
    });
    if !runs {
        tracing::error!("nobody looks at the lane; screens stay as they are");
    }
}

async fn read_ghost(live: Live, history: Arc<dyn History>, now: UnixMs) {
    match blocking(move || Ghost::read(&*history, now)).await {
        Ok(ghost) => live.board.lock().set_ghost(ghost),
        Err(error) => tracing::warn!(%error, "yesterday's figures cannot be read"),
    }
}
