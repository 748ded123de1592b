use super::row::RowRef;
use carillon_domain::time::UnixMs;
use std::collections::BTreeMap;

/// When rows must be looked at next. One second wide; a row may stand in it more than once, the reader checks.
#[derive(Debug, Default)]
pub struct Deadlines {
    seconds: BTreeMap<u64, Vec<RowRef>>,
}

impl Deadlines {
    pub fn arm(&mut self, row: RowRef, at: UnixMs) {
        // Rounded up: a row never comes before its time.
        self.seconds.entry(at.0.div_ceil(1000)).or_default().push(row);
    }

    pub fn take_due(&mut self, now: UnixMs, max: usize) -> Vec<RowRef> {
        let mut due = Vec::new();
        while let Some(mut entry) = self.seconds.first_entry() {
            if *entry.key() > now.0 / 1000 {
                break;
            }
            let rows = entry.get_mut();
            let take = rows.len().min(max - due.len());
            due.extend(rows.drain(rows.len() - take..));
            if rows.is_empty() {
                entry.remove();
            } else {
                break;
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_at_its_second_never_before_and_only_once() {
        let mut deadlines = Deadlines::default();
        let row = |index| RowRef { index, generation: 0 };
        deadlines.arm(row(1), UnixMs(1_500));
        deadlines.arm(row(2), UnixMs(1_000));
        assert_eq!(deadlines.take_due(UnixMs(999), 10), []);
        assert_eq!(deadlines.take_due(UnixMs(1_999), 10), [row(2)]);
        assert_eq!(deadlines.take_due(UnixMs(2_000), 10), [row(1)]);
        assert_eq!(deadlines.take_due(UnixMs(u64::MAX), 10), []);
    }

    #[test]
    fn no_more_than_asked_for() {
        let mut deadlines = Deadlines::default();
        for index in 0..10 {
            deadlines.arm(RowRef { index, generation: 0 }, UnixMs(u64::from(index) * 300));
        }
        let mut seen = 0;
        while seen < 10 {
            let due = deadlines.take_due(UnixMs(10_000), 3);
            assert!(!due.is_empty() && due.len() <= 3);
            seen += due.len();
        }
        assert_eq!(seen, 10);
    }
}
