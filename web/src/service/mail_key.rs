use super::Failed;
use carillon_actors::mail::RETURN_PATH_KEY_BYTES;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const NAME: &str = "mail.key";

/// The key under which return paths are made: random bytes in a file only its owner may read, made at the first start. With
/// another key the bounces of mails sent before are not known.
pub fn mail_key(data: &Path) -> Result<[u8; RETURN_PATH_KEY_BYTES], Failed> {
    let path = data.join(NAME);
    let unreadable = |source| Failed::Read {
        path: path.clone(),
        source,
    };
    match fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            unreadable(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is not 32 bytes long",
            ))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; RETURN_PATH_KEY_BYTES];
            getrandom::fill(&mut key).map_err(Failed::Random)?;
            write(&path, &key).map_err(|source| Failed::Folder {
                operation: "writing",
                path: path.clone(),
                source,
            })?;
            Ok(key)
        }
        Err(error) => Err(unreadable(error)),
    }
}

/// Durable before it is used, and never half there.
fn write(path: &Path, key: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("key.new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(key)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_is_made_once_and_belongs_to_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let key = mail_key(folder.path()).unwrap();
        assert_ne!(key, [0; RETURN_PATH_KEY_BYTES]);
        assert_eq!(mail_key(folder.path()).unwrap(), key);
        let mode = fs::metadata(folder.path().join(NAME))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(mail_key(other.path()).unwrap(), key);
    }

    #[test]
    fn a_damaged_key_is_told_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), b"short").unwrap();
        assert!(mail_key(folder.path()).is_err());
        assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), b"short");
    }
}
