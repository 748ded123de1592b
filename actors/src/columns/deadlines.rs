use super::pages::Pages;
use carillon_domain::time::UnixMs;
use std::collections::BTreeMap;

/// When rows must be looked at next. One second wide; a row stands in it at most once and leaves with its end, so that it
/// holds no more than the open rows, however long they would have been valid. Rows are named by their indexes: one that ends
/// must be disarmed.
#[derive(Debug, Default)]
pub struct Deadlines {
    seconds: BTreeMap<u32, Vec<u32>>,
    /// Where each row stands, by its index.
    places: Pages<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    second: u32,
    at: u32,
}

const NOWHERE: Place = Place {
    second: u32::MAX,
    at: u32::MAX,
};

impl Deadlines {
    /// Sets when the row is looked at next, instead of what was set before.
    pub fn arm(&mut self, row: u32, at: UnixMs) {
        self.disarm(row);
        let second = second_of(at);
        let rows = self.seconds.entry(second).or_default();
        while self.places.len() <= row as usize {
            self.places.push(NOWHERE);
        }
        if let Some(place) = self.places.get_mut(row as usize) {
            *place = Place {
                second,
                at: rows.len() as u32,
            };
        }
        rows.push(row);
    }

    /// Lets the row be looked at then, unless it is looked at before.
    pub fn arm_at_latest(&mut self, row: u32, at: UnixMs) {
        let place = self.places.get(row as usize).copied().unwrap_or(NOWHERE);
        let stands = place.at != NOWHERE.at;
        if !stands || second_of(at) < place.second {
            self.arm(row, at);
        }
    }

    pub fn disarm(&mut self, row: u32) {
        let Some(place) = self.places.get_mut(row as usize) else {
            return;
        };
        let Place { second, at } = std::mem::replace(place, NOWHERE);
        let Some(rows) = self.seconds.get_mut(&second) else {
            return;
        };
        // A row that stands nowhere has a place that no second reaches.
        if at as usize >= rows.len() {
            return;
        }
        rows.swap_remove(at as usize);
        let moved = rows.get(at as usize);
        if let Some(place) = moved.and_then(|moved| self.places.get_mut(*moved as usize)) {
            place.at = at;
        }
        if rows.is_empty() {
            self.seconds.remove(&second);
        } else if rows.len() < rows.capacity() / 4 {
            rows.shrink_to(rows.len() * 2);
        }
    }

    /// Rows whose second has come, at most `max`; they stand nowhere then.
    pub fn take_due(&mut self, now: UnixMs, max: usize) -> Vec<u32> {
        let mut due = Vec::new();
        while let Some(mut entry) = self.seconds.first_entry() {
            if u64::from(*entry.key()) > now.0 / 1000 {
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
        for row in &due {
            if let Some(place) = self.places.get_mut(*row as usize) {
                *place = NOWHERE;
            }
        }
        due
    }
}

/// Rounded up: a row never comes before its time.
fn second_of(at: UnixMs) -> u32 {
    u32::try_from(at.0.div_ceil(1000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_row_comes_at_its_second_never_before_and_only_once() {
        let mut deadlines = Deadlines::default();
        deadlines.arm(1, UnixMs(1_500));
        deadlines.arm(2, UnixMs(1_000));
        assert_eq!(deadlines.take_due(UnixMs(999), 10), [0u32; 0]);
        assert_eq!(deadlines.take_due(UnixMs(1_999), 10), [2]);
        assert_eq!(deadlines.take_due(UnixMs(2_000), 10), [1]);
        assert_eq!(deadlines.take_due(UnixMs(u64::MAX), 10), [0u32; 0]);
    }

    #[test]
    fn no_more_than_asked_for() {
        let mut deadlines = Deadlines::default();
        for index in 0..10 {
            deadlines.arm(index, UnixMs(u64::from(index) * 300));
        }
        let mut seen = 0;
        while seen < 10 {
            let due = deadlines.take_due(UnixMs(10_000), 3);
            assert!(!due.is_empty() && due.len() <= 3);
            seen += due.len();
        }
        assert_eq!(seen, 10);
    }
    /// However many rows come and go, only those that are open are held.
    #[test]
    fn rows_that_have_ended_take_no_memory() {
        let mut deadlines = Deadlines::default();
        for number in 0..100_000u32 {
            let row = number % 100;
            deadlines.arm(row, UnixMs(u64::from(number) * 10));
            // One of a hundred stays.
            if number % 100 != 0 {
                deadlines.disarm(row);
            }
        }
        let held: usize = deadlines.seconds.values().map(Vec::capacity).sum();
        assert!(held <= 16, "{held} places for one row");
        assert_eq!(deadlines.places.len(), 100);
    }

    proptest! {
        /// Against a map of the rows and their seconds.
        #[test]
        fn what_is_armed_comes_once_at_its_second(
            steps in prop::collection::vec((0..4u8, 0..20u32, 0..20u64), 1..200),
        ) {
            let mut deadlines = Deadlines::default();
            let mut model: BTreeMap<u32, u64> = BTreeMap::new();
            for (step, index, second) in steps {
                match step {
                    0 => {
                        deadlines.arm(index, UnixMs(second * 1_000));
                        model.insert(index, second);
                    }
                    1 => {
                        deadlines.arm_at_latest(index, UnixMs(second * 1_000));
                        model.entry(index).and_modify(|at| *at = second.min(*at)).or_insert(second);
                    }
                    2 => {
                        deadlines.disarm(index);
                        model.remove(&index);
                    }
                    _ => {
                        let mut due = deadlines.take_due(UnixMs(second * 1_000), 1_000);
                        due.sort_unstable();
                        let expected: Vec<_> = model.extract_if(.., |_, at| *at <= second).map(|(index, _)| index).collect();
                        prop_assert_eq!(due, expected);
                    }
                }
            }
            let held: usize = deadlines.seconds.values().map(Vec::len).sum();
            prop_assert_eq!(held, model.len());
        }
    }
}
