use carillon_domain::ids::ConnectionId;
use carillon_domain::plan::ChannelKind;
use carillon_domain::province::Province;
use carillon_domain::tally::{Counts, Dimensions};
use std::collections::{BTreeMap, HashMap};

/// What counts for one day (UTC+8).
#[derive(Debug, Default)]
pub(super) struct DaySums {
    pub all: Counts,
    pub kinds: HashMap<ChannelKind, Counts>,
    pub provinces: BTreeMap<Province, Counts>,
    pub connections: BTreeMap<ConnectionId, Counts>,
}

impl DaySums {
    pub fn add(&mut self, dimensions: &Dimensions, counts: &Counts) {
        self.all.add(counts);
        self.kinds.entry(dimensions.kind).or_default().add(counts);
        self.provinces.entry(dimensions.province).or_default().add(counts);
        if let Some(connection) = dimensions.connection {
            self.connections.entry(connection).or_default().add(counts);
        }
    }
}

/// The sums of the day that is shown, and of the one before it: a clock that was wrong for a while comes back to that.
#[derive(Debug, Default)]
pub(super) struct Days {
    pub shown: DaySums,
    left: Option<(u32, DaySums)>,
}

impl Days {
    /// Shows another day from now on.
    pub fn turn(&mut self, from: u32, to: u32) {
        let next = match self.left.take() {
            Some((day, sums)) if day == to => sums,
            _ => DaySums::default(),
        };
        self.left = Some((from, std::mem::replace(&mut self.shown, next)));
    }

    /// What counts for a day that is not shown.
    pub fn add_elsewhere(&mut self, day: u32, dimensions: &Dimensions, counts: &Counts) {
        if let Some((_, sums)) = self.left.as_mut().filter(|(left, _)| *left == day) {
            sums.add(dimensions, counts);
        }
    }

    /// Whether nothing is known of either day.
    pub fn is_empty(&self) -> bool {
        let is_empty = |sums: &DaySums| sums.kinds.is_empty();
        is_empty(&self.shown) && self.left.as_ref().is_none_or(|(_, sums)| is_empty(sums))
    }
}
