use super::Failed;
use crate::config::Config;
use crate::http::Chain;
use carillon_actors::backoff::Backoff;
use carillon_catalog::SqlCatalog;
use std::path::Path;
use std::time::Duration;

/// The first and the longest wait before a database that is away is tried again.
const AGAIN_FIRST: Duration = Duration::from_millis(500);
const AGAIN_MAX: Duration = Duration::from_secs(10);

/// The catalog that the settings name: of this node in the data folder, of several in a database.
pub async fn open_catalog(data: &Path, config: &Config) -> Result<SqlCatalog, Failed> {
    let Some(options) = config.catalog_options(data)? else {
        return Ok(SqlCatalog::sqlite(data).await?);
    };
    let lane = u16::try_from(config.kafka.lane).unwrap_or(u16::MAX);
    Ok(SqlCatalog::postgres(options).await?.of_lane(lane))
}

/// The same; a database that is away is waited for, so that all may start at once.
pub async fn await_catalog(data: &Path, config: &Config) -> Result<SqlCatalog, Failed> {
    let mut backoff = Backoff::new(AGAIN_FIRST, AGAIN_MAX);
    let mut told = None;
    loop {
        let error = match open_catalog(data, config).await {
            Err(Failed::Catalog(error)) if error.is_passing() => error,
            opened => return opened,
        };
        let text = Chain(&error).to_string();
        if told.as_ref() != Some(&text) {
            tracing::error!(
                cause = text,
                "the service cannot start without its catalog; it is tried again until it works"
            );
            told = Some(text);
        }
        tokio::time::sleep(backoff.next(rand::random())).await;
    }
}
