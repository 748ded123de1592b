use carillon_storage::catalog::CatalogError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Its name in a data folder.
pub(crate) const KEY_FILE: &str = "secret.key";
const KEY_BYTES: usize = 32;

/// The key of the secrets at rest: 32 random bytes in a file only its owner may read.
pub(crate) struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    pub fn new(path: &Path) -> Self {
        KeyFile {
            path: path.to_owned(),
        }
    }

    pub fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// The key; `None` when there is no file yet.
    pub fn load(&self) -> Result<Option<[u8; KEY_BYTES]>, CatalogError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("reading the key", error)),
        };
        let mode = fs::metadata(&self.path)
            .map_err(|error| self.failed("reading the key", error))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            tracing::warn!(path = %self.path.display(), "others may read the key of the secrets; set its mode to 600");
        }
        let key = <[u8; KEY_BYTES]>::try_from(bytes);
        key.map(Some)
            .map_err(|_| self.problem("is not 32 bytes long; restore the file from a copy"))
    }

    /// Makes a key and stores it durably before it is used.
    pub fn create(&self) -> Result<[u8; KEY_BYTES], CatalogError> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)
            .map_err(|_| self.problem("cannot be made: the system gives no randomness"))?;
        self.write(&key)
            .map_err(|error| self.failed("writing a new key", error))?;
        Ok(key)
    }

    fn write(&self, key: &[u8]) -> io::Result<()> {
        let temporary = self.path.with_added_extension("new");
        if let Err(error) = fs::remove_file(&temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(key)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(dir.unwrap_or(Path::new(".")))?.sync_all()
    }

    pub fn problem(&self, problem: &'static str) -> CatalogError {
        CatalogError::Key {
            place: self.place(),
            problem,
        }
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> CatalogError {
        CatalogError::Backend {
            operation,
            place: self.place(),
            source: source.into(),
        }
    }
}
