use super::arguments::Apply;
use super::environment::Surroundings;
use crate::config::{Overrides, load};
use crate::service::{Failed, data_folder, open_catalog, read};
use carillon_domain::catalog::apply::{ApplyFile, resolve};
use carillon_storage::catalog::Catalog;
use std::path::{Path, PathBuf};

/// Prints each change on a line of its own before it acts, then every new key once, as `api-key ACCOUNT: KEY`.
pub fn apply(arguments: &Apply) -> Result<(), Failed> {
    actix_web::rt::System::new().block_on(apply_to_catalog(arguments))
}

async fn apply_to_catalog(arguments: &Apply) -> Result<(), Failed> {
    let path = &arguments.file;
    let text = read(path)?;
    let file: ApplyFile = toml::from_str(&text).map_err(|source| Failed::Toml {
        path: path.clone(),
        source: Box::new(source),
    })?;
    let config = load(arguments.config.as_deref(), Overrides::default())?;
    data_folder(&arguments.data)?;
    let catalog = open_catalog(&arguments.data, &config).await?;
    let current = catalog.snapshot().await?;
    let surroundings = Surroundings::new(folder_of(path)).map_err(Failed::Random)?;
    let applied = resolve(&file, &current, catalog.next_ids().await?, &surroundings).map_err(|errors| {
        Failed::Apply {
            path: path.clone(),
            errors,
        }
    })?;
    for change in &applied.changes {
        println!("{change}");
    }
    if applied.changes.is_empty() {
        println!(
            "nothing to change: the catalog is what {} says (version {})",
            path.display(),
            current.version
        );
        return Ok(());
    }
    if arguments.dry_run {
        println!("dry run: {} changes, none was made", applied.changes.len());
        return Ok(());
    }
    let version = catalog.replace(&applied.snapshot).await?;
    println!(
        "applied {} changes: version {version}; a running service works by it within a second",
        applied.changes.len()
    );
    // Only now: a key that is shown must be one that works.
    for new in &applied.new_keys {
        println!("api-key {}: {}", new.account, new.key.reveal());
    }
    Ok(())
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}
