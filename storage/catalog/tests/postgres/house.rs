use carillon_catalog::{PostgresAddress, PostgresOptions, SqlCatalog};
use carillon_storage::catalog::CatalogError;
use carillon_storage::conformance::alarm_log::AlarmPlace;
use carillon_storage::conformance::catalog::CatalogPlace;
use carillon_storage::conformance::login::LoginPlace;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A database of its own, and the folder of the key that all its nodes have.
pub struct House {
    pub server: Server,
    pub database: String,
    pub folder: TempDir,
}

/// The parts of `postgres://user:password@host:port/database`.
#[derive(Clone, Debug)]
pub struct Server {
    pub user: String,
    pub password: String,
    pub place: String,
}

impl Server {
    pub fn of_tests() -> Server {
        let url = url();
        let parts = || {
            let (user, place) = url.strip_prefix("postgres://")?.split_once('@')?;
            let (user, password) = user.split_once(':')?;
            let (place, _) = place.split_once('/')?;
            Some((user, password, place))
        };
        let (user, password, place) = parts().expect("postgres://user:password@host:port/database");
        Server {
            user: user.to_owned(),
            password: password.to_owned(),
            place: place.to_owned(),
        }
    }
}

impl House {
    pub async fn new() -> House {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = format!("catalog_{}_{number}", std::process::id());
        let mut connection = PgConnection::connect(&url()).await.unwrap();
        // Each is made of the same pattern, which one at a time may use.
        sqlx::raw_sql("SELECT pg_advisory_lock(1)")
            .execute(&mut connection)
            .await
            .unwrap();
        let make = format!("CREATE DATABASE {database} ENCODING 'UTF8' TEMPLATE template0");
        sqlx::raw_sql(AssertSqlSafe(make))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        House {
            server: Server::of_tests(),
            database,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn options(&self) -> PostgresOptions {
        self.options_at(&self.server.place)
    }

    /// The server is at another place.
    pub fn options_at(&self, place: &str) -> PostgresOptions {
        let address = format!("postgres://{}@{place}/{}", self.server.user, self.database);
        let address: PostgresAddress = address.parse().unwrap();
        let address = address.with_password(&self.server.password);
        PostgresOptions::new(address, self.folder.path().join("secret.key"))
    }

    pub async fn node(&self) -> Result<SqlCatalog, CatalogError> {
        SqlCatalog::postgres(self.options()).await
    }

    /// As an administrator.
    pub async fn alter(&self, sql: &str) {
        let Server {
            user,
            password,
            place,
        } = &self.server;
        let url = format!("postgres://{user}:{password}@{place}/{}", self.database);
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

fn url() -> String {
    std::env::var("CARILLON_TEST_POSTGRES").expect(
        "CARILLON_TEST_POSTGRES must be the address of a server, as deploy/test.sh postgres does; without one nothing is tested",
    )
}

impl CatalogPlace for House {
    type Catalog = SqlCatalog;

    async fn open(&self) -> SqlCatalog {
        self.node().await.unwrap()
    }
}

impl LoginPlace for House {
    type Logins = SqlCatalog;

    async fn open(&self) -> SqlCatalog {
        self.node().await.unwrap()
    }
}

impl AlarmPlace for House {
    type Log = SqlCatalog;

    async fn open(&self) -> SqlCatalog {
        self.node().await.unwrap()
    }
}
