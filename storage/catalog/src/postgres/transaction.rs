use super::pool::answered;
use sea_query_sqlx::SqlxValues;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, Postgres};
use std::io;
use tokio::runtime::Handle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Sees one state of everything.
    Read,
    /// Excludes all other writers of the database, also those of other nodes, until it ends.
    Write,
}

/// "carillon" in ASCII: the advisory lock of whoever writes.
const WRITERS: i64 = i64::from_be_bytes(*b"carillon");

/// Every step ends within a bounded time. The driver's own transactions would give a connection that no longer answers back
/// to the pool, where it would take a place until the operating system gives it up.
pub(crate) struct PostgresTransaction {
    /// `None` once it was given back or thrown away.
    connection: Option<PoolConnection<Postgres>>,
}

impl PostgresTransaction {
    pub async fn begin(connection: PoolConnection<Postgres>, access: Access) -> Result<Self, sqlx::Error> {
        let begin = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned(),
            // Read committed: what is read after the lock was had is what the writer before has left.
            Access::Write => {
                format!("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITERS})")
            }
        };
        let mut transaction = PostgresTransaction {
            connection: Some(connection),
        };
        transaction.run(begin).await?;
        Ok(transaction)
    }

    /// Runs a statement and returns how many rows it touched.
    pub async fn execute(&mut self, sql: String, values: SqlxValues) -> Result<u64, sqlx::Error> {
        let query = sqlx::query_with(AssertSqlSafe(sql), values);
        let done = answered(query.execute(self.connection()?)).await;
        self.kept(done.map(|done| done.rows_affected()))
    }

    /// All rows of a query.
    pub async fn rows<T>(&mut self, sql: String, values: SqlxValues) -> Result<Vec<T>, sqlx::Error>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let query = sqlx::query_as_with(AssertSqlSafe(sql), values);
        let rows = answered(query.fetch_all(self.connection()?)).await;
        self.kept(rows)
    }

    /// Runs statements without values.
    pub async fn run(&mut self, sql: String) -> Result<(), sqlx::Error> {
        let done = answered(run(self.connection()?, sql)).await;
        self.kept(done)
    }

    /// Durable on return, as the server's `synchronous_commit` says.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.run("COMMIT".to_owned()).await?;
        // Nothing is left to roll back.
        drop(self.connection.take());
        Ok(())
    }

    fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        let lost = || io::Error::new(io::ErrorKind::NotConnected, "the connection was lost before");
        Ok(self.connection.as_mut().ok_or_else(lost)?)
    }

    /// Throws the connection away unless the server has answered on it.
    fn kept<T>(&mut self, done: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let is_answered = matches!(
            done,
            Ok(_) | Err(sqlx::Error::Database(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
        );
        if !is_answered {
            throw_away(self.connection.take());
        }
        done
    }
}

impl Drop for PostgresTransaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            return throw_away(Some(connection));
        };
        runtime.spawn(async move {
            if answered(run(&mut connection, "ROLLBACK".to_owned()))
                .await
                .is_err()
            {
                throw_away(Some(connection));
            }
        });
    }
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Closes its socket, and leaves its place in the pool to another.
fn throw_away(connection: Option<PoolConnection<Postgres>>) {
    drop(connection.map(PoolConnection::detach));
}
