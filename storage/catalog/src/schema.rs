use crate::database::{Database, Transaction};
use carillon_storage::catalog::CatalogError;
use sea_query::{ColumnDef, Iden, Index, Query, Table, TableCreateStatement};

/// Every configured object, removed ones included: their ids stay taken.
#[derive(Clone, Copy, Iden)]
pub(crate) enum Object {
    Table,
    Kind,
    Id,
    Name,
    /// Everything but secrets, as JSON.
    Body,
    /// The sealed secret of a connection.
    Secret,
    /// The catalog version that removed it.
    RemovedIn,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum RouteRule {
    Table,
    Position,
    Body,
}

/// One row: the version of the whole, and a sealed known text by which a wrong key is noticed.
#[derive(Clone, Copy, Iden)]
pub(crate) enum Catalog {
    Table,
    Id,
    Version,
    KeyCheck,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum Operator {
    Table,
    Name,
    Password,
}

/// What operators may do, as words with commas between; one who is not named may do everything.
#[derive(Clone, Copy, Iden)]
pub(crate) enum OperatorRights {
    Table,
    Operator,
    Rights,
}

/// Operators who have logged in.
#[derive(Clone, Copy, Iden)]
pub(crate) enum Session {
    Table,
    /// SHA-256 of what the cookie holds.
    Secret,
    Operator,
    Created,
    Used,
    Source,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum WallToken {
    Table,
    /// SHA-256 of what the link holds.
    Secret,
    Name,
    Organisation,
    Created,
    CreatedBy,
    Expires,
    Used,
}

/// Every alarm; `Body` is empty of one that only keeps its number taken.
#[derive(Clone, Copy, Iden)]
pub(crate) enum Alarm {
    Table,
    Id,
    Cleared,
    /// As JSON.
    Body,
}

#[derive(Clone, Copy, Iden)]
pub(crate) enum Setting {
    Table,
    Name,
    Value,
}

#[derive(Clone, Copy, Iden)]
enum SchemaVersion {
    Table,
    Version,
}

/// The id of the one row of [`Catalog`].
pub(crate) const CATALOG_ROW: i64 = 1;

/// Brings the schema up to date. Version n of the schema is what the first n migrations make.
pub(crate) async fn migrate(database: &Database) -> Result<(), CatalogError> {
    let migrations = [first_schema(), logins(), alarms(), operator_rights()];
    let known = migrations.len() as u32;
    let mut transaction = database.write().await?;
    transaction
        .define(
            Table::create().table(SchemaVersion::Table).if_not_exists().col(
                ColumnDef::new(SchemaVersion::Version)
                    .big_integer()
                    .not_null()
                    .primary_key(),
            ),
        )
        .await?;
    let found = version(&mut transaction).await?;
    if found > known {
        return Err(CatalogError::Newer {
            place: database.place().to_owned(),
            found,
            known,
        });
    }
    for (tables, version) in migrations.iter().zip(1u32..).skip(found as usize) {
        for table in tables {
            transaction.define(table).await?;
        }
        let mark = Query::insert()
            .into_table(SchemaVersion::Table)
            .columns([SchemaVersion::Version])
            .values_panic([i64::from(version).into()])
            .to_owned();
        transaction.execute("marking the schema", &mark).await?;
    }
    if found == 0 {
        let row = Query::insert()
            .into_table(Catalog::Table)
            .columns([Catalog::Id, Catalog::Version])
            .values_panic([CATALOG_ROW.into(), 0i64.into()])
            .to_owned();
        transaction.execute("starting the catalog", &row).await?;
    }
    transaction.commit().await
}

async fn version(transaction: &mut Transaction) -> Result<u32, CatalogError> {
    let query = Query::select()
        .column(SchemaVersion::Version)
        .from(SchemaVersion::Table)
        .to_owned();
    let rows: Vec<(i64,)> = transaction.rows("reading the schema's version", &query).await?;
    Ok(rows.into_iter().map(|(version,)| version).max().unwrap_or(0) as u32)
}

fn first_schema() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table(Object::Table)
            .col(ColumnDef::new(Object::Kind).text().not_null())
            .col(ColumnDef::new(Object::Id).big_integer().not_null())
            .col(ColumnDef::new(Object::Name).text().not_null())
            .col(ColumnDef::new(Object::Body).text().not_null())
            .col(ColumnDef::new(Object::Secret).binary())
            .col(ColumnDef::new(Object::RemovedIn).big_integer())
            .primary_key(Index::create().col(Object::Kind).col(Object::Id))
            .to_owned(),
        Table::create()
            .table(RouteRule::Table)
            .col(
                ColumnDef::new(RouteRule::Position)
                    .big_integer()
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new(RouteRule::Body).text().not_null())
            .to_owned(),
        Table::create()
            .table(Catalog::Table)
            .col(ColumnDef::new(Catalog::Id).big_integer().not_null().primary_key())
            .col(ColumnDef::new(Catalog::Version).big_integer().not_null())
            .col(ColumnDef::new(Catalog::KeyCheck).binary())
            .to_owned(),
        Table::create()
            .table(Operator::Table)
            .col(ColumnDef::new(Operator::Name).text().not_null().primary_key())
            .col(ColumnDef::new(Operator::Password).text().not_null())
            .to_owned(),
        Table::create()
            .table(Setting::Table)
            .col(ColumnDef::new(Setting::Name).text().not_null().primary_key())
            .col(ColumnDef::new(Setting::Value).text().not_null())
            .to_owned(),
    ]
}

/// Version 2.
fn logins() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table(Session::Table)
            .col(ColumnDef::new(Session::Secret).binary().not_null().primary_key())
            .col(ColumnDef::new(Session::Operator).text().not_null())
            .col(ColumnDef::new(Session::Created).big_integer().not_null())
            .col(ColumnDef::new(Session::Used).big_integer().not_null())
            .col(ColumnDef::new(Session::Source).text().not_null())
            .to_owned(),
        Table::create()
            .table(WallToken::Table)
            .col(
                ColumnDef::new(WallToken::Secret)
                    .binary()
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new(WallToken::Name).text().not_null())
            .col(ColumnDef::new(WallToken::Organisation).big_integer())
            .col(ColumnDef::new(WallToken::Created).big_integer().not_null())
            .col(ColumnDef::new(WallToken::CreatedBy).text().not_null())
            .col(ColumnDef::new(WallToken::Expires).big_integer())
            .col(ColumnDef::new(WallToken::Used).big_integer())
            .to_owned(),
    ]
}

/// Version 3.
fn alarms() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table(Alarm::Table)
            .col(ColumnDef::new(Alarm::Id).big_integer().not_null().primary_key())
            .col(ColumnDef::new(Alarm::Cleared).big_integer())
            .col(ColumnDef::new(Alarm::Body).text())
            .to_owned(),
    ]
}

/// Version 4.
fn operator_rights() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table(OperatorRights::Table)
            .col(
                ColumnDef::new(OperatorRights::Operator)
                    .text()
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new(OperatorRights::Rights).text().not_null())
            .to_owned(),
    ]
}
