use crate::database::{Database, Transaction};
use crate::key_file::KEY_FILE;
use crate::named::SETTINGS;
use crate::notices::Notices;
use crate::object::Kind;
use crate::postgres::PostgresAddress;
use crate::schema::{self, CATALOG_ROW, Catalog as Row};
use crate::vault::Vault;
use crate::{objects, rules};
use async_trait::async_trait;
use carillon_domain::catalog::{NextIds, Snapshot};
use carillon_storage::catalog::{Catalog, CatalogError};
use carillon_storage::changes::{Changes, Seen};
use sea_query::{Expr, ExprTrait, Query};
use std::path::{Path, PathBuf};
use std::time::Duration;

const FILE: &str = "catalog.db";

/// How often the store is asked whether somebody else changed it, whether it tells of changes or not.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Rows of one INSERT: well below the bound values of a statement, 32,766 in SQLite and 65,535 in PostgreSQL.
pub(crate) const ROWS_PER_INSERT: usize = 1000;

/// The catalog of one installation, of one process or of several.
pub struct SqlCatalog {
    pub(crate) database: Database,
    pub(crate) notices: Notices,
    /// Whose alarms are kept.
    pub(crate) lane: u16,
    vault: Vault,
}

/// How the catalog of a cluster is reached.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    pub address: PostgresAddress,
    /// The key of the secrets, the same one for all nodes; made at the very first start.
    pub key_file: PathBuf,
    /// How often who waits for changes looks, besides being told.
    pub look_every: Duration,
}

impl PostgresOptions {
    pub fn new(address: PostgresAddress, key_file: PathBuf) -> Self {
        PostgresOptions {
            address,
            key_file,
            look_every: LOOK_EVERY,
        }
    }
}

impl SqlCatalog {
    /// Opens `catalog.db` and `secret.key` in `dir`, which must exist; creates both at the first start.
    ///
    /// Errors when the key does not open the stored secrets, or is missing while there are some.
    pub async fn sqlite(dir: &Path) -> Result<Self, CatalogError> {
        let database = Database::sqlite(&dir.join(FILE)).await?;
        SqlCatalog::open(database, &dir.join(KEY_FILE), LOOK_EVERY).await
    }

    /// Opens a database that must exist, and makes its tables at the first start; several nodes may do so at once.
    ///
    /// Errors within seconds when the server cannot be reached, and as [`SqlCatalog::sqlite`] does; trying again is up to
    /// the caller, see [`CatalogError::is_passing`].
    pub async fn postgres(options: PostgresOptions) -> Result<Self, CatalogError> {
        let database = Database::postgres(options.address.into_options()).await?;
        SqlCatalog::open(database, &options.key_file, options.look_every).await
    }

    /// The same catalog, with the alarms of this lane: each lane numbers its own. Lane 0 without it.
    pub fn of_lane(self, lane: u16) -> Self {
        SqlCatalog { lane, ..self }
    }

    async fn open(database: Database, key_file: &Path, look_every: Duration) -> Result<Self, CatalogError> {
        schema::migrate(&database).await?;
        let vault = Vault::open(&database, key_file).await?;
        Ok(SqlCatalog {
            database,
            notices: Notices::new(look_every),
            lane: 0,
            vault,
        })
    }
}

#[async_trait]
impl Changes for SqlCatalog {
    async fn changed(&self, seen: Seen) -> Seen {
        self.notices.changed(&self.database, seen).await
    }
}

#[async_trait]
impl Catalog for SqlCatalog {
    async fn snapshot(&self) -> Result<Snapshot, CatalogError> {
        let mut transaction = self.database.read().await?;
        let version = read_version(&mut transaction).await?;
        let mut snapshot = Snapshot {
            version,
            ..Snapshot::default()
        };
        objects::read(&mut transaction, &self.vault, &mut snapshot).await?;
        rules::read(&mut transaction, &mut snapshot).await?;
        Ok(snapshot)
    }

    async fn version(&self) -> Result<u32, CatalogError> {
        read_version(&mut self.database.read().await?).await
    }

    async fn replace(&self, next: &Snapshot) -> Result<u32, CatalogError> {
        let mut transaction = self.database.write().await?;
        let found = read_version(&mut transaction).await?;
        if found != next.version {
            return Err(CatalogError::Stale {
                expected: next.version,
                found,
            });
        }
        let version = found + 1;
        objects::write(&mut transaction, &self.vault, next, version).await?;
        rules::write(&mut transaction, next).await?;
        write_version(&mut transaction, found, version).await?;
        transaction.tell().await?;
        transaction.commit().await?;
        Ok(version)
    }

    async fn next_ids(&self) -> Result<NextIds, CatalogError> {
        let mut transaction = self.database.read().await?;
        let mut next = NextIds::default();
        for (kind, highest) in objects::highest_ids(&mut transaction).await? {
            match kind {
                Kind::Organisation => next.organisation = following(highest, u32::MAX),
                Kind::Account => next.account = following(highest, u32::MAX),
                Kind::Connection => next.connection = following(highest, u16::MAX),
                Kind::RouteGroup => next.route_group = following(highest, u16::MAX),
                Kind::BusinessType => next.business_type = following(highest, u16::MAX),
                Kind::Template => next.template = following(highest, u32::MAX),
                Kind::Strategy => next.strategy = following(highest, u32::MAX),
                Kind::WordList => next.word_list = following(highest, u32::MAX),
                Kind::NumberList => next.number_list = following(highest, u32::MAX),
            }
        }
        Ok(next)
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, CatalogError> {
        SETTINGS.get(&self.database, name).await
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), CatalogError> {
        SETTINGS.set(&self.database, name, value).await
    }
}

async fn read_version(transaction: &mut Transaction) -> Result<u32, CatalogError> {
    let query = Query::select()
        .column(Row::Version)
        .from(Row::Table)
        .and_where(Expr::col(Row::Id).eq(CATALOG_ROW))
        .to_owned();
    let rows: Vec<(i64,)> = transaction.rows("reading the version", &query).await?;
    let version = rows.first().and_then(|(version,)| u32::try_from(*version).ok());
    version.ok_or_else(|| CatalogError::Unreadable {
        kind: "version",
        detail: format!("{rows:?}"),
    })
}

/// Only over the version it was made from: whoever changes the database past us must not be lost either.
async fn write_version(transaction: &mut Transaction, from: u32, to: u32) -> Result<(), CatalogError> {
    let update = Query::update()
        .table(Row::Table)
        .value(Row::Version, i64::from(to))
        .and_where(Expr::col(Row::Id).eq(CATALOG_ROW))
        .and_where(Expr::col(Row::Version).eq(i64::from(from)))
        .to_owned();
    if transaction.execute("counting the version", &update).await? == 0 {
        let found = read_version(transaction).await?;
        return Err(CatalogError::Stale {
            expected: from,
            found,
        });
    }
    Ok(())
}

/// The id after `highest`; the type's last one says that none is left.
fn following<Id: TryFrom<i64>>(highest: i64, last: Id) -> Id {
    Id::try_from(highest.saturating_add(1)).unwrap_or(last)
}
