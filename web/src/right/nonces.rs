use carillon_domain::ids::AccountId;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// How far a signed request's time may be from ours, in seconds.
pub const WINDOW_S: u64 = 300;

/// Nonces remembered over all accounts: about 40 MB.
const NONCES_MAX: usize = 1_000_000;
/// One account may have half of them.
const NONCES_PER_ACCOUNT_MAX: usize = NONCES_MAX / 2;
/// Nonces of so many seconds are forgotten together.
const SLOT_S: u64 = 10;

/// Nonces of signed requests, each remembered as long as its time is inside the window: no request is taken twice.
///
/// They are not kept over a restart. Instead, what was signed before the start is refused.
pub struct Nonces {
    started_s: u64,
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    /// By the time they are forgotten at, in units of [`SLOT_S`].
    by_end: BTreeMap<u64, Slot>,
    total: usize,
}

#[derive(Default)]
struct Slot {
    nonces: HashSet<[u8; 16]>,
    per_account: BTreeMap<AccountId, usize>,
}

/// Why a signed request may not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Its time is outside the window.
    OutsideWindow,
    /// It was signed before the service started: it may have been taken by the process before.
    BeforeStart,
    /// It was taken already.
    Repeated,
    /// Too many are remembered.
    Full,
}

impl Nonces {
    pub fn new() -> Self {
        Nonces::started_at(unix_s())
    }

    fn started_at(started_s: u64) -> Self {
        Nonces {
            started_s,
            slots: Mutex::default(),
        }
    }

    /// Whether a request of this time may be taken at all.
    pub fn check_time(&self, signed_s: u64, now_s: u64) -> Result<(), Stale> {
        if signed_s.abs_diff(now_s) > WINDOW_S {
            Err(Stale::OutsideWindow)
        } else if signed_s < self.started_s {
            Err(Stale::BeforeStart)
        } else {
            Ok(())
        }
    }

    /// Takes a nonce, once. To be called for requests whose signature is right: nobody else can fill the memory.
    pub fn take(&self, account: AccountId, nonce: &str, signed_s: u64, now_s: u64) -> Result<(), Stale> {
        self.check_time(signed_s, now_s)?;
        let digest = Sha256::new()
            .chain_update(account.0.to_be_bytes())
            .chain_update(nonce)
            .finalize();
        let hash: [u8; 16] = digest[..16].try_into().expect("SHA-256 has 32 bytes");
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.forget(now_s);
        // The same nonce under another time is another request with another signature; it is refused all the same.
        if slots.by_end.values().any(|slot| slot.nonces.contains(&hash)) {
            return Err(Stale::Repeated);
        }
        let of_account: usize = slots
            .by_end
            .values()
            .filter_map(|slot| slot.per_account.get(&account))
            .sum();
        if slots.total >= NONCES_MAX || of_account >= NONCES_PER_ACCOUNT_MAX {
            return Err(Stale::Full);
        }
        let slot = slots
            .by_end
            .entry((signed_s + WINDOW_S) / SLOT_S + 1)
            .or_default();
        slot.nonces.insert(hash);
        *slot.per_account.entry(account).or_default() += 1;
        slots.total += 1;
        Ok(())
    }
}

impl Default for Nonces {
    fn default() -> Self {
        Self::new()
    }
}

impl Slots {
    fn forget(&mut self, now_s: u64) {
        let kept = self.by_end.split_off(&(now_s / SLOT_S + 1));
        let gone = std::mem::replace(&mut self.by_end, kept);
        self.total -= gone.values().map(|slot| slot.nonces.len()).sum::<usize>();
    }
}

pub fn unix_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ACCOUNT: AccountId = AccountId(1);

    #[test]
    fn a_nonce_is_taken_once_per_account() {
        let nonces = Nonces::started_at(0);
        assert_eq!(nonces.take(ACCOUNT, "a", 1_000, 1_000), Ok(()));
        assert_eq!(nonces.take(ACCOUNT, "a", 1_000, 1_001), Err(Stale::Repeated));
        assert_eq!(nonces.take(ACCOUNT, "a", 1_200, 1_200), Err(Stale::Repeated));
        assert_eq!(nonces.take(ACCOUNT, "b", 1_000, 1_001), Ok(()));
        assert_eq!(nonces.take(AccountId(2), "a", 1_000, 1_001), Ok(()));
    }

    #[test]
    fn times_outside_the_window_and_before_the_start_are_refused() {
        let nonces = Nonces::started_at(900);
        for (signed, expected) in [
            (699, Err(Stale::OutsideWindow)),
            (700, Err(Stale::BeforeStart)),
            (1_301, Err(Stale::OutsideWindow)),
            (899, Err(Stale::BeforeStart)),
            (900, Ok(())),
            (1_300, Ok(())),
        ] {
            assert_eq!(nonces.check_time(signed, 1_000), expected, "{signed}");
        }
        assert_eq!(nonces.check_time(u64::MAX, 1_000), Err(Stale::OutsideWindow));
    }

    #[test]
    fn memory_is_bounded_per_account_and_given_back() {
        let nonces = Nonces::started_at(0);
        for n in 0..NONCES_PER_ACCOUNT_MAX {
            nonces.take(ACCOUNT, &n.to_string(), 1_000, 1_000).unwrap();
        }
        assert_eq!(nonces.take(ACCOUNT, "one more", 1_000, 1_000), Err(Stale::Full));
        assert_eq!(nonces.take(AccountId(2), "one more", 1_000, 1_000), Ok(()));
        let later = 1_000 + WINDOW_S + 2 * SLOT_S;
        assert_eq!(nonces.take(ACCOUNT, "one more", later, later), Ok(()));
        assert_eq!(nonces.slots.lock().unwrap().total, 1);
    }

    proptest! {
        /// However requests are repeated, none is taken twice.
        #[test]
        fn nothing_is_taken_twice(steps in proptest::collection::vec((0u64..40, 0u8..6, 0u64..620), 1..200)) {
            let nonces = Nonces::started_at(0);
            let mut now = 10_000;
            let mut taken = HashSet::new();
            for (later, nonce, back) in steps {
                now += later;
                let signed = now + WINDOW_S - back;
                if nonces.take(ACCOUNT, &nonce.to_string(), signed, now).is_ok() {
                    prop_assert!(taken.insert((nonce, signed)), "taken twice");
                }
            }
        }
    }
}
