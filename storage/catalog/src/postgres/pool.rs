use super::fitness;
use super::transaction::{Access, PostgresTransaction};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use std::future::Future;
use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const CONNECTIONS_MAX: u32 = 4;
/// How long the first connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long somebody waits for a connection, connecting included.
const ACQUIRE_MAX: Duration = Duration::from_secs(3);
/// After nobody got one: so long everybody else is refused at once, so that those who wait for a turn do not add up.
const AWAY: Duration = Duration::from_secs(1);
/// How long the server works on one statement, waiting for other writers included.
const STATEMENT_MAX: Duration = Duration::from_secs(10);
/// How long we wait for its answer: the server has the first word, unless it cannot be reached.
const ANSWER_MAX: Duration = Duration::from_secs(12);
/// After this the server ends a transaction in which nothing happens: a node that stands still keeps no other from writing.
const IDLE_TRANSACTION_MAX: Duration = Duration::from_secs(15);

/// A few connections to one database.
#[derive(Debug)]
pub(crate) struct PostgresPool {
    pool: PgPool,
    options: PgConnectOptions,
    away_until: Mutex<Option<Instant>>,
}

impl PostgresPool {
    /// Connects once, to say clearly what is wrong with the address, the password or the database.
    pub async fn open(options: PgConnectOptions) -> Result<Self, sqlx::Error> {
        let ms = |limit: Duration| limit.as_millis().to_string();
        let options = options.application_name("carillon").options([
            ("statement_timeout", ms(STATEMENT_MAX)),
            ("idle_in_transaction_session_timeout", ms(IDLE_TRANSACTION_MAX)),
        ]);
        let look = async { fitness::check(&mut options.connect().await?).await };
        within(CONNECT_MAX, look).await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_MAX)
            .connect_lazy_with(options.clone());
        Ok(PostgresPool {
            pool,
            options,
            away_until: Mutex::new(None),
        })
    }

    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    pub async fn begin(&self, access: Access) -> Result<PostgresTransaction, sqlx::Error> {
        if self.is_away() {
            return Err(no_connection());
        }
        match self.pool.acquire().await {
            Ok(connection) => {
                self.set_away(None);
                PostgresTransaction::begin(connection, access).await
            }
            Err(error) => {
                self.set_away(Some(Instant::now() + AWAY));
                Err(match error {
                    sqlx::Error::PoolTimedOut => no_connection(),
                    error => error,
                })
            }
        }
    }

    fn is_away(&self) -> bool {
        let until = *self
            .away_until
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        until.is_some_and(|until| Instant::now() < until)
    }

    fn set_away(&self, until: Option<Instant>) {
        *self
            .away_until
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = until;
    }
}

/// Gives up on a server that does not answer.
pub(super) async fn answered<T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    within(ANSWER_MAX, work).await
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(timed_out(format!("no answer within {} s", limit.as_secs()))),
    }
}

fn no_connection() -> sqlx::Error {
    let limit = ACQUIRE_MAX.as_secs();
    timed_out(format!(
        "no connection within {limit} s: the server cannot be reached, or all {CONNECTIONS_MAX} connections are in use"
    ))
}

fn timed_out(text: String) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}
