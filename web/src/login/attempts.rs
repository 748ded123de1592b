use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Failed attempts by who or what they came from, and the growing pauses they bring.
///
/// The first `free` failures cost nothing; each later one doubles the pause, up to [`PAUSE_MAX`]. A key is forgotten
/// [`FORGET_AFTER`] its last failure.
pub struct Attempts<K> {
    free: u32,
    keys: HashMap<K, Failures>,
}

struct Failures {
    count: u32,
    last: Instant,
}

pub const PAUSE_MAX: Duration = Duration::from_secs(300);
pub const FORGET_AFTER: Duration = Duration::from_secs(900);
const KEYS_MAX: usize = 10_000;

impl<K: Eq + Hash + Clone> Attempts<K> {
    pub fn new(free: u32) -> Self {
        Attempts {
            free,
            keys: HashMap::new(),
        }
    }

    /// How long the key has to wait before its next attempt.
    pub fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let failures = self.keys.get(key).filter(|failures| !failures.is_old(now))?;
        let until = failures.last + self.pause(failures.count);
        (until > now).then(|| until - now)
    }

    /// Counts an attempt before it is judged, so that attempts at the same time cannot pass together.
    pub fn count(&mut self, key: K, now: Instant) {
        self.make_room(&key, now);
        let failures = self.keys.entry(key).or_insert(Failures { count: 0, last: now });
        if failures.is_old(now) {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// The attempt was right: the key starts afresh.
    pub fn forget(&mut self, key: &K) {
        self.keys.remove(key);
    }

    /// The attempt does not count, those before it do.
    pub fn take_back(&mut self, key: &K) {
        if let Some(failures) = self.keys.get_mut(key) {
            failures.count = failures.count.saturating_sub(1);
            if failures.count == 0 {
                self.keys.remove(key);
            }
        }
    }

    fn pause(&self, failures: u32) -> Duration {
        match failures.checked_sub(self.free) {
            None => Duration::ZERO,
            Some(over) => Duration::from_secs(1u64.checked_shl(over).unwrap_or(u64::MAX)).min(PAUSE_MAX),
        }
    }

    fn make_room(&mut self, key: &K, now: Instant) {
        if self.keys.len() < KEYS_MAX || self.keys.contains_key(key) {
            return;
        }
        self.keys.retain(|_, failures| !failures.is_old(now));
        if self.keys.len() >= KEYS_MAX
            && let Some(least) = self
                .keys
                .iter()
                .min_by_key(|(_, failures)| (failures.count, failures.last))
                .map(|(key, _)| key.clone())
        {
            self.keys.remove(&least);
        }
    }
}

impl Failures {
    fn is_old(&self, now: Instant) -> bool {
        now.duration_since(self.last) >= FORGET_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: u32 = 5;

    #[test]
    fn pauses_grow_are_bounded_and_end_with_a_success() {
        let mut attempts = Attempts::new(FREE);
        let mut now = Instant::now();
        for _ in 0..FREE {
            assert_eq!(attempts.wait(&1, now), None);
            attempts.count(1, now);
        }
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let pause = attempts.wait(&1, now).unwrap();
            pauses.push(pause.as_secs());
            now += pause;
            assert_eq!(attempts.wait(&1, now), None);
            attempts.count(1, now);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(attempts.wait(&2, now), None);
        attempts.forget(&1);
        assert_eq!(attempts.wait(&1, now), None);
    }

    #[test]
    fn a_key_is_forgotten_after_a_while() {
        let mut attempts = Attempts::new(FREE);
        let now = Instant::now();
        for _ in 0..=FREE {
            attempts.count(1, now);
        }
        assert!(attempts.wait(&1, now).is_some());
        let later = now + FORGET_AFTER;
        for _ in 0..FREE {
            assert_eq!(attempts.wait(&1, later), None);
            attempts.count(1, later);
        }
        assert!(attempts.wait(&1, later).is_some());
        attempts.take_back(&1);
        assert_eq!(attempts.wait(&1, later), None);
    }

    #[test]
    fn memory_is_bounded_and_the_worst_stay() {
        let mut attempts = Attempts::new(FREE);
        let now = Instant::now();
        for _ in 0..=FREE {
            attempts.count(0, now);
        }
        for n in 1..KEYS_MAX as u64 + 100 {
            attempts.count(n, now + Duration::from_millis(n));
        }
        assert_eq!(attempts.keys.len(), KEYS_MAX);
        assert!(attempts.wait(&0, now).is_some());
        assert!(!attempts.keys.contains_key(&1) && attempts.keys.contains_key(&101));
    }

    #[test]
    fn what_was_not_judged_takes_no_room() {
        let mut attempts = Attempts::new(FREE);
        attempts.count(1, Instant::now());
        attempts.take_back(&1);
        assert!(attempts.keys.is_empty());
    }
}
