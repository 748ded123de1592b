use crate::service::KeyMaker;
use carillon_domain::catalog::Secret;
use carillon_domain::catalog::apply::Environment;
use std::path::PathBuf;

/// What an apply file may refer to: variables, files beside it, new keys.
pub struct Surroundings {
    /// Relative paths of the file are relative to it.
    folder: PathBuf,
    keys: KeyMaker,
}

impl Surroundings {
    pub fn new(folder: PathBuf) -> Result<Self, getrandom::Error> {
        Ok(Surroundings {
            folder,
            keys: KeyMaker::new()?,
        })
    }
}

impl Environment for Surroundings {
    fn variable(&self, name: &str) -> Result<String, String> {
        std::env::var(name).map_err(|error| error.to_string())
    }

    fn file(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.folder.join(path)).map_err(|error| error.to_string())
    }

    fn sha256(&self, text: &str) -> [u8; 32] {
        self.keys.sha256(text)
    }

    fn new_api_key(&self) -> Secret {
        self.keys.new_api_key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_beside_the_apply_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "secret\n").unwrap();
        let surroundings = Surroundings::new(folder.path().to_owned()).unwrap();
        assert_eq!(surroundings.file("key").unwrap(), "secret\n");
        assert!(surroundings.file("absent").is_err());
    }
}
