use super::row::Row;
use std::collections::BTreeMap;

/// The newest rows found so far, each message once.
pub(super) struct Page {
    limit: usize,
    rows: BTreeMap<u64, Row>,
}

impl Page {
    /// `limit` is at least 1.
    pub fn new(limit: usize) -> Self {
        Page {
            limit,
            rows: BTreeMap::new(),
        }
    }

    /// The id that a row must exceed to come onto the page; `None` while there is room for any.
    pub fn floor(&self) -> Option<u64> {
        if self.rows.len() < self.limit {
            return None;
        }
        self.rows.keys().next().copied()
    }

    /// Takes a row. The first one of a message stays, so newer files come first.
    pub fn offer(&mut self, row: Row) {
        self.rows.entry(row.id).or_insert(row);
        if self.rows.len() > self.limit {
            self.rows.pop_first();
        }
    }

    /// The rows, newest first.
    pub fn into_rows(self) -> impl Iterator<Item = Row> {
        self.rows.into_values().rev()
    }
}
