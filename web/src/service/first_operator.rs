use super::{Failed, files};
use crate::login::PASSWORD_CHARACTERS_MIN;
use crate::right::{OPERATOR, generate_password, hash_password, password_fits};
use carillon_storage::login::Logins;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// At the first start the operator gets a password: the one in `password_file`, else a new one, which is written there.
/// Later starts only read it back. Gives the password when it may be shown.
pub async fn first_operator(
    logins: &dyn Logins,
    password_file: Option<&Path>,
) -> Result<Option<String>, Failed> {
    let from_file = password_file
        .filter(|path| path.exists())
        .map(read_password)
        .transpose()?;
    if let Some(phc) = logins.password(OPERATOR).await? {
        let fits = |password: &String| password_fits(password.as_bytes(), &phc).map_err(Failed::Password);
        let shown = match from_file {
            Some(password) if fits(&password)? => Some(password),
            Some(_) => {
                tracing::warn!("the password file does not hold the operator's password; it is not used");
                None
            }
            None => None,
        };
        return Ok(shown);
    }
    let password = match from_file {
        Some(password) => password,
        None => {
            let password = generate_password().map_err(Failed::Random)?;
            if let Some(path) = password_file {
                write_password(path, &password)?;
            }
            password
        }
    };
    let phc = hash_password(&password).map_err(Failed::Password)?;
    logins.set_password(OPERATOR, &phc).await?;
    Ok(Some(password))
}

fn read_password(path: &Path) -> Result<String, Failed> {
    let text = files::read(path)?;
    let password = text.trim();
    if password.chars().count() < PASSWORD_CHARACTERS_MIN {
        return Err(Failed::WeakPassword {
            path: path.to_owned(),
            characters_min: PASSWORD_CHARACTERS_MIN,
        });
    }
    Ok(password.to_owned())
}

/// Readable by its owner only.
fn write_password(path: &Path, password: &str) -> Result<(), Failed> {
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        writeln!(file, "{password}")?;
        file.sync_all()
    };
    write().map_err(|source| Failed::Folder {
        operation: "writing the password to",
        path: path.to_owned(),
        source,
    })
}
