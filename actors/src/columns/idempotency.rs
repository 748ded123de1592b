use super::Map;
use carillon_domain::ids::MessageId;
use carillon_domain::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// How long a key gives the same answer (IDEM-1).
pub const KEY_LIFE: Duration = Duration::from_secs(24 * 3600);

/// What is known of an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownKey {
    pub fingerprint: u64,
    pub answer: KnownAnswer,
    pub at: UnixMs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KnownAnswer {
    Single(MessageId),
    /// The answer stands in the journal, in BATCH facts from this frame on.
    Batch {
        first_frame: u64,
        lines_done: u32,
        lines_total: u32,
    },
}

/// Idempotency keys of the last 24 hours.
#[derive(Debug, Default)]
pub struct Keys {
    known: Map<[u8; 16], KnownKey>,
    /// In order of first use.
    order: VecDeque<([u8; 16], UnixMs)>,
}

impl Keys {
    pub fn get(&self, key: &[u8; 16]) -> Option<&KnownKey> {
        self.known.get(key)
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub fn insert(&mut self, key: [u8; 16], known: KnownKey) {
        if self.known.insert(key, known).is_none() {
            self.order.push_back((key, known.at));
        }
    }

    /// Forgets keys older than [`KEY_LIFE`].
    pub fn expire(&mut self, now: UnixMs) {
        while let Some((key, at)) = self.order.front() {
            if now.saturating_since(*at) < KEY_LIFE {
                break;
            }
            self.known.remove(key);
            self.order.pop_front();
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&[u8; 16], &KnownKey)> {
        self.order
            .iter()
            .filter_map(|(key, _)| Some((key, self.known.get(key)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lives_a_day() {
        let mut keys = Keys::default();
        let known = |at| KnownKey {
            fingerprint: 1,
            answer: KnownAnswer::Single(MessageId(1)),
            at: UnixMs(at),
        };
        keys.insert([1; 16], known(0));
        keys.insert([2; 16], known(5_000));
        keys.expire(UnixMs(24 * 3_600_000 - 1));
        assert!(keys.get(&[1; 16]).is_some());
        keys.expire(UnixMs(24 * 3_600_000));
        assert!(keys.get(&[1; 16]).is_none() && keys.get(&[2; 16]).is_some());
    }
}
