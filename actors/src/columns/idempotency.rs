use super::Map;
use carillon_domain::ids::{CampaignId, MessageId};
use carillon_domain::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a key gives the same answer at least (IDEM-1).
const KEY_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Keys of so much time are forgotten together.
const GENERATION: Duration = Duration::from_secs(6 * 3600);

/// The longest that a key may be known: it is forgotten with its whole generation.
pub const KEY_LIFE_MAX: Duration = Duration::from_secs(KEY_LIFE.as_secs() + GENERATION.as_secs());

/// What is known of an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownKey {
    pub fingerprint: u64,
    pub answer: KnownAnswer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KnownAnswer {
    Single(MessageId),
    Campaign(CampaignId),
    /// The answer stands in the journal, in BATCH facts from this frame on.
    Batch {
        first_frame: u64,
        lines_done: u32,
        lines_total: u32,
    },
}

/// When a generation began, in units of [`GENERATION`], and its keys.
pub type KeyGeneration = (u64, Vec<([u8; 16], KnownKey)>);

/// Idempotency keys by the time of their first use. No order is kept inside a generation: a key costs little more than
/// itself and its answer.
#[derive(Debug, Default)]
pub struct Keys {
    generations: BTreeMap<u64, Map<[u8; 16], KnownKey>>,
}

impl Keys {
    pub fn get(&self, key: &[u8; 16]) -> Option<&KnownKey> {
        // The newest first: most repeats come soon.
        self.generations.values().rev().find_map(|keys| keys.get(key))
    }

    pub fn len(&self) -> usize {
        self.generations.values().map(Map::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets what is known of a key; one that is known keeps its time.
    pub fn insert(&mut self, key: [u8; 16], known: KnownKey, at: UnixMs) {
        match self.generations.values_mut().find_map(|keys| keys.get_mut(&key)) {
            Some(before) => *before = known,
            None => {
                self.generations
                    .entry(generation(at))
                    .or_default()
                    .insert(key, known);
            }
        }
    }

    /// Forgets generations all of whose keys are older than [`KEY_LIFE`].
    pub fn expire(&mut self, now: UnixMs) {
        let life = KEY_LIFE_MAX.as_millis() as u64;
        while let Some(oldest) = self.generations.first_entry() {
            if now.0 < oldest.key() * GENERATION.as_millis() as u64 + life {
                break;
            }
            oldest.remove();
        }
    }

    /// Every generation with its keys in their own order.
    pub fn sorted(&self) -> Vec<KeyGeneration> {
        let sorted = |keys: &Map<[u8; 16], KnownKey>| {
            let mut keys: Vec<_> = keys.iter().map(|(key, known)| (*key, *known)).collect();
            keys.sort_unstable_by_key(|(key, _)| *key);
            keys
        };
        self.generations
            .iter()
            .map(|(generation, keys)| (*generation, sorted(keys)))
            .collect()
    }

    pub fn restore(generations: Vec<KeyGeneration>) -> Self {
        let generations = generations
            .into_iter()
            .map(|(at, keys)| (at, keys.into_iter().collect()))
            .collect();
        Keys { generations }
    }
}

fn generation(at: UnixMs) -> u64 {
    at.0 / GENERATION.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(id: u64) -> KnownKey {
        KnownKey {
            fingerprint: 1,
            answer: KnownAnswer::Single(MessageId(id)),
        }
    }

    #[test]
    fn a_key_lives_a_day_and_not_much_longer() {
        let hours = |hours: u64| UnixMs(hours * 3_600_000);
        for used_at in 0..12 {
            let mut keys = Keys::default();
            keys.insert([1; 16], known(1), hours(used_at));
            keys.expire(hours(used_at + 24));
            assert!(keys.get(&[1; 16]).is_some(), "used at {used_at} h");
            keys.expire(hours(used_at + 30));
            assert!(keys.is_empty(), "used at {used_at} h");
        }
    }

    #[test]
    fn a_known_key_is_changed_where_it_is() {
        let mut keys = Keys::default();
        keys.insert([1; 16], known(1), UnixMs(0));
        keys.insert([1; 16], known(2), UnixMs(20 * 3_600_000));
        assert_eq!((keys.len(), keys.get(&[1; 16])), (1, Some(&known(2))));
        keys.expire(UnixMs(30 * 3_600_000));
        assert!(keys.is_empty());
    }
}
