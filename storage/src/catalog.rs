//! The catalog: what operators configure.

use crate::changes::Changes;
use async_trait::async_trait;
use carillon_domain::catalog::Snapshot;

pub use carillon_domain::catalog::NextIds;

/// Everything that is configured. One writer at a time; a change is whole or not at all.
#[async_trait]
pub trait Catalog: Changes {
    /// The whole configuration as it is now, connections' passwords included.
    async fn snapshot(&self) -> Result<Snapshot, CatalogError>;

    /// The stored version alone; cheap enough to be asked twice a second.
    async fn version(&self) -> Result<u32, CatalogError>;

    /// Replaces the configuration with `next`, whose `version` must be the stored one; the stored version grows by one and
    /// is returned. Fails with [`CatalogError::Stale`] when somebody else was faster. Ids that stand in the journal are
    /// never reused: objects that go are kept as removed, so that their ids stay taken.
    async fn replace(&self, next: &Snapshot) -> Result<u32, CatalogError>;

    /// The next free numeric ids, one counter per kind of object; never below an id ever used.
    async fn next_ids(&self) -> Result<NextIds, CatalogError>;

    /// A named value of the installation itself (e.g. the first-start mark).
    async fn setting(&self, name: &str) -> Result<Option<String>, CatalogError>;

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), CatalogError>;
}

impl CatalogError {
    /// Whether the same may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self, CatalogError::Unavailable { .. })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("the catalog changed meanwhile: expected version {expected}, found {found}; read it again")]
    Stale { expected: u32, found: u32 },
    #[error("{operation} in the catalog at {place}")]
    Backend {
        operation: &'static str,
        place: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The same may succeed later; nobody need repair anything but the store. When it was being committed, nobody knows
    /// whether it was.
    #[error("{operation} in the catalog at {place}, which is not available now")]
    Unavailable {
        operation: &'static str,
        place: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the catalog holds a {kind} that cannot be read: {detail}")]
    Unreadable { kind: &'static str, detail: String },
    #[error("the key of the catalog's secrets at {place} {problem}")]
    Key { place: String, problem: &'static str },
    #[error(
        "the catalog at {place} has schema {found}, this program knows up to {known}; take a newer program"
    )]
    Newer { place: String, found: u32, known: u32 },
}
