use crate::failed::{failed, unavailable};
use crate::options::ScyllaOptions;
use crate::schema;
use carillon_storage::history::HistoryError;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::{
    DbError, ExecutionError, NextPageError, NextRowError, PagerExecutionError, RequestAttemptError,
};
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::response::query_result::QueryRowsResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Requests of one operation that are under way at once.
const AT_ONCE: usize = 64;
/// Of rows that go as one; servers refuse more than 50 KiB.
const BATCH_BYTES_MAX: usize = 24 * 1024;
const BATCH_ROWS_MAX: usize = 200;
/// For one try.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
/// Whoever asks waits no longer than so for a cluster that does not answer.
const READ_PATIENCE: Duration = Duration::from_secs(5);
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MOST: Duration = Duration::from_secs(1);

/// Connections to the nodes, and what is asked of them.
pub(crate) struct Cluster {
    pub session: Session,
    pub statements: Statements,
    pub place: String,
    patience: Duration,
}

macro_rules! statements {
    ($($name:ident: $text:expr,)*) => {
        /// Prepared; each may be run twice without harm.
        pub(crate) struct Statements { $(pub $name: PreparedStatement,)* }

        impl Statements {
            async fn prepare(session: &Session, place: &str) -> Result<Self, HistoryError> {
                Ok(Statements { $($name: prepare(session, place, $text).await?,)* })
            }
        }
    };
}

statements! {
    lanes: "SELECT lane, upto FROM lane WHERE one = 1",
    lane: "SELECT upto, base FROM lane WHERE one = 1 AND lane = ?",
    put_lane: "INSERT INTO lane (one, lane, upto, base) VALUES (1, ?, ?, ?)",
    journeys: "SELECT id, lane, frame, phone, tenant, account, state, final_at, campaign, line, body FROM journey
        WHERE part = ? AND id IN ?",
    put_journey: "INSERT INTO journey (part, id, lane, frame, phone, tenant, account, state, final_at, campaign, line, body)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TTL ?",
    found: "SELECT id, tenant, account, state FROM found
        WHERE kind = ? AND key = ? AND span = ? AND shard = ? AND id >= ? AND id <= ? LIMIT ?",
    put_found: "INSERT INTO found (kind, key, span, shard, id, tenant, account, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TTL ?",
    spans: "SELECT span, shard FROM directory WHERE kind = ? AND key = ? AND span >= ? AND span <= ?",
    put_span: "INSERT INTO directory (kind, key, span, shard) VALUES (?, ?, ?, ?) USING TTL ?",
    corrections: "SELECT id, lane, frame, what, before FROM correction WHERE part = ? AND id IN ?",
    put_correction: "INSERT INTO correction (part, id, lane, frame, what, before) VALUES (?, ?, ?, ?, ?, ?) USING TTL ?",
    early: "SELECT id FROM early WHERE lane = ?",
    put_early: "INSERT INTO early (lane, id) VALUES (?, ?) USING TTL ?",
    remove_early: "DELETE FROM early WHERE lane = ? AND id = ?",
    figures: "SELECT at, key, frame, sums, before FROM figure
        WHERE lane = ? AND kind = ? AND resolution = ? AND period = ? AND at >= ? AND at < ?",
    put_figure: "INSERT INTO figure (lane, kind, resolution, period, at, key, frame, sums, before)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TTL ?",
}

async fn prepare(session: &Session, place: &str, text: &str) -> Result<PreparedStatement, HistoryError> {
    let prepared = session.prepare(text).await;
    let mut prepared = prepared.map_err(failed("preparing a statement", place))?;
    prepared.set_is_idempotent(true);
    Ok(prepared)
}

impl Cluster {
    /// Fails at once when no node answers: whoever starts may try again.
    pub async fn open(options: &ScyllaOptions) -> Result<Self, HistoryError> {
        let place = options.place();
        // A node that hangs answers nothing and breaks nothing: another one is asked beside it, and its connections are given up.
        let elsewhere = SimpleSpeculativeExecutionPolicy {
            max_retry_count: 2,
            retry_interval: Duration::from_millis(200),
        };
        let profile = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .speculative_execution_policy(Some(Arc::new(elsewhere)))
            .build();
        let mut builder = SessionBuilder::new()
            .known_nodes(&options.nodes)
            .default_execution_profile_handle(profile.into_handle())
            .keepalive_interval(Duration::from_secs(1))
            .keepalive_timeout(Duration::from_secs(2))
            .connection_timeout(Duration::from_secs(5));
        if let Some(credentials) = &options.credentials {
            builder = builder.user(&credentials.user, &credentials.password);
        }
        let session = builder.build().await.map_err(unavailable("connecting", &place))?;
        schema::ensure(&session, &options.keyspace, options.replication, &place).await?;
        let statements = Statements::prepare(&session, &place).await?;
        Ok(Cluster {
            session,
            statements,
            place,
            patience: options.patience,
        })
    }

