use super::arguments::{Operator, OperatorAction, OperatorRights, ResetPassword};
use crate::config::{Overrides, load};
use crate::right::{OPERATOR, generate_password, hash_password};
use crate::service::{Failed, forget_first_password, open_catalog};
use carillon_catalog::SqlCatalog;
use carillon_storage::login::Logins;
use std::io;
use std::path::Path;

/// As long as any name that can log in.
const NAME_BYTES_MAX: usize = 256;

pub fn operator(arguments: &Operator) -> Result<(), Failed> {
    let system = actix_web::rt::System::new();
    match &arguments.action {
        OperatorAction::Add(arguments) => system.block_on(add(arguments)),
        OperatorAction::Rights(arguments) => system.block_on(set_rights(arguments)),
        OperatorAction::ResetPassword(arguments) => system.block_on(reset_password(arguments)),
    }
}

/// Prints `password: …` once the operator is stored.
async fn add(arguments: &OperatorRights) -> Result<(), Failed> {
    let OperatorRights {
        name,
        rights,
        data,
        config,
    } = arguments;
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(Failed::OperatorName(name.clone()));
    }
    let (password, phc) = new_password()?;
    if !catalog(data, config.as_deref())
        .await?
        .add_operator(name, &phc, *rights)
        .await?
    {
        return Err(Failed::OperatorTaken(name.clone()));
    }
    println!("password: {password}");
    Ok(())
}

async fn set_rights(arguments: &OperatorRights) -> Result<(), Failed> {
    let OperatorRights {
        name,
        rights,
        data,
        config,
    } = arguments;
    if catalog(data, config.as_deref())
        .await?
        .set_rights(name, *rights)
        .await?
    {
        return Ok(());
    }
    Err(Failed::UnknownOperator(name.clone()))
}

/// Prints `password: …` once the new one is stored.
async fn reset_password(arguments: &ResetPassword) -> Result<(), Failed> {
    let ResetPassword { name, data, config } = arguments;
    let catalog = catalog(data, config.as_deref()).await?;
    if catalog.password(name).await?.is_none() {
        return Err(Failed::UnknownOperator(name.clone()));
    }
    let (password, phc) = new_password()?;
    catalog.set_password(name, &phc).await?;
    if name == OPERATOR {
        forget_first_password(data);
    }
    println!("password: {password}");
    Ok(())
}

/// A password and the hash that is stored of it.
fn new_password() -> Result<(String, String), Failed> {
    let password = generate_password().map_err(Failed::Random)?;
    let phc = hash_password(&password).map_err(Failed::Password)?;
    Ok((password, phc))
}

/// Opening would make a new catalog of a folder that was mistyped.
async fn catalog(data: &Path, config: Option<&Path>) -> Result<SqlCatalog, Failed> {
    if !data.is_dir() {
        return Err(Failed::Read {
            path: data.to_owned(),
            source: io::ErrorKind::NotFound.into(),
        });
    }
    let config = load(config, Overrides::default())?;
    open_catalog(data, &config).await
}
