use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hash};

/// Rows found by something that stands in them. Only their indexes are kept, and who asks tells what stands in a row; in many
/// small tables, so that none takes long to grow.
#[derive(Debug)]
pub(super) struct RowTable {
    hasher: RandomState,
    tables: Box<[HashTable<u32>]>,
    len: usize,
}

const TABLES: usize = 256;

impl Default for RowTable {
    fn default() -> Self {
        RowTable {
            hasher: RandomState::default(),
            tables: (0..TABLES).map(|_| HashTable::new()).collect(),
            len: 0,
        }
    }
}

impl RowTable {
    pub fn len(&self) -> usize {
        self.len
    }

    /// The row with this key, where there is one.
    pub fn get<K: Hash + Eq>(&self, key: K, key_of: impl Fn(u32) -> K) -> Option<u32> {
        let hash = self.hasher.hash_one(&key);
        self.tables[table_of(hash)]
            .find(hash, |index| key_of(*index) == key)
            .copied()
    }

    /// Puts the row in under its key; gives the one that stood there.
    pub fn insert<K: Hash + Eq>(&mut self, index: u32, key_of: impl Fn(u32) -> K) -> Option<u32> {
        let RowTable { hasher, tables, len } = self;
        let key = key_of(index);
        let hash = hasher.hash_one(&key);
        let table = &mut tables[table_of(hash)];
        if let Some(before) = table.find_mut(hash, |before| key_of(*before) == key) {
            return Some(std::mem::replace(before, index));
        }
        table.insert_unique(hash, index, |index| hasher.hash_one(key_of(*index)));
        *len += 1;
        None
    }

    /// Takes out what stands under a key.
    pub fn remove<K: Hash + Eq>(&mut self, key: K, key_of: impl Fn(u32) -> K) -> Option<u32> {
        let hash = self.hasher.hash_one(&key);
        let table = &mut self.tables[table_of(hash)];
        let found = table.find_entry(hash, |index| key_of(*index) == key).ok()?;
        let (index, _) = found.remove();
        self.len -= 1;
        Some(index)
    }
}

/// By bits that a small table does not look at.
fn table_of(hash: u64) -> usize {
    (hash >> 32) as usize % TABLES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Against a map of keys and rows.
        #[test]
        fn rows_are_found_by_what_stands_in_them(steps in prop::collection::vec((0..3u8, 0..400u32), 1..600)) {
            let mut table = RowTable::default();
            let mut model: BTreeMap<u32, u32> = BTreeMap::new();
            // Four rows have one key.
            let key_of = |index: u32| index / 4;
            for (step, index) in steps {
                let key = key_of(index);
                match step {
                    0 => prop_assert_eq!(table.insert(index, key_of), model.insert(key, index)),
                    1 => prop_assert_eq!(table.remove(key, key_of), model.remove(&key)),
                    _ => prop_assert_eq!(table.get(key, key_of), model.get(&key).copied()),
                }
                prop_assert_eq!(table.len(), model.len());
            }
        }
    }
}
