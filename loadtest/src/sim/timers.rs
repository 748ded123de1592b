use std::collections::BTreeMap;

/// What is due when, in buckets of one millisecond: a message costs a push into a vector, not a task or a heap node.
#[derive(Debug)]
pub struct Timers<T> {
    buckets: BTreeMap<u64, Vec<T>>,
    /// Emptied vectors, kept so that a steady load allocates nothing.
    spare: Vec<Vec<T>>,
}

const SPARE_MAX: usize = 64;

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Timers {
            buckets: BTreeMap::new(),
            spare: Vec::new(),
        }
    }
}

impl<T> Timers<T> {
    pub fn add(&mut self, at_ms: u64, item: T) {
        let bucket = self
            .buckets
            .entry(at_ms)
            .or_insert_with(|| self.spare.pop().unwrap_or_default());
        bucket.push(item);
    }

    /// When the next item is due.
    pub fn next(&self) -> Option<u64> {
        self.buckets.first_key_value().map(|(at, _)| *at)
    }

    /// The oldest bucket that is due, in the order in which its items were added.
    pub fn take_due(&mut self, now_ms: u64) -> Option<Vec<T>> {
        let first = self.buckets.first_entry()?;
        (*first.key() <= now_ms).then(|| first.remove())
    }

    /// Takes an emptied bucket back.
    pub fn recycle(&mut self, mut bucket: Vec<T>) {
        bucket.clear();
        if self.spare.len() < SPARE_MAX {
            self.spare.push(bucket);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_and_never_early() {
        let mut timers = Timers::default();
        for (at, item) in [(5, 'c'), (3, 'a'), (5, 'd'), (3, 'b'), (9, 'e')] {
            timers.add(at, item);
        }
        assert_eq!(timers.take_due(2), None);
        assert_eq!(timers.take_due(7), Some(vec!['a', 'b']));
        assert_eq!(timers.take_due(7), Some(vec!['c', 'd']));
        assert_eq!(timers.take_due(7), None);
        assert_eq!(timers.next(), Some(9));
    }
}
