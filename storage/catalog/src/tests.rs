use crate::SqlCatalog;
use carillon_domain::catalog::Secret;
use carillon_domain::ids::ConnectionId;
use carillon_storage::catalog::{Catalog, CatalogError};
use carillon_storage::conformance::alarm_log::AlarmPlace;
use carillon_storage::conformance::catalog::{CatalogPlace, sample};
use carillon_storage::conformance::login::LoginPlace;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(TempDir::new().unwrap())
    }

    async fn open(&self) -> SqlCatalog {
        SqlCatalog::sqlite(self.0.path()).await.unwrap()
    }
}

impl CatalogPlace for Folder {
    type Catalog = SqlCatalog;

    async fn open(&self) -> SqlCatalog {
        Folder::open(self).await
    }
}

impl LoginPlace for Folder {
    type Logins = SqlCatalog;

    async fn open(&self) -> SqlCatalog {
        Folder::open(self).await
    }
}

impl AlarmPlace for Folder {
    type Log = SqlCatalog;

    async fn open(&self) -> SqlCatalog {
        Folder::open(self).await
    }
}

carillon_storage::catalog_conformance!(Folder::new());

#[tokio::test]
async fn of_writers_at_the_same_time_one_wins() {
    let folder = Folder::new();
    let (first, second) = (folder.open().await, folder.open().await);
    let (here, there) = (sample("here"), sample("there"));
    let results = tokio::join!(
        first.replace(&here),
        second.replace(&there),
        first.replace(&there)
    );
    let results = [results.0, results.1, results.2];
    let won = results.iter().filter(|result| matches!(result, Ok(1))).count();
    let lost = results
        .iter()
        .filter(|result| matches!(result, Err(CatalogError::Stale { found: 1, .. })))
        .count();
    assert_eq!((won, lost), (1, 2), "{results:?}");
}

#[tokio::test]
async fn secrets_and_keys_are_not_readable_in_the_files() {
    let folder = Folder::new();
    let mut snapshot = sample("name");
    let password = "a-password-to-look-for";
    for connection in snapshot.connections.values_mut() {
        connection.password = Secret::new(password);
    }
    for account in snapshot.accounts.values_mut() {
        account.hmac_secret = Some(Secret::new(password));
        if let Some(webhook) = &mut account.webhook {
            webhook.secret = Secret::new(password);
        }
    }
    folder.open().await.replace(&snapshot).await.unwrap();
    for entry in fs::read_dir(folder.0.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert!(
            !bytes
                .windows(password.len())
                .any(|window| window == password.as_bytes()),
            "{path:?}"
        );
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{path:?}");
    }
}

#[tokio::test]
async fn the_numbers_of_a_removed_list_do_not_stay() {
    let folder = Folder::new();
    let catalog = folder.open().await;
    let mut snapshot = sample("name");
    catalog.replace(&snapshot).await.unwrap();
    snapshot.version = 1;
    snapshot.number_lists.clear();
    catalog.replace(&snapshot).await.unwrap();
    let connection = rusqlite::Connection::open(folder.0.path().join("catalog.db")).unwrap();
    let query = "SELECT body FROM object WHERE kind = 'number_list' AND removed_in IS NOT NULL";
    let body: String = connection.query_row(query, [], |row| row.get(0)).unwrap();
    assert_eq!(body, "");
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_refused_and_replaced_by_nothing() {
    let folder = Folder::new();
    folder.open().await.replace(&sample("name")).await.unwrap();
    let path = folder.0.path().join("secret.key");
    let key = fs::read(&path).unwrap();

    fs::remove_file(&path).unwrap();
    let refused = SqlCatalog::sqlite(folder.0.path())
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(refused.contains("is missing"), "{refused}");
    assert!(!path.exists());

    fs::write(&path, [9; 32]).unwrap();
    let refused = SqlCatalog::sqlite(folder.0.path())
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(refused.contains("is not the one of this catalog"), "{refused}");

    fs::write(&path, &key[..31]).unwrap();
    let refused = SqlCatalog::sqlite(folder.0.path())
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(refused.contains("is not 32 bytes long"), "{refused}");

    fs::write(&path, &key).unwrap();
    let snapshot = folder.open().await.snapshot().await.unwrap();
    assert_eq!(
        snapshot.connections[&ConnectionId(1)].password.reveal(),
        "name密1"
    );
}

#[tokio::test]
async fn a_sealed_secret_moved_to_another_connection_does_not_open() {
    let folder = Folder::new();
    let catalog = folder.open().await;
    catalog.replace(&sample("name")).await.unwrap();
    alter(
        &folder,
        "UPDATE object SET secret = (SELECT secret FROM object WHERE kind = 'connection' AND id = 2) \
         WHERE kind = 'connection' AND id = 1",
    );
    let refused = catalog.snapshot().await.unwrap_err();
    assert!(
        matches!(
            refused,
            CatalogError::Unreadable {
                kind: "connection",
                ..
            }
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let folder = Folder::new();
    let catalog = folder.open().await;
    catalog.replace(&sample("name")).await.unwrap();
    alter(&folder, "UPDATE object SET body = '{}' WHERE kind = 'account'");
    let refused = catalog.snapshot().await.unwrap_err();
    assert!(
        matches!(refused, CatalogError::Unreadable { kind: "account", .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = Folder::new();
    folder.open().await;
    alter(&folder, "INSERT INTO schema_version VALUES (5)");
    let refused = SqlCatalog::sqlite(folder.0.path()).await.err().unwrap();
    assert!(
        matches!(
            refused,
            CatalogError::Newer {
                found: 5,
                known: 4,
                ..
            }
        ),
        "{refused}"
    );
}

fn alter(folder: &Folder, sql: &str) {
    let connection = rusqlite::Connection::open(folder.0.path().join("catalog.db")).unwrap();
    connection.execute_batch(sql).unwrap();
}
