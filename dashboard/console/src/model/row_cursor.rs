use std::collections::BTreeSet;

/// The row that the keys stand on, and rows that are ticked; by the rows' names, so that new rows above move nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowCursor {
    pub at: Option<String>,
    pub ticked: BTreeSet<String>,
}

impl RowCursor {
    /// One row down (`1`) or up (`-1`); from nowhere to the first or last. Stays at the ends.
    pub fn step(&mut self, rows: &[String], by: isize) {
        let here = self
            .at
            .as_ref()
            .and_then(|at| rows.iter().position(|row| row == at));
        let next = match here {
            Some(here) => here.saturating_add_signed(by).min(rows.len().saturating_sub(1)),
            None if by < 0 => rows.len().saturating_sub(1),
            None => 0,
        };
        self.at = rows.get(next).cloned();
    }

    pub fn tick(&mut self, row: &str) {
        if !self.ticked.remove(row) {
            self.ticked.insert(row.to_owned());
        }
    }

    /// Ticks all, or none when all are.
    pub fn tick_all(&mut self, rows: &[String]) {
        if rows.iter().all(|row| self.ticked.contains(row)) {
            self.ticked.clear();
        } else {
            self.ticked = rows.iter().cloned().collect();
        }
    }

    /// Forgets what is no longer shown.
    pub fn keep(&mut self, rows: &[String]) {
        self.ticked.retain(|row| rows.contains(row));
        self.at = self.at.take().filter(|at| rows.contains(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &str) -> Vec<String> {
        names.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_cursor_stays_within_its_rows() {
        let mut cursor = RowCursor::default();
        cursor.step(&[], 1);
        assert_eq!(cursor.at, None);
        let list = rows("a b c");
        for (by, at) in [(1, "a"), (1, "b"), (1, "c"), (1, "c"), (-1, "b"), (-5, "a")] {
            cursor.step(&list, by);
            assert_eq!(cursor.at.as_deref(), Some(at));
        }
        let mut cursor = RowCursor::default();
        cursor.step(&list, -1);
        assert_eq!(cursor.at.as_deref(), Some("c"));
    }

    #[test]
    fn the_cursor_goes_with_its_row() {
        let mut cursor = RowCursor::default();
        cursor.step(&rows("a b"), 1);
        cursor.step(&rows("new a b"), 1);
        assert_eq!(cursor.at.as_deref(), Some("b"));
    }

    #[test]
    fn ticks_of_rows_that_are_gone_are_forgotten() {
        let mut cursor = RowCursor::default();
        cursor.tick_all(&rows("a b"));
        cursor.tick("a");
        cursor.tick("c");
        cursor.at = Some("c".to_owned());
        cursor.keep(&rows("a b"));
        assert_eq!(
            (cursor.ticked, cursor.at),
            (BTreeSet::from(["b".to_owned()]), None)
        );
        let mut cursor = RowCursor::default();
        cursor.tick_all(&rows("a"));
        cursor.tick_all(&rows("a"));
        assert!(cursor.ticked.is_empty());
    }
}
