use super::{Failed, files};
use crate::login::PASSWORD_CHARACTERS_MIN;
use crate::right::{OPERATOR, generate_password, hash_password, password_fits};
use carillon_domain::rights::Rights;
use carillon_storage::login::Logins;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Of the data folder: the password of the first start, until it is changed.
const FIRST_PASSWORD: &str = "first-password";

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
    // Of several that start for the first time, one is the first.
    let is_first = logins.add_operator(OPERATOR, &phc, Rights::ALL).await?;
    Ok(is_first.then_some(password))
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

/// Keeps the first password where its owner finds it, when there is nobody to be shown it. Gives the file.
pub fn keep_first_password(data: &Path, password: &str) -> Result<PathBuf, Failed> {
    forget_first_password(data);
    let path = data.join(FIRST_PASSWORD);
    write_password(&path, password)?;
    Ok(path)
}

/// It is not the password any more.
pub fn forget_first_password(data: &Path) {
    let path = data.join(FIRST_PASSWORD);
    if let Err(error) = fs::remove_file(&path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "the file of the first password cannot be removed");
    }
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
