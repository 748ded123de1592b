use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_domain::catalog::Secret;
use carillon_domain::catalog::apply::Environment;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::path::PathBuf;

/// Recognisable in logs and code, so that a leaked key is found.
const KEY_PREFIX: &str = "ck_";

/// What an apply file may refer to: variables, files beside it, new keys.
pub struct Surroundings {
    /// Relative paths of the file are relative to it.
    folder: PathBuf,
    /// 256 random bits from which this run's keys are derived: deriving cannot fail half way.
    seed: [u8; 32],
    keys_made: Cell<u64>,
}

impl Surroundings {
    pub fn new(folder: PathBuf) -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Surroundings {
            folder,
            seed,
            keys_made: Cell::new(0),
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
        Sha256::digest(text.as_bytes()).into()
    }

    fn new_api_key(&self) -> Secret {
        let number = self.keys_made.get();
        self.keys_made.set(number + 1);
        let bytes = Sha256::new()
            .chain_update(self.seed)
            .chain_update(number.to_be_bytes())
            .finalize();
        Secret::new(format!("{KEY_PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_never_the_same() {
        let one = Surroundings::new(PathBuf::new()).unwrap();
        let other = Surroundings::new(PathBuf::new()).unwrap();
        let keys = [one.new_api_key(), one.new_api_key(), other.new_api_key()];
        assert!(keys.iter().all(|key| key.reveal().len() == KEY_PREFIX.len() + 43));
        assert!(keys[0] != keys[1] && keys[0] != keys[2]);
    }

    #[test]
    fn files_are_found_beside_the_apply_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "secret\n").unwrap();
        let surroundings = Surroundings::new(folder.path().to_owned()).unwrap();
        assert_eq!(surroundings.file("key").unwrap(), "secret\n");
        assert!(surroundings.file("absent").is_err());
    }
}
