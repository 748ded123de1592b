//! The only place that knows which database is behind the catalog: one variant per kind of pool, and what differs between
//! them. Everything above builds its statements once.

use crate::failure::failure;
use crate::postgres::{self, Access, PostgresPool, PostgresTransaction};
use crate::sqlite;
use carillon_storage::catalog::CatalogError;
use sea_query::{PostgresQueryBuilder, SchemaStatementBuilder, SelectStatement, SqliteQueryBuilder};
use sea_query_sqlx::SqlxBinder;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow, Sqlite};
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Database {
    pool: Pool,
    place: String,
}

#[derive(Debug)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(Box<PostgresPool>),
}

/// A row that every database can give.
pub(crate) trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl Database {
    pub async fn sqlite(path: &Path) -> Result<Self, CatalogError> {
        let place = path.display().to_string();
        match sqlite::open(path).await {
            Ok(pool) => Ok(Database {
                pool: Pool::Sqlite(pool),
                place,
            }),
            Err(source) => Err(failure("opening the file", &place, source)),
        }
    }

    pub async fn postgres(options: PgConnectOptions) -> Result<Self, CatalogError> {
        let place = postgres::place(&options);
        match PostgresPool::open(options).await {
            Ok(pool) => Ok(Database {
                pool: Pool::Postgres(Box::new(pool)),
                place,
            }),
            Err(source) => Err(failure("connecting to the database", &place, source)),
        }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// The pool, of a database that tells of changes.
    pub fn telling(&self) -> Option<&PostgresPool> {
        match &self.pool {
            Pool::Sqlite(_) => None,
            Pool::Postgres(pool) => Some(pool),
        }
    }

    /// A transaction that sees one state of everything.
    pub async fn read(&self) -> Result<Transaction, CatalogError> {
        let begun = match &self.pool {
            Pool::Sqlite(pool) => pool.begin().await.map(Inner::Sqlite),
            Pool::Postgres(pool) => pool.begin(Access::Read).await.map(Inner::Postgres),
        };
        self.transaction("beginning to read", begun)
    }

    /// A transaction that excludes other writers, of all processes, from its begin on.
    pub async fn write(&self) -> Result<Transaction, CatalogError> {
        let begun = match &self.pool {
            Pool::Sqlite(pool) => pool.begin_with("BEGIN IMMEDIATE").await.map(Inner::Sqlite),
            Pool::Postgres(pool) => pool.begin(Access::Write).await.map(Inner::Postgres),
        };
        self.transaction("beginning to write", begun)
    }

    fn transaction(
        &self,
        operation: &'static str,
        begun: Result<Inner, sqlx::Error>,
    ) -> Result<Transaction, CatalogError> {
        let place = self.place.clone();
        match begun {
            Ok(inner) => Ok(Transaction { inner, place }),
            Err(source) => Err(failure(operation, &place, source)),
        }
    }
}

/// Rolled back when dropped before [`Transaction::commit`].
pub(crate) struct Transaction {
    inner: Inner,
    place: String,
}

enum Inner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(PostgresTransaction),
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
            Inner::Postgres(transaction) => {
                let (sql, values) = statement.build_sqlx(PostgresQueryBuilder);
                transaction.execute(sql, values).await
            }
        };
        self.named(operation, touched)
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
            Inner::Postgres(transaction) => {
                let (sql, values) = query.build_sqlx(PostgresQueryBuilder);
                transaction.rows(sql, values).await
            }
        };
        self.named(operation, rows)
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
            Inner::Postgres(transaction) => {
                let sql = statement.build(PostgresQueryBuilder);
                transaction.run(sql).await
            }
        };
        self.named("changing the schema", done)
    }

    /// With the commit, tells all who wait for a change; of databases that cannot, they find out by looking.
    pub async fn tell(&mut self) -> Result<(), CatalogError> {
        let done = match &mut self.inner {
            Inner::Sqlite(_) => Ok(()),
            Inner::Postgres(transaction) => transaction.run(postgres::notify()).await,
        };
        self.named("telling of a change", done)
    }

    /// Durable on return.
    pub async fn commit(self) -> Result<(), CatalogError> {
        let done = match self.inner {
            Inner::Sqlite(transaction) => transaction.commit().await,
            Inner::Postgres(transaction) => transaction.commit().await,
        };
        done.map_err(|source| failure("committing", &self.place, source))
    }

    fn named<T>(&self, operation: &'static str, result: Result<T, sqlx::Error>) -> Result<T, CatalogError> {
        result.map_err(|source| failure(operation, &self.place, source))
    }
}
