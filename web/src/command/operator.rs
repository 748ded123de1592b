use super::arguments::{Operator, OperatorAction, ResetPassword};
use crate::right::{generate_password, hash_password};
use crate::service::Failed;
use carillon_embedded::catalog::EmbeddedCatalog;
use carillon_storage::login::Logins;
use std::io;

pub fn operator(arguments: &Operator) -> Result<(), Failed> {
    let OperatorAction::ResetPassword(arguments) = &arguments.action;
    actix_web::rt::System::new().block_on(reset_password(arguments))
}

/// Prints `password: …` once the new one is stored.
async fn reset_password(arguments: &ResetPassword) -> Result<(), Failed> {
    let ResetPassword { name, data } = arguments;
    // Opening would make a new catalog of a folder that was mistyped.
    if !data.is_dir() {
        return Err(Failed::Read {
            path: data.clone(),
            source: io::ErrorKind::NotFound.into(),
        });
    }
    let catalog = EmbeddedCatalog::open(data).await?;
    if catalog.password(name).await?.is_none() {
        return Err(Failed::UnknownOperator(name.clone()));
    }
    let password = generate_password().map_err(Failed::Random)?;
    let phc = hash_password(&password).map_err(Failed::Password)?;
    catalog.set_password(name, &phc, None).await?;
    println!("password: {password}");
    Ok(())
}
