//! The door to a lane: a cheap, cloneable handle that the web holds instead of actor addresses.

use crate::feed::{Cursor, FeedError, FeedKind, FeedPage, read_feed};
use crate::history::Recent;
use crate::intake::{BatchAnswer, BatchIntake, IntakeError, SingleAnswer, SingleIntake};
use crate::known_batch::{KnownBatchError, read_known_lines};
use crate::lane::{BatchJob, Inbox, Item, LaneActor, SharedLane, StopReport};
use crate::status::{ConnectionStatus, Counters, Readiness};
use actix::Addr;
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::{AccountId, ConnectionId, MessageId};
use carillon_domain::journey::Journey;
use carillon_storage::history::{History, HistoryError, PhoneQuery};
use carillon_storage::journal::{Journal, JournalStatus};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// Journeys one search gives at most.
pub const SEARCH_MAX: usize = 500;

/// Everything the outside may ask of a lane. Cloning is cheap; every method may be called from any thread of a tokio runtime.
#[derive(Clone)]
pub struct LaneHandle {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub inbox: Arc<Inbox>,
    pub lane: Addr<LaneActor>,
    pub catalog: Arc<Compiled>,
    pub counters: Arc<Counters>,
    pub statuses: Arc<Mutex<BTreeMap<ConnectionId, ConnectionStatus>>>,
    pub readiness: watch::Receiver<Readiness>,
    pub journal: Arc<dyn Journal>,
    pub history: Arc<dyn History>,
    pub recent: Arc<Recent>,
}

#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error("the service is stopping")]
    Stopping,
    #[error("the history cannot be read")]
    History(#[from] HistoryError),
}

impl LaneHandle {
    /// Takes one message; resolves when it is durable (ACK-1).
    pub async fn accept(&self, intake: SingleIntake) -> Result<SingleAnswer, IntakeError> {
        let (reply, answer) = oneshot::channel();
        self.push(Item::Single(intake, reply));
        answer.await.unwrap_or(Err(self.why_no_answer()))
    }

    /// Takes a batch; resolves when every line is durable or refused. A batch with a known idempotency key gives the first
    /// answer again, and goes on after the last durable line when the first request did not get that far (IDEM-1).
    pub async fn accept_batch(&self, intake: BatchIntake) -> Result<BatchAnswer, IntakeError> {
        let (reply, answer) = oneshot::channel();
        let key = intake.idempotency.map(|key| key.key);
        self.push(Item::Batch(Box::new(BatchJob::new(
            intake.account,
            intake.idempotency,
            intake.lines,
            reply,
        ))));
        let taken = answer.await.unwrap_or(Err(self.why_no_answer()))?;
        let mut accepted = taken.accepted;
        let mut refused = taken.refused;
        let repeated = taken.known.is_some();
        if let (Some(known), Some(key)) = (taken.known, key) {
            let journal = self.inner.journal.clone();
            let lines = tokio::task::spawn_blocking(move || read_known_lines(&*journal, &key, known))
                .await
                .map_err(|_| IntakeError::Interrupted)?
                .map_err(|error| self.cannot_repeat(&error))?;
            accepted.splice(0..0, lines.accepted);
            refused.splice(0..0, lines.refused);
        }
        Ok(BatchAnswer {
            accepted,
            refused,
            repeated,
        })
    }

    /// One message's journey: open, ended just now, or from the history.
    pub async fn journey(&self, id: MessageId) -> Result<Option<Journey>, QueryError> {
        let open = self
            .ask(move |lane| lane.read(|core| core.columns().find(id).map(|(_, row)| row.journey())))
            .await?;
        if let Some(journey) = open.or_else(|| self.inner.recent.journey(id)) {
            return Ok(Some(journey));
        }
        let history = self.inner.history.clone();
        let stored = blocking(move || history.journey(id)).await?;
        Ok(stored.map(|journey| self.inner.recent.amend(journey)))
    }

