use carillon_domain::ids::MessageId;
use std::collections::BTreeMap;

/// The newest messages of those offered, in any order, at most `limit`.
pub(super) struct Newest<T> {
    limit: usize,
    found: BTreeMap<MessageId, T>,
}

impl<T> Newest<T> {
    pub fn new(limit: usize) -> Self {
        Newest {
            limit,
            found: BTreeMap::new(),
        }
    }

    /// Whether a message would be among them.
    pub fn wants(&self, id: MessageId) -> bool {
        self.found.len() < self.limit
            || self
                .found
                .first_key_value()
                .is_some_and(|(oldest, _)| id > *oldest)
    }

    pub fn offer(&mut self, id: MessageId, value: T) {
        if !self.wants(id) {
            return;
        }
        self.found.insert(id, value);
        if self.found.len() > self.limit {
            self.found.pop_first();
        }
    }

    /// Newest first.
    pub fn into_values(self) -> impl Iterator<Item = T> {
        self.found.into_values().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_newest_stay(ids in prop::collection::vec(0u64..100, 0..50), limit in 0usize..10) {
            let mut newest = Newest::new(limit);
            for id in &ids {
                newest.offer(MessageId(*id), *id);
            }
            let mut wanted = ids;
            wanted.sort_unstable_by(|a, b| b.cmp(a));
            wanted.dedup();
            wanted.truncate(limit);
            prop_assert_eq!(newest.into_values().collect::<Vec<_>>(), wanted);
        }
    }
}
