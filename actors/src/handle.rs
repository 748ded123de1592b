//! The door to a lane: a cheap, cloneable handle that the web holds instead of actor addresses.

use crate::campaign::FileKeeper;
use crate::connection::{ProbeReport, probe};
use crate::feed::{Cursor, FeedError, FeedKind, FeedPage, read_feed};
use crate::history::Recent;
use crate::intake::{BatchAnswer, BatchIntake, IntakeError, SingleAnswer, SingleIntake};
use crate::known_batch::{KnownBatchError, read_known_lines};
use crate::lane::{
    BatchJob, ClockStatus, Inbox, Item, LaneActor, MemberStanding, Read, SharedLane, StopReport,
};
use crate::live::Live;
use crate::roster;
use crate::status::{ConnectionStatus, Counters, Readiness};
use actix::Addr;
use carillon_domain::catalog::{Compiled, Connection};
use carillon_domain::ids::{AccountId, ConnectionId, MessageId, RouteGroupId};
use carillon_domain::journey::Journey;
use carillon_storage::files::Files;
use carillon_storage::history::{History, HistoryError, TooBroad};
use carillon_storage::journal::{Journal, JournalStatus};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot, watch};

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
    pub catalog: RwLock<Arc<Compiled>>,
    pub counters: Arc<Counters>,
    pub statuses: Arc<Mutex<BTreeMap<ConnectionId, ConnectionStatus>>>,
    pub readiness: watch::Receiver<Readiness>,
    pub journal: Arc<dyn Journal>,
    pub history: Arc<dyn History>,
    pub recent: Arc<Recent>,
    /// Of recipients and attachments.
    pub files: Option<Arc<dyn Files>>,
    pub file_keeper: FileKeeper,
    /// Whose turn it is to look through all open messages.
    pub open_searches: Semaphore,
    /// Whose turn it is to add up figures.
    pub statistics: Semaphore,
    pub live: Live,
}

#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error("the service is stopping")]
    Stopping,
    #[error("the history cannot be read")]
    History(#[source] HistoryError),
    #[error("the history does not answer")]
    Unavailable(#[source] HistoryError),
    #[error(transparent)]
    TooBroad(#[from] TooBroad),
    #[error(transparent)]
    TooLarge(HistoryError),
    #[error("too many searches at once")]
    Busy,
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
            .ask(move |lane| {
                lane.read(|core| {
                    let now = lane.now();
                    core.columns().find(id).map(|(_, row)| core.journey(row, now))
                })
            })
            .await?;
        if let Some(journey) = open.or_else(|| self.inner.recent.journey(id)) {
            return Ok(Some(journey));
        }
        let history = self.inner.history.clone();
        let stored = blocking(move || history.journey(id)).await?;
        Ok(stored.map(|journey| self.inner.recent.amend(journey)))
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

    /// What screens show.
    pub fn live(&self) -> &Live {
        &self.inner.live
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

    /// Tells that the person has read or clicked a message, as the account that sent it says; resolves when that is durable
    /// (SEND-2, ACK-1).
    pub async fn mark_read(&self, account: AccountId, id: MessageId) -> Result<Read, QueryError> {
        let (reply, answer) = oneshot::channel();
        self.push(Item::Ask(Box::new(move |lane| {
            lane.with(|core, now| core.mark_read(account, id, reply, now));
        })));
        match answer.await.map_err(|_| QueryError::Stopping)? {
            Read::Unknown => {
                let ended = self.journey(id).await?;
                let is_theirs = ended.is_some_and(|journey| journey.account == account);
                Ok(if is_theirs {
                    Read::AlreadyEnded
                } else {
                    Read::Unknown
                })
            }
            read => Ok(read),
        }
    }

    /// Whether the wall clock can be relied on; while it cannot, no wait of a plan ends.
    pub async fn clock(&self) -> Result<ClockStatus, QueryError> {
        self.ask(|lane| {
            let now = lane.now();
            lane.read(|core| core.clock_status(now))
        })
        .await
    }

    /// An operator says that the wall clock is right: the waits of plans go on.
    pub async fn confirm_clock(&self) -> Result<(), QueryError> {
        self.ask(|lane| lane.with(|core, now| core.confirm_clock(now)))
            .await
    }

    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    pub fn journal_status(&self) -> JournalStatus {
        self.inner.journal.status()
    }

    /// Bytes free on the journal's disk; `None` when nobody can tell.
    pub fn disk_free_bytes(&self) -> Option<u64> {
        self.inner.journal.disk_free_bytes()
    }

    /// Rows that ended and are not stored in the history yet.
    pub fn history_backlog(&self) -> usize {
        self.inner.recent.rows()
    }

    /// The configuration the lane works by.
    pub fn catalog(&self) -> Arc<Compiled> {
        self.inner.catalog.read().clone()
    }

    /// Lets the lane, and everybody who asks for [`LaneHandle::catalog`] afterwards, work by another configuration. Resolves
    /// when they do; `false` when theirs is as new.
    pub async fn install(&self, catalog: Arc<Compiled>) -> Result<bool, QueryError> {
        let (reply, answer) = oneshot::channel();
        let inner = self.inner.clone();
        self.push(Item::Ask(Box::new(move |lane| {
            let is_newer = catalog.version() > inner.catalog.read().version();
            if is_newer {
                // The lane first: it knows everybody whom the web lets in.
                roster::install(lane, catalog.clone());
                *inner.catalog.write() = catalog;
            }
            let _caller_may_be_gone = reply.send(is_newer);
        })));
        answer.await.map_err(|_| QueryError::Stopping)
    }

    /// Lets a connection finish what was begun on it and take nothing more; `false` when there is none or it goes anyway.
    pub async fn drain_connection(&self, id: ConnectionId) -> Result<bool, QueryError> {
        self.ask(move |lane| lane.with(|core, _| core.hold_back(id)))
            .await
    }

    /// How the members of a route group stand towards an account's messages at this moment.
    pub async fn explain_group(
        &self,
        group: RouteGroupId,
        account: AccountId,
    ) -> Result<Vec<MemberStanding>, QueryError> {
        self.ask(move |lane| lane.read(|core| core.explain_group(group, account, lane.now())))
            .await
    }

    /// Opens one more session by these settings, which need not be those of any connection, and says what came of it.
    pub async fn test_connection(&self, config: Connection) -> Result<ProbeReport, QueryError> {
        let (reply, answer) = oneshot::channel();
        self.push(Item::Ask(Box::new(move |lane| {
            let now = lane.now().unix;
            actix::spawn(async move {
                let _caller_may_be_gone = reply.send(probe(&config, now).await);
            });
        })));
        answer.await.map_err(|_| QueryError::Stopping)
    }

    /// Ends [`LaneHandle::drain_connection`].
    pub async fn resume_connection(&self, id: ConnectionId) -> Result<bool, QueryError> {
        self.ask(move |lane| lane.with(|core, _| core.resume(id))).await
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
        question: impl FnOnce(&Rc<SharedLane>) -> R + Send + 'static,
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

impl From<HistoryError> for QueryError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::TooBroad(error) => QueryError::TooBroad(error),
            large @ (HistoryError::TooManyRows { .. } | HistoryError::TooSlow { .. }) => {
                QueryError::TooLarge(large)
            }
            away if away.is_passing() => QueryError::Unavailable(away),
            other => QueryError::History(other),
        }
    }
}

pub(crate) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, QueryError> {
    let read = tokio::task::spawn_blocking(read)
        .await
        .map_err(|_| QueryError::Stopping)?;
    Ok(read?)
}
