use super::store::Shared;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// Yields the processor to everything that carries messages.
const NICENESS: i32 = 15;

/// The thread that merges files after they were stored.
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
            while seen.wait() {
                merge_all(&shared, &seen);
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

    /// Waits for the next work; false when there will be none.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| *state == State::Idle);
        let goes_on = *state == State::Stored;
        if goes_on {
            *state = State::Idle;
        }
        goes_on
    }

    fn stopped(&self) -> bool {
        *self.state.lock() == State::Stopped
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
