//! The only place that knows which database is behind the catalog: one variant per kind of pool, and nothing else differs.

use carillon_storage::catalog::CatalogError;
use sea_query::{SchemaStatementBuilder, SelectStatement, SqliteQueryBuilder};
use sea_query_sqlx::SqlxBinder;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, FromRow, Sqlite};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

const CONNECTIONS_MAX: u32 = 4;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) struct Database {
    pool: Pool,
    place: String,
}

#[derive(Clone, Debug)]
enum Pool {
    Sqlite(SqlitePool),
}

/// A row that every database can give.
pub(crate) trait Record: for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl<T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin> Record for T {}

impl Database {
    /// Opens the file, creating it when absent. Every commit is synced.
    pub async fn sqlite(path: &Path) -> Result<Self, CatalogError> {
        let place = path.display().to_string();
        // SQLite gives its side files the mode of this one: hashes of keys and passwords are in them.
        let created = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path);
        if let Err(source) = created {
            return Err(CatalogError::Backend {
                operation: "creating the file",
                place,
                source: source.into(),
            });
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .connect_with(options)
            .await;
        match pool {
            Ok(pool) => Ok(Database {
                pool: Pool::Sqlite(pool),
                place,
            }),
            Err(source) => Err(CatalogError::Backend {
                operation: "opening the file",
                place,
                source: source.into(),
            }),
        }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// A transaction that sees one state of everything.
    pub async fn read(&self) -> Result<Transaction, CatalogError> {
        match &self.pool {
            Pool::Sqlite(pool) => {
                let begun = pool.begin().await;
                self.named("beginning to read", begun)
                    .map(|inner| self.transaction(Inner::Sqlite(inner)))
            }
        }
    }

    /// A transaction that excludes other writers from its begin on.
    pub async fn write(&self) -> Result<Transaction, CatalogError> {
        match &self.pool {
            Pool::Sqlite(pool) => {
                let begun = pool.begin_with("BEGIN IMMEDIATE").await;
                self.named("beginning to write", begun)
                    .map(|inner| self.transaction(Inner::Sqlite(inner)))
            }
        }
    }

    fn transaction(&self, inner: Inner) -> Transaction {
        Transaction {
            inner,
            place: self.place.clone(),
        }
    }

    fn named<T>(&self, operation: &'static str, result: Result<T, sqlx::Error>) -> Result<T, CatalogError> {
        named(operation, &self.place, result)
    }
}

/// Rolled back when dropped before [`Transaction::commit`].
pub(crate) struct Transaction {
    inner: Inner,
    place: String,
}

enum Inner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
}

impl Transaction {
    /// Runs a statement and returns how many rows it touched. `operation` says in an error what was going on.
    pub async fn execute(
        &mut self,
        operation: &'static str,
        statement: &impl SqlxBinder,
    ) -> Result<u64, CatalogError> {
        let touched = match &mut self.inner {
            Inner::Sqlite(transaction) => {
                let (sql, values) = statement.build_sqlx(SqliteQueryBuilder);
                let done = sqlx::query_with(AssertSqlSafe(sql), values)
                    .execute(&mut **transaction)
                    .await;
                done.map(|done| done.rows_affected())
            }
        };
        named(operation, &self.place, touched)
    }

    /// All rows of a query.
    pub async fn rows<T: Record>(
        &mut self,
        operation: &'static str,
        query: &SelectStatement,
    ) -> Result<Vec<T>, CatalogError> {
        let rows = match &mut self.inner {
            Inner::Sqlite(transaction) => {
                let (sql, values) = query.build_sqlx(SqliteQueryBuilder);
                sqlx::query_as_with(AssertSqlSafe(sql), values)
                    .fetch_all(&mut **transaction)
                    .await
            }
        };
        named(operation, &self.place, rows)
    }

    /// Changes the schema.
    pub async fn define(&mut self, statement: &impl SchemaStatementBuilder) -> Result<(), CatalogError> {
        let done = match &mut self.inner {
            Inner::Sqlite(transaction) => {
                let sql = statement.build(SqliteQueryBuilder);
                sqlx::query(AssertSqlSafe(sql))
                    .execute(&mut **transaction)
                    .await
                    .map(|_| ())
            }
        };
        named("changing the schema", &self.place, done)
    }

    /// Durable on return.
    pub async fn commit(self) -> Result<(), CatalogError> {
        let done = match self.inner {
            Inner::Sqlite(transaction) => transaction.commit().await,
        };
        named("committing", &self.place, done)
    }
}

fn named<T>(operation: &'static str, place: &str, result: Result<T, sqlx::Error>) -> Result<T, CatalogError> {
    result.map_err(|source| CatalogError::Backend {
        operation,
        place: place.to_owned(),
        source: source.into(),
    })
}