    /// Messages to one number, newest first.
    pub async fn by_phone(&self, mut query: PhoneQuery) -> Result<Vec<Journey>, QueryError> {
        query.limit = query.limit.clamp(1, SEARCH_MAX);
        let (phone, tenant, before, limit) = (query.phone, query.tenant, query.before, query.limit);
        let wanted = move |journey: &Journey| {
            tenant.is_none_or(|tenant| journey.tenant == tenant)
                && before.is_none_or(|id| journey.message < id)
        };
        let mut found: Vec<Journey> = self
            .ask(move |lane| {
                lane.read(|core| {
                    core.columns()
                        .to_phone(phone)
                        .filter(|row| tenant.is_none_or(|tenant| row.tenant == tenant))
                        .filter(|row| before.is_none_or(|id| row.id < id))
                        .take(limit)
                        .map(|row| row.journey())
                        .collect()
                })
            })
            .await?;
        found.extend(
            self.inner
                .recent
                .by_phone(phone, tenant)
                .into_iter()
                .filter(wanted),
        );
        let history = self.inner.history.clone();
        let stored = blocking(move || history.by_phone(&query)).await?;
        found.extend(stored.into_iter().map(|journey| self.inner.recent.amend(journey)));
        found.sort_by_key(|journey| std::cmp::Reverse(journey.message));
        // A message may have moved on between two of the looks; it is the same one.
        found.dedup_by_key(|journey| journey.message);
        found.truncate(limit);
        Ok(found)
    }

    /// Events of one account after a cursor, oldest first.
    pub async fn feed(
        &self,
        account: AccountId,
        kind: FeedKind,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<FeedPage, FeedError> {
        let journal = self.inner.journal.clone();
        tokio::task::spawn_blocking(move || read_feed(&*journal, account, kind, after, limit))
            .await
            .map_err(|_| FeedError::Interrupted)?
    }

    /// Every connection as its actor last told it, at most a second old.
    pub fn connections(&self) -> Vec<ConnectionStatus> {
        self.inner.statuses.lock().values().cloned().collect()
    }

    /// Tries to connect now instead of waiting; `false` when there is no such connection.
    pub async fn restart_connection(&self, id: ConnectionId) -> bool {
        self.ask(move |lane| match lane.connection(id) {
            Some(connection) => {
                connection.do_send(crate::connection::RetryNow);
                true
            }
            None => false,
        })
        .await
        .unwrap_or(false)
    }

    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    pub fn journal_status(&self) -> JournalStatus {
        self.inner.journal.status()
    }

    /// Rows that ended and are not stored in the history yet.
    pub fn history_backlog(&self) -> usize {
        self.inner.recent.rows()
    }

    /// The configuration the lane works on.
    pub fn catalog(&self) -> &Arc<Compiled> {
        &self.inner.catalog
    }

    pub fn readiness(&self) -> Readiness {
        self.inner.readiness.borrow().clone()
    }

    /// Resolves when the lane takes work, or never will.
    pub async fn started(&self) -> Readiness {
        let mut readiness = self.inner.readiness.clone();
        match readiness
            .wait_for(|readiness| *readiness != Readiness::Starting)
            .await
        {
            Ok(readiness) => readiness.clone(),
            Err(_) => self.readiness(),
        }
    }

    /// Resolves when the lane has failed and the process must end, with the reason.
    pub async fn failed(&self) -> String {
        let mut readiness = self.inner.readiness.clone();
        let failed = readiness
            .wait_for(|readiness| matches!(readiness, Readiness::Failed { .. }))
            .await;
        match failed.as_deref() {
            Ok(Readiness::Failed { reason }) => reason.clone(),
            // The lane is gone. One that was not told to stop has panicked.
            _ if self.readiness() != Readiness::Stopping => "the lane has panicked".to_owned(),
            _ => std::future::pending().await,
        }
    }

    /// Stops: no intake, open requests are waited for until the deadline, sessions are unbound, the state is stored.
    pub async fn stop(&self, deadline: Duration) -> Option<StopReport> {
        let (done, report) = oneshot::channel();
        self.push(Item::Stop { deadline, done });
        report.await.ok()
    }

    fn push(&self, item: Item) {
        self.inner.inbox.push(item, &self.inner.lane);
    }

    /// Runs a question on the lane's thread.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&SharedLane) -> R + Send + 'static,
    ) -> Result<R, QueryError> {
        let (reply, answer) = oneshot::channel();
        self.push(Item::Ask(Box::new(move |lane| {
            let _caller_may_be_gone = reply.send(question(lane));
        })));
        answer.await.map_err(|_| QueryError::Stopping)
    }

    /// The lane dropped the way back without an answer.
    fn why_no_answer(&self) -> IntakeError {
        match self.readiness() {
            Readiness::Stopping => IntakeError::Stopping,
            _ => IntakeError::Interrupted,
        }
    }

    fn cannot_repeat(&self, error: &KnownBatchError) -> IntakeError {
        tracing::error!(%error, "the answer to a known idempotency key cannot be read");
        IntakeError::Interrupted
    }
}

async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, QueryError> {
    let read = tokio::task::spawn_blocking(read)
        .await
        .map_err(|_| QueryError::Stopping)?;
    Ok(read?)
}
