use crate::database::{Database, Transaction};
use crate::key_file::KeyFile;
use crate::object::Key;
use crate::schema::{CATALOG_ROW, Catalog};
use crate::seal::{NONCE_BYTES, Sealer};
use carillon_domain::catalog::Secret;
use carillon_storage::catalog::CatalogError;
use sea_query::{Expr, ExprTrait, Query};
use std::path::Path;

/// The owner and the text of the seal by which a wrong key is noticed.
const CHECK: (&str, &[u8]) = ("key check", b"carillon");

/// Seals and opens the secrets of the catalog with the installation's key.
pub(crate) struct Vault {
    key: KeyFile,
    sealer: Sealer,
}

impl Vault {
    /// Loads or creates the key in its file, and proves that it is the one of this catalog.
    pub async fn open(database: &Database, key_file: &Path) -> Result<Self, CatalogError> {
        let key = KeyFile::new(key_file);
        let mut transaction = database.write().await?;
        let loaded = key.load()?;
        let Some(check) = read_check(&mut transaction).await? else {
            let bytes = loaded.map_or_else(|| key.create(), Ok)?;
            let vault = Vault {
                sealer: Sealer::new(&bytes),
                key,
            };
            write_check(&mut transaction, vault.seal_text(CHECK.0, CHECK.1)?).await?;
            transaction.commit().await?;
            return Ok(vault);
        };
        let bytes = loaded.ok_or_else(|| {
            key.problem("is missing, and the catalog holds secrets; restore the file from a copy, or take that of another node")
        })?;
        let sealer = Sealer::new(&bytes);
        match sealer.open(CHECK.0, &check) {
            Ok(_) => Ok(Vault { key, sealer }),
            Err(_) => Err(key.problem("is not the one of this catalog; restore the right file from a copy, or take that of another node")),
        }
    }

    pub fn seal(&self, owner: Key, secret: &Secret) -> Result<Vec<u8>, CatalogError> {
        self.seal_text(&owner.owner(), secret.reveal().as_bytes())
    }

    pub fn unseal(&self, owner: Key, sealed: &[u8]) -> Result<Secret, CatalogError> {
        let text = self.sealer.open(&owner.owner(), sealed).ok();
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
        text.map(Secret::new).ok_or_else(|| CatalogError::Unreadable {
            kind: owner.kind.word(),
            detail: format!("the secret of number {} does not open", owner.id),
        })
    }

    fn seal_text(&self, owner: &str, text: &[u8]) -> Result<Vec<u8>, CatalogError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)
            .map_err(|_| self.key.problem("cannot be used: the system gives no randomness"))?;
        Ok(self.sealer.seal(owner, text, nonce))
    }
}

async fn read_check(transaction: &mut Transaction) -> Result<Option<Vec<u8>>, CatalogError> {
    let query = Query::select()
        .column(Catalog::KeyCheck)
        .from(Catalog::Table)
        .and_where(Expr::col(Catalog::Id).eq(CATALOG_ROW))
        .to_owned();
    let rows: Vec<(Option<Vec<u8>>,)> = transaction.rows("reading the key's check", &query).await?;
    Ok(rows.into_iter().find_map(|(check,)| check))
}

async fn write_check(transaction: &mut Transaction, check: Vec<u8>) -> Result<(), CatalogError> {
    let update = Query::update()
        .table(Catalog::Table)
        .value(Catalog::KeyCheck, check)
        .and_where(Expr::col(Catalog::Id).eq(CATALOG_ROW))
        .to_owned();
    transaction.execute("storing the key's check", &update).await?;
    Ok(())
}
