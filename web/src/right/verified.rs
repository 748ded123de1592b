use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// Passwords that were verified a short while ago, so that not every request costs an argon2id.
///
/// Holds salted hashes only; the salt is of this process and never written.
pub struct Verified {
    salt: [u8; 32],
    entries: VecDeque<([u8; 32], Instant)>,
}

const KEPT: Duration = Duration::from_secs(120);
const ENTRIES_MAX: usize = 16;

impl Verified {
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt)?;
        Ok(Verified {
            salt,
            entries: VecDeque::with_capacity(ENTRIES_MAX),
        })
    }

    pub fn contains(&self, password: &[u8], now: Instant) -> bool {
        let hash = self.hash(password);
        self.entries
            .iter()
            .filter(|(_, since)| now.duration_since(*since) < KEPT)
            .fold(false, |found, (entry, _)| found | bool::from(entry.ct_eq(&hash)))
    }

    pub fn remember(&mut self, password: &[u8], now: Instant) {
        self.entries
            .retain(|(_, since)| now.duration_since(*since) < KEPT);
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        let hash = self.hash(password);
        self.entries.push_back((hash, now));
    }

    fn hash(&self, password: &[u8]) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.salt)
            .chain_update(password)
            .finalize()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_remembered_for_a_while_and_no_other_is() {
        let mut verified = Verified::new().unwrap();
        let now = Instant::now();
        assert!(!verified.contains(b"right", now));
        verified.remember(b"right", now);
        assert!(verified.contains(b"right", now));
        assert!(!verified.contains(b"wrong", now));
        assert!(!verified.contains(b"", now));
        assert!(!verified.contains(b"right", now + KEPT));
    }

    #[test]
    fn the_oldest_goes_when_there_are_many() {
        let mut verified = Verified::new().unwrap();
        let now = Instant::now();
        for n in 0..=ENTRIES_MAX {
            verified.remember(format!("password {n}").as_bytes(), now);
        }
        assert!(!verified.contains(b"password 0", now));
        assert_eq!(verified.entries.len(), ENTRIES_MAX);
    }
}
