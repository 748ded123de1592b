use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_domain::catalog::Secret;
use sha2::{Digest, Sha256};
use std::cell::Cell;

/// Recognisable in logs and code, so that a leaked key is found.
const KEY_PREFIX: &str = "ck_";

/// Makes API keys.
pub struct KeyMaker {
    /// 256 random bits from which this run's keys are derived: deriving cannot fail half way.
    seed: [u8; 32],
    keys_made: Cell<u64>,
}

impl KeyMaker {
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(KeyMaker {
            seed,
            keys_made: Cell::new(0),
        })
    }

    /// A fresh key of 256 bits.
    pub fn new_api_key(&self) -> Secret {
        let number = self.keys_made.get();
        self.keys_made.set(number + 1);
        let bytes = Sha256::new()
            .chain_update(self.seed)
            .chain_update(number.to_be_bytes())
            .finalize();
        Secret::new(format!("{KEY_PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    pub fn sha256(&self, text: &str) -> [u8; 32] {
        Sha256::digest(text.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_never_the_same() {
        let (one, other) = (KeyMaker::new().unwrap(), KeyMaker::new().unwrap());
        let keys = [one.new_api_key(), one.new_api_key(), other.new_api_key()];
        assert!(keys.iter().all(|key| key.reveal().len() == KEY_PREFIX.len() + 43));
        assert!(keys[0] != keys[1] && keys[0] != keys[2]);
    }
}
