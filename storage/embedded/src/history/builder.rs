use super::clocks::Clocks;
use super::store::Shared;
use carillon_domain::time::UnixMs;
use parking_lot::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Yields the processor to everything that carries messages.
const NICENESS: i32 = 15;

/// How often old files and figures are removed, for the first time after the start when the clock may have been set right.
const REMOVE_EVERY: Duration = Duration::from_secs(3600);
const REMOVE_FIRST: Duration = Duration::from_secs(600);

/// The thread that merges files after they were stored, and removes old ones.
pub(super) struct Builder {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Idle,
    Stored,
    Stopped,
}

impl Builder {
    pub fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        let signal = Arc::<Signal>::default();
        let seen = signal.clone();
        let run = move || {
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::warn!(%error, "history files are merged at normal priority");
            }
            let mut clocks = Clocks::now();
            let mut remove_at = Instant::now() + REMOVE_FIRST;
            while seen.wait(remove_at) {
                if Instant::now() >= remove_at {
                    remove_at = Instant::now() + REMOVE_EVERY;
                    let before = std::mem::replace(&mut clocks, Clocks::now());
                    if clocks.went_on_alike(before) {
                        outlive(|| remove_old(&shared));
                    } else {
                        tracing::warn!(
                            "the wall clock was set; old files of the history are removed an hour later"
                        );
                    }
                }
                outlive(|| merge_all(&shared, &seen));
                outlive(|| remove_excess(&shared));
            }
        };
        let thread = thread::Builder::new()
            .name("history-builder".to_owned())
            .spawn(run)?;
        Ok(Builder {
            signal,
            thread: Some(thread),
        })
    }

    /// Something was stored.
    pub fn wake(&self) {
        self.signal.set(State::Stored);
    }
}

impl Drop for Builder {
    /// Waits for the merge under way.
    fn drop(&mut self) {
        self.signal.set(State::Stopped);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the history builder panicked");
        }
    }
}

impl Signal {
    fn set(&self, state: State) {
        *self.state.lock() = state;
        self.changed.notify_one();
    }

    /// Waits for the next work, at most until a moment; false when there will be none.
    fn wait(&self, until: Instant) -> bool {
        let mut state = self.state.lock();
        self.changed
            .wait_while_until(&mut state, |state| *state == State::Idle, until);
        let goes_on = *state != State::Stopped;
        if goes_on {
            *state = State::Idle;
        }
        goes_on
    }

    fn stopped(&self) -> bool {
        *self.state.lock() == State::Stopped
    }
}

/// A panic ends the work at hand and not the thread: the files stay as they are, and the next batch tries again.
fn outlive(work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        tracing::error!(
            "merging or removing history files panicked; they stay as they are, and it is tried again"
        );
    }
}

fn remove_old(shared: &Shared) {
    // A clock before 1970 keeps everything.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = UnixMs(u64::try_from(now.as_millis()).unwrap_or(0));
    if let Err(error) = shared.remove_old(now) {
        tracing::error!(%error, "old files of the history cannot be removed");
    }
}

fn remove_excess(shared: &Shared) {
    if let Err(error) = shared.remove_excess() {
        tracing::error!(%error, "files of the history cannot be removed for want of room");
    }
}

fn merge_all(shared: &Shared, signal: &Signal) {
    while !signal.stopped() {
        match shared.merge_next() {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                // The files stay as they are, and the next batch tries again.
                tracing::error!(%error, "history files cannot be merged");
                return;
            }
        }
    }
}
