use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Attempts by what they came from: so many at once, and then one more each [`STEP`] (the virtual scheduling algorithm of
/// ITU-T I.371 annex A).
///
/// Whoever uses up a bucket slows all who share it, and never for longer than a step after the last attempt.
pub struct Buckets<K> {
    burst: u32,
    /// When the bucket of a key is full again.
    full_at: HashMap<K, Instant>,
}

pub const STEP: Duration = Duration::from_secs(10);
const KEYS_MAX: usize = 10_000;

impl<K: Eq + Hash + Clone> Buckets<K> {
    pub fn new(burst: u32) -> Self {
        Buckets {
            burst,
            full_at: HashMap::new(),
        }
    }

    /// How long the key has to wait before its next attempt.
    pub fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let used = self.full_at.get(key)?.saturating_duration_since(now);
        let over = (used + STEP).checked_sub(STEP * self.burst)?;
        (over > Duration::ZERO).then_some(over)
    }

    /// Counts an attempt before it is judged, so that attempts at the same time cannot pass together.
    pub fn count(&mut self, key: K, now: Instant) {
        self.make_room(&key, now);
        let full_at = self.full_at.entry(key).or_insert(now);
        *full_at = (*full_at).max(now) + STEP;
    }

    /// The attempt does not count, those before it do.
    pub fn take_back(&mut self, key: &K, now: Instant) {
        let Some(full_at) = self.full_at.get_mut(key) else {
            return;
        };
        match full_at.checked_sub(STEP).filter(|at| *at > now) {
            Some(at) => *full_at = at,
            None => {
                self.full_at.remove(key);
            }
        }
    }

    fn make_room(&mut self, key: &K, now: Instant) {
        if self.full_at.len() < KEYS_MAX || self.full_at.contains_key(key) {
            return;
        }
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= KEYS_MAX
            && let Some(fullest) = self.full_at.iter().min_by_key(|(_, at)| **at)
        {
            let fullest = fullest.0.clone();
            self.full_at.remove(&fullest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURST: u32 = 30;

    #[test]
    fn whoever_never_stops_gets_one_attempt_a_step_and_so_does_everybody_else() {
        let mut buckets = Buckets::new(BURST);
        let now = Instant::now();
        for _ in 0..BURST {
            assert_eq!(buckets.wait(&1, now), None);
            buckets.count(1, now);
        }
        for step in 0..1000 {
            let now = now + STEP * step;
            assert_eq!(buckets.wait(&1, now), Some(STEP), "{step}");
            assert_eq!(buckets.wait(&1, now + STEP), None, "{step}");
            buckets.count(1, now + STEP);
        }
        assert_eq!(buckets.wait(&2, now), None);
    }

    #[test]
    fn what_is_taken_back_and_what_is_long_ago_does_not_count() {
        let mut buckets = Buckets::new(BURST);
        let now = Instant::now();
        for _ in 0..BURST * 3 {
            buckets.count(1, now);
            buckets.take_back(&1, now);
        }
        assert!(buckets.full_at.is_empty());
        buckets.take_back(&1, now);
        for _ in 0..BURST {
            buckets.count(1, now);
        }
        let later = now + STEP * BURST;
        for _ in 0..BURST {
            assert_eq!(buckets.wait(&1, later), None);
            buckets.count(1, later);
        }
        assert!(buckets.wait(&1, later).is_some());
    }

    #[test]
    fn memory_is_bounded_and_the_most_used_stay() {
        let mut buckets = Buckets::new(BURST);
        let now = Instant::now();
        for _ in 0..BURST {
            buckets.count(u64::MAX, now);
        }
        for n in 0..KEYS_MAX as u64 + 100 {
            buckets.count(n, now);
        }
        assert_eq!(buckets.full_at.len(), KEYS_MAX);
        assert!(buckets.wait(&u64::MAX, now).is_some());
    }
}
