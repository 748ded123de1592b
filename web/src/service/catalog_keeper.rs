use carillon_actors::{LaneHandle, QueryError};
use carillon_domain::catalog::apply::{Applied, ApplyError, ApplyFile, EditError, Environment, resolve};
use carillon_domain::catalog::{CompileError, Compiled, LanePlace, Snapshot};
use carillon_storage::catalog::{Catalog, CatalogError};
use carillon_storage::changes::Seen;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Keeps the running service at the configuration that is stored, and changes what is stored.
pub struct CatalogKeeper {
    store: Arc<dyn Catalog>,
    lane: LaneHandle,
    /// Of the configuration the lane works by what is its own.
    place: LanePlace,
    /// One change at a time.
    turn: Mutex<()>,
}

#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("the stored configuration has version {found}, not {expected}")]
    Stale { expected: u32, found: u32 },
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("the configuration would not be valid")]
    Invalid(Vec<ApplyError>),
    #[error("the configuration cannot be used")]
    Compile(#[from] CompileError),
    #[error("the configuration cannot be built")]
    Build(#[source] actix_web::error::BlockingError),
    #[error(transparent)]
    Store(#[from] CatalogError),
    #[error(transparent)]
    Lane(#[from] QueryError),
}

/// What a change is made from, and whether it is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// Only if this version is stored.
    pub expected: Option<u32>,
    /// Only say what would change.
    pub dry_run: bool,
}

impl CatalogKeeper {
    pub fn new(store: Arc<dyn Catalog>, lane: LaneHandle, place: LanePlace) -> Self {
        CatalogKeeper {
            store,
            lane,
            place,
            turn: Mutex::new(()),
        }
    }

    /// The stored configuration as a file, and its version.
    pub async fn file(&self) -> Result<(ApplyFile, u32), ChangeError> {
        let snapshot = self.store.snapshot().await?;
        Ok((ApplyFile::of(&snapshot), snapshot.version))
    }

    /// Makes of the configuration what `edit` makes of its file. When this returns, the service works by it. The snapshot
    /// given has the version that is stored now.
    pub async fn change(
        &self,
        terms: Terms,
        environment: &dyn Environment,
        edit: impl FnOnce(&mut ApplyFile) -> Result<(), EditError>,
    ) -> Result<Applied, ChangeError> {
        let _turn = self.turn.lock().await;
        let current = self.store.snapshot().await?;
        if let Some(expected) = terms.expected.filter(|expected| *expected != current.version) {
            let found = current.version;
            return Err(ChangeError::Stale { expected, found });
        }
        let mut file = ApplyFile::of(&current);
        edit(&mut file)?;
        let next_ids = self.store.next_ids().await?;
        let mut applied = resolve(&file, &current, next_ids, environment).map_err(ChangeError::Invalid)?;
        if applied.changes.is_empty() || terms.dry_run {
            return Ok(applied);
        }
        // Before it is stored: what cannot be used must not be.
        let mut next = applied.snapshot.clone();
        next.version += 1;
        let compiled = self.compile(next).await?;
        let stored = self.store.replace(&applied.snapshot).await;
        applied.snapshot.version = stored.map_err(|error| match error {
            CatalogError::Stale { expected, found } => ChangeError::Stale { expected, found },
            error => ChangeError::Store(error),
        })?;
        self.lane.install(compiled).await?;
        Ok(applied)
    }

    /// Lets the service work by what is stored, if it does not yet.
    pub async fn take_over(&self) -> Result<(), ChangeError> {
        if self.store.version().await? == self.lane.catalog().version() {
            return Ok(());
        }
        let compiled = self.compile(self.store.snapshot().await?).await?;
        let version = compiled.version();
        if self.lane.install(compiled).await? {
            tracing::info!(version, "the service works by another configuration");
        }
        Ok(())
    }

    /// Off the web's threads: long lists take their time.
    async fn compile(&self, snapshot: Snapshot) -> Result<Arc<Compiled>, ChangeError> {
        let (working, place) = (self.lane.catalog(), self.place);
        let built = actix_web::web::block(move || working.next(Arc::new(snapshot.at(place))));
        Ok(Arc::new(built.await.map_err(ChangeError::Build)??))
    }

    /// Takes over what others store (`carillon apply`); never ends.
    pub async fn watch(&self) {
        let (mut refused, mut seen) = (None, Seen::default());
        loop {
            seen = self.store.changed(seen).await;
            let Err(error) = self.take_over().await else {
                refused = None;
                continue;
            };
            // Told once, not twice a second.
            let text = error.to_string();
            if refused.as_ref() != Some(&text) {
                tracing::error!(
                    cause = %crate::http::Chain(&error),
                    "the stored configuration cannot be taken over; the service goes on by the one before"
                );
                refused = Some(text);
            }
        }
    }
}