    /// All rows of a query whose result is bounded.
    pub async fn rows(
        &self,
        operation: &'static str,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<QueryRowsResult, HistoryError> {
        let answer = self
            .patiently(operation, READ_PATIENCE, || {
                self.session.execute_unpaged(statement, &values)
            })
            .await?;
        answer.into_rows_result().map_err(failed(operation, &self.place))
    }

    /// All rows of a query whose result may be long, handed on one by one.
    pub async fn each_row<R>(
        &self,
        operation: &'static str,
        statement: &PreparedStatement,
        values: impl SerializeRow,
        mut take: impl FnMut(R) -> Result<(), HistoryError>,
    ) -> Result<(), HistoryError>
    where
        R: for<'f, 'm> DeserializeRow<'f, 'm> + 'static,
    {
        let pager = self.session.execute_iter(statement.clone(), values).await;
        let pager = pager.map_err(|error| match error {
            PagerExecutionError::NextPageError(error) => self.page_failed(operation, error),
            error => failed(operation, &self.place)(error),
        })?;
        let mut rows = pager.rows_stream::<R>().map_err(failed(operation, &self.place))?;
        while let Some(row) = rows.next().await {
            take(row.map_err(|error| match error {
                NextRowError::NextPageError(error) => self.page_failed(operation, error),
                error => failed(operation, &self.place)(error),
            })?)?;
        }
        Ok(())
    }

    fn page_failed(&self, operation: &'static str, error: NextPageError) -> HistoryError {
        if matches!(error, NextPageError::RequestFailure(_)) {
            return unavailable(operation, &self.place)(error);
        }
        failed(operation, &self.place)(error)
    }

    /// Writes groups of rows; those of a group belong to one partition, so that they go together. Durable on return.
    pub async fn write<V: SerializeRow + Sized_>(
        &self,
        operation: &'static str,
        statement: &PreparedStatement,
        timestamp: i64,
        groups: impl IntoIterator<Item = Vec<V>>,
    ) -> Result<(), HistoryError> {
        let mut single = statement.clone();
        single.set_timestamp(Some(timestamp));
        let single = &single;
        let writes = groups.into_iter().flat_map(portions).map(async |rows| {
            if let [row] = &rows[..] {
                let write = || self.session.execute_unpaged(single, row);
                return self.patiently(operation, self.patience, write).await.map(|_| ());
            }
            let mut batch = Batch::new(BatchType::Unlogged);
            rows.iter()
                .for_each(|_| batch.append_statement(statement.clone()));
            batch.set_timestamp(Some(timestamp));
            batch.set_is_idempotent(true);
            self.patiently(operation, self.patience, || self.session.batch(&batch, &rows))
                .await
                .map(|_| ())
        });
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Tries again for a while: nodes come and go.
    async fn patiently<T, F: Future<Output = Result<T, ExecutionError>>>(
        &self,
        operation: &'static str,
        patience: Duration,
        mut try_it: impl FnMut() -> F,
    ) -> Result<T, HistoryError> {
        let end = Instant::now() + patience;
        let mut wait = RETRY_FIRST;
        loop {
            match try_it().await {
                Ok(done) => return Ok(done),
                Err(error) if is_for_now(&error) && Instant::now() + wait < end => {
                    tracing::debug!(%error, operation, "trying again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY_MOST);
                }
                Err(error) if is_for_now(&error) => return Err(unavailable(operation, &self.place)(error)),
                Err(error) => return Err(failed(operation, &self.place)(error)),
            }
        }
    }
}

/// Whether the same may succeed later. What the servers hold for wrong stays wrong.
fn is_for_now(error: &ExecutionError) -> bool {
    !matches!(
        error,
        ExecutionError::BadQuery(_)
            | ExecutionError::PrepareError(_)
            | ExecutionError::LastAttemptError(RequestAttemptError::DbError(
                DbError::SyntaxError
                    | DbError::Invalid
                    | DbError::Unauthorized
                    | DbError::AuthenticationError
                    | DbError::ConfigError,
                _
            ))
    )
}

/// About how many bytes a row takes on the wire.
pub(crate) trait Sized_ {
    fn bytes(&self) -> usize;
}

/// A group in parts that a server takes.
fn portions<V: Sized_>(group: Vec<V>) -> Vec<Vec<V>> {
    let mut portions: Vec<Vec<V>> = Vec::new();
    let mut bytes = 0;
    for row in group {
        bytes += row.bytes();
        match portions.last_mut() {
            Some(portion) if bytes <= BATCH_BYTES_MAX && portion.len() < BATCH_ROWS_MAX => portion.push(row),
            _ => {
                bytes = row.bytes();
                portions.push(vec![row]);
            }
        }
    }
    portions
}
