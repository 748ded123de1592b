//! The rows of the objects, and what of them a change touches.

use crate::database::Transaction;
use crate::object::{self, Key, Kind, Stored};
use crate::schema::Object;
use crate::store::ROWS_PER_INSERT;
use crate::vault::Vault;
use carillon_domain::catalog::Snapshot;
use carillon_storage::catalog::CatalogError;
use sea_query::{Expr, ExprTrait, Func, Query};
use std::collections::HashMap;

#[derive(sqlx::FromRow)]
struct ObjectRow {
    kind: String,
    id: i64,
    name: String,
    body: String,
    secret: Option<Vec<u8>>,
    removed_in: Option<i64>,
}

/// Puts all objects that are not removed into `snapshot`.
pub(crate) async fn read(
    transaction: &mut Transaction,
    vault: &Vault,
    snapshot: &mut Snapshot,
) -> Result<(), CatalogError> {
    for (key, row) in rows(transaction).await? {
        if row.removed_in.is_none() {
            let secret = row.secret.map(|sealed| vault.unseal(key, &sealed)).transpose()?;
            object::restore(key.kind, &row.body, secret, snapshot)?;
        }
    }
    Ok(())
}

/// Writes what differs between the stored objects and `next`, which becomes `version`.
pub(crate) async fn write(
    transaction: &mut Transaction,
    vault: &Vault,
    next: &Snapshot,
    version: u32,
) -> Result<(), CatalogError> {
    let mut known: HashMap<Key, ObjectRow> = rows(transaction).await?.into_iter().collect();
    let mut new = Vec::new();
    for object in object::stored(next)? {
        match known.remove(&object.key) {
            None => new.push(object),
            Some(row) => update(transaction, vault, object, row).await?,
        }
    }
    for objects in new.chunks(ROWS_PER_INSERT) {
        insert(transaction, vault, objects).await?;
    }
    for (key, row) in known {
        if row.removed_in.is_none() {
            remove(transaction, key, version).await?;
        }
    }
    Ok(())
}

/// The highest id of each kind, removed objects included.
pub(crate) async fn highest_ids(transaction: &mut Transaction) -> Result<Vec<(Kind, i64)>, CatalogError> {
    let query = Query::select()
        .column(Object::Kind)
        .expr(Func::max(Expr::col(Object::Id)))
        .from(Object::Table)
        .group_by_col(Object::Kind)
        .to_owned();
    let highest: Vec<(String, i64)> = transaction.rows("reading the ids", &query).await?;
    highest
        .into_iter()
        .map(|(kind, id)| Ok((Kind::from_word(&kind)?, id)))
        .collect()
}

async fn rows(transaction: &mut Transaction) -> Result<Vec<(Key, ObjectRow)>, CatalogError> {
    let query = Query::select()
        .columns([
            Object::Kind,
            Object::Id,
            Object::Name,
            Object::Body,
            Object::Secret,
            Object::RemovedIn,
        ])
        .from(Object::Table)
        .to_owned();
    let rows: Vec<ObjectRow> = transaction.rows("reading the objects", &query).await?;
    rows.into_iter()
        .map(|row| {
            Ok((
                Key {
                    kind: Kind::from_word(&row.kind)?,
                    id: row.id,
                },
                row,
            ))
        })
        .collect()
}

async fn insert(
    transaction: &mut Transaction,
    vault: &Vault,
    objects: &[Stored],
) -> Result<(), CatalogError> {
    let mut insert = Query::insert();
    insert.into_table(Object::Table).columns([
        Object::Kind,
        Object::Id,
        Object::Name,
        Object::Body,
        Object::Secret,
    ]);
    for object in objects {
        let secret = object
            .secret
            .as_ref()
            .map(|secret| vault.seal(object.key, secret))
            .transpose()?;
        insert.values_panic([
            object.key.kind.word().into(),
            object.key.id.into(),
            object.name.as_str().into(),
            object.body.as_str().into(),
            secret.into(),
        ]);
    }
    transaction.execute("adding objects", &insert).await?;
    Ok(())
}

async fn update(
    transaction: &mut Transaction,
    vault: &Vault,
    object: Stored,
    row: ObjectRow,
) -> Result<(), CatalogError> {
    let known_secret = row
        .secret
        .map(|sealed| vault.unseal(object.key, &sealed))
        .transpose()?;
    let same = row.removed_in.is_none()
        && row.name == object.name
        && row.body == object.body
        && known_secret == object.secret;
    if same {
        return Ok(());
    }
    let secret = object
        .secret
        .as_ref()
        .map(|secret| vault.seal(object.key, secret))
        .transpose()?;
    let update = Query::update()
        .table(Object::Table)
        .value(Object::Name, object.name)
        .value(Object::Body, object.body)
        .value(Object::Secret, secret)
        .value(Object::RemovedIn, Option::<i64>::None)
        .and_where(Expr::col(Object::Kind).eq(object.key.kind.word()))
        .and_where(Expr::col(Object::Id).eq(object.key.id))
        .to_owned();
    transaction.execute("changing an object", &update).await?;
    Ok(())
}

async fn remove(transaction: &mut Transaction, key: Key, version: u32) -> Result<(), CatalogError> {
    // The journal still names the object by its id; nothing needs its secret any more.
    let mut update = Query::update();
    update
        .table(Object::Table)
        .value(Object::RemovedIn, i64::from(version))
        .value(Object::Secret, Option::<Vec<u8>>::None)
        .and_where(Expr::col(Object::Kind).eq(key.kind.word()))
        .and_where(Expr::col(Object::Id).eq(key.id));
    if key.kind.is_list() {
        // A million numbers of people are not kept for an id.
        update.value(Object::Body, "");
    }
    transaction.execute("removing an object", &update).await?;
    Ok(())
}
