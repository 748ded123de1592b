use crate::database::Database;
use crate::postgres;
use carillon_storage::changes::Seen;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// Who waits for a change is woken by the database where it can, and looks by himself besides.
#[derive(Debug)]
pub(crate) struct Notices {
    look_every: Duration,
    /// Counts the changes that were told of.
    told: watch::Sender<u64>,
    /// Begins with the first who waits: commands that end at once need none.
    listener: OnceLock<Listener>,
}

/// Ends with its owner.
#[derive(Debug)]
struct Listener(AbortHandle);

impl Notices {
    pub fn new(look_every: Duration) -> Self {
        Notices {
            look_every,
            told: watch::Sender::new(0),
            listener: OnceLock::new(),
        }
    }

    /// See [`carillon_storage::changes::Changes::changed`].
    pub async fn changed(&self, database: &Database, seen: Seen) -> Seen {
        if let Some(pool) = database.telling() {
            self.listener.get_or_init(|| {
                let (options, place) = (pool.options().clone(), database.place().to_owned());
                let listening = postgres::listen(options, place, self.told.clone());
                Listener(tokio::spawn(listening).abort_handle())
            });
        }
        let mut told = self.told.subscribe();
        let is_other = |told: &u64| *told != seen.0;
        // Whether told or not, it is time to look.
        let _ = timeout(self.look_every, told.wait_for(is_other)).await;
        Seen(*self.told.borrow())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}
