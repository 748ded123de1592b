use crate::database::{Database, Transaction};
use crate::named::SETTINGS;
use crate::object::Kind;
use crate::schema::{self, CATALOG_ROW, Catalog as Row};
use crate::vault::Vault;
use crate::{objects, rules};
use async_trait::async_trait;
use carillon_domain::catalog::{NextIds, Snapshot};
use carillon_storage::catalog::{Catalog, CatalogError};
use sea_query::{Expr, ExprTrait, Query};
use std::path::Path;

const FILE: &str = "catalog.db";

/// Rows of one INSERT: well below SQLite's 32,766 bound values.
pub(crate) const ROWS_PER_INSERT: usize = 1000;

/// The catalog of one installation in one folder.
pub struct SqlCatalog {
    pub(crate) database: Database,
    vault: Vault,
}

impl SqlCatalog {
    /// Opens `catalog.db` and `secret.key` in `dir`, which must exist; creates both at the first start.
    ///
    /// Errors when the key does not open the stored secrets, or is missing while there are some.
    pub async fn sqlite(dir: &Path) -> Result<Self, CatalogError> {
        let database = Database::sqlite(&dir.join(FILE)).await?;
        schema::migrate(&database).await?;
        let vault = Vault::open(&database, dir).await?;
        Ok(SqlCatalog { database, vault })
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
        write_version(&mut transaction, version).await?;
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

async fn write_version(transaction: &mut Transaction, version: u32) -> Result<(), CatalogError> {
    let update = Query::update()
        .table(Row::Table)
        .value(Row::Version, i64::from(version))
        .and_where(Expr::col(Row::Id).eq(CATALOG_ROW))
        .to_owned();
    transaction.execute("counting the version", &update).await?;
    Ok(())
}

/// The id after `highest`; the type's last one says that none is left.
fn following<Id: TryFrom<i64>>(highest: i64, last: Id) -> Id {
    Id::try_from(highest.saturating_add(1)).unwrap_or(last)
}
