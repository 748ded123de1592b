use super::pages::{PAGE, Pages};
use super::row::{Row, RowRef};

/// Rows in pages; a place is used again under the next generation.
#[derive(Debug)]
pub struct Slab {
    places: Pages<Place>,
    free: Vec<u32>,
    used: usize,
    /// Counts the checkpoints that were made ready.
    era: u64,
    /// In which era each page changed last.
    changed: Vec<u64>,
}

impl Default for Slab {
    fn default() -> Self {
        Slab {
            places: Pages::default(),
            free: Vec::new(),
            used: 0,
            era: 1,
            changed: Vec::new(),
        }
    }
}

#[derive(Debug)]
struct Place {
    generation: u16,
    /// Neighbours in the chain of messages to the same number, newest first.
    newer: u32,
    older: u32,
    row: Option<Row>,
}

impl Place {
    fn of(row: Option<Row>) -> Self {
        Place {
            generation: 0,
            newer: NONE,
            older: NONE,
            row,
        }
    }
}

/// No neighbour.
pub const NONE: u32 = u32::MAX;

impl Slab {
    pub fn used(&self) -> usize {
        self.used
    }

    pub fn insert(&mut self, row: Row) -> RowRef {
        self.used += 1;
        if let Some(index) = self.free.pop() {
            self.changes(index);
            let place = self.place_mut(index);
            place.row = Some(row);
            return RowRef {
                index,
                generation: place.generation,
            };
        }
        let index = u32::try_from(self.places.len()).expect("fewer than 2^32 open messages");
        self.places.push(Place::of(Some(row)));
        self.changes(index);
        RowRef { index, generation: 0 }
    }

    /// Puts a row where it was when it was stored; see [`Slab::restored`]. `None` when there is another.
    pub fn restore(&mut self, index: u32, row: Row) -> Option<RowRef> {
        while self.places.len() <= index as usize {
            self.places.push(Place::of(None));
        }
        let place = self.place_mut(index);
        if place.row.replace(row).is_some() {
            return None;
        }
        Some(self.reference(index))
    }

    /// All rows are where they were: the places between them are free, and nothing has changed.
    pub fn restored(&mut self) {
        let free = self.places.iter().filter(|(_, place)| place.row.is_none());
        self.free = free.map(|(index, _)| index as u32).collect();
        self.used = self.places.len() - self.free.len();
        self.changed = vec![0; self.places.len().div_ceil(PAGE)];
    }

    /// The pages that changed after an era.
    pub fn changed_after(&self, era: u64) -> impl Iterator<Item = usize> {
        let pages = (0..).zip(&self.changed);
        pages
            .filter(move |(_, changed)| **changed > era)
            .map(|(page, _)| page)
    }

    /// Ends an era and tells which it was.
    pub fn end_era(&mut self) -> u64 {
        self.era += 1;
        self.era - 1
    }

    /// The rows of a page and their places in it.
    pub fn page(&self, page: usize) -> impl Iterator<Item = (u16, &Row)> {
        let first = page * PAGE;
        let places = self.places.range(first..first + PAGE);
        places.filter_map(move |(index, place)| Some(((index - first) as u16, place.row.as_ref()?)))
    }

    pub fn get(&self, at: RowRef) -> Option<&Row> {
        let place = self.places.get(at.index as usize)?;
        place.row.as_ref().filter(|_| place.generation == at.generation)
    }

    pub fn get_mut(&mut self, at: RowRef) -> Option<&mut Row> {
        self.changes(at.index);
        let place = self.places.get_mut(at.index as usize)?;
        place.row.as_mut().filter(|_| place.generation == at.generation)
    }

    pub fn remove(&mut self, at: RowRef) -> Option<Row> {
        self.changes(at.index);
        let place = self
            .places
            .get_mut(at.index as usize)
            .filter(|place| place.generation == at.generation)?;
        let row = place.row.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(at.index);
        self.used -= 1;
        Some(row)
    }

    /// Puts the row at `index` in front of the chain that begins with `head`.
    pub fn chain(&mut self, index: u32, head: u32) {
        let place = self.place_mut(index);
        (place.newer, place.older) = (NONE, head);
        if head != NONE {
            self.place_mut(head).newer = index;
        }
    }

    /// Takes the row at `index` out of its chain. Gives the new head when it was the head, [`NONE`] for an empty chain.
    pub fn unchain(&mut self, index: u32) -> Option<u32> {
        let Place { newer, older, .. } = *self.place_mut(index);
        if older != NONE {
            self.place_mut(older).newer = newer;
        }
        if newer == NONE {
            return Some(older);
        }
        self.place_mut(newer).older = older;
        None
    }

    /// The rows of a chain, newest first.
    pub fn chained(&self, head: u32) -> impl Iterator<Item = &Row> {
        let mut next = head;
        std::iter::from_fn(move || {
            let place = self.places.get(next as usize)?;
            next = place.older;
            Some(place.row.as_ref())
        })
        .flatten()
    }

    /// The reference to whatever is at `index` now.
    pub fn reference(&self, index: u32) -> RowRef {
        RowRef {
            index,
            generation: self
                .places
                .get(index as usize)
                .map_or(0, |place| place.generation),
        }
    }

    /// The rows among so many places from `from` on, and where the next begin; `None` at the end.
    pub fn part(&self, from: u32, places: u32) -> (impl Iterator<Item = (RowRef, &Row)>, Option<u32>) {
        let end = (from as usize).saturating_add(places as usize);
        let rows = self.places.range(from as usize..end).filter_map(with_row);
        (rows, (end < self.places.len()).then_some(end as u32))
    }

    /// How many places there are, used and free.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// The rows at these places.
    pub fn slice(&self, places: std::ops::Range<usize>) -> impl Iterator<Item = &Row> {
        self.places
            .range(places)
            .filter_map(|(_, place)| place.row.as_ref())
    }

    pub fn iter(&self) -> impl Iterator<Item = (RowRef, &Row)> {
        self.places.iter().filter_map(with_row)
    }

    /// The row at `index` now, of which it is known that there is one.
    pub fn at(&self, index: u32) -> &Row {
        let place = self.places.get(index as usize);
        place
            .and_then(|place| place.row.as_ref())
            .expect("an indexed row is in the slab")
    }

    fn changes(&mut self, index: u32) {
        let page = index as usize / PAGE;
        if self.changed.len() <= page {
            self.changed.resize(page + 1, 0);
        }
        self.changed[page] = self.era;
    }

    fn place_mut(&mut self, index: u32) -> &mut Place {
        self.places
            .get_mut(index as usize)
            .expect("a place once given stays")
    }
}

fn with_row((index, place): (usize, &Place)) -> Option<(RowRef, &Row)> {
    let at = RowRef {
        index: index as u32,
        generation: place.generation,
    };
    Some((at, place.row.as_ref()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Millions of messages wait; bodies and what is in flight come on top.
    #[test]
    fn a_waiting_row_is_small() {
        let bytes = size_of::<Place>();
        assert!(bytes <= 112, "{bytes} bytes");
    }
}
