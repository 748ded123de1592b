use super::Failed;
use crate::config::Config;
use carillon_catalog::SqlCatalog;
use std::path::Path;

/// The catalog that the settings name: of this node in the data folder, of several in a database.
pub async fn open_catalog(data: &Path, config: &Config) -> Result<SqlCatalog, Failed> {
    let Some(options) = config.catalog_options(data)? else {
        return Ok(SqlCatalog::sqlite(data).await?);
    };
    Ok(SqlCatalog::postgres(options).await?.of_lane(config.place().lane))
}
