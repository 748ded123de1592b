use super::builder::Order;
use super::recent::Recent;
use crate::lane::Finished;
use carillon_storage::journal::{FrameSeq, Part};
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// The lane's side: hands over what ended, and orders checkpoints.
pub struct HistoryFeed {
    pub(super) recent: Arc<Recent>,
    pub(super) orders: Sender<Order>,
}

impl HistoryFeed {
    pub fn finished(&self, finished: Vec<Finished>) {
        if !finished.is_empty() {
            self.recent.add(finished);
        }
    }

    /// Rows that wait to be stored.
    pub fn backlog(&self) -> usize {
        self.recent.rows()
    }

    /// Stores everything that ended up to `at`, then what `changed` as the checkpoint of frame `at`, then releases the journal up to
    /// `release`. `done` runs in the end, and is told whether all that was done: if not, the next one tries again.
    pub fn checkpoint(
        &self,
        at: FrameSeq,
        changed: Vec<Part>,
        release: FrameSeq,
        done: impl FnOnce(bool) + Send + 'static,
    ) {
        let order = Order::Checkpoint {
            at,
            changed,
            release,
            done: Box::new(done),
        };
        if let Err(refused) = self.orders.send(order) {
            tracing::error!("the history builder has ended; no checkpoint is taken");
            let Order::Checkpoint { done, .. } = refused.0;
            done(false);
        }
    }
}
