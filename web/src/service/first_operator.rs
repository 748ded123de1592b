use super::{Failed, files};
use crate::right::{OPERATOR, generate_password, hash_password, password_fits};
use carillon_storage::catalog::Catalog;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A password from a file has at least this many characters.
const CHARACTERS_MIN: usize = 12;

/// The stored hash of the operator's password, and the password itself when it may be shown.
pub struct FirstOperator {
    pub phc: String,
    pub shown: Option<String>,
}

/// At the first start the operator gets a password: the one in `password_file`, else a new one, which is written there.
/// Later starts only read it back, to be shown again.
pub async fn first_operator(
    catalog: &dyn Catalog,
    password_file: Option<&Path>,
) -> Result<FirstOperator, Failed> {
    let from_file = password_file
        .filter(|path| path.exists())
        .map(read_password)
        .transpose()?;
    if let Some(phc) = catalog.operator_password(OPERATOR).await? {
        let fits = |password: &String| password_fits(password.as_bytes(), &phc).map_err(Failed::Password);
        let shown = match from_file {
            Some(password) if fits(&password)? => Some(password),
            Some(_) => {
                tracing::warn!("the password file does not hold the operator's password; it is not used");
                None
            }
            None => None,
        };
        return Ok(FirstOperator { phc, shown });
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
    catalog.set_operator_password(OPERATOR, &phc).await?;
    Ok(FirstOperator {
        phc,
        shown: Some(password),
    })
}

fn read_password(path: &Path) -> Result<String, Failed> {
    let text = files::read(path)?;
    let password = text.trim();
    if password.chars().count() < CHARACTERS_MIN {
        return Err(Failed::WeakPassword {
            path: path.to_owned(),
            characters_min: CHARACTERS_MIN,
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
