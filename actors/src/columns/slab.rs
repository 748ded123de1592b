use super::row::{Row, RowRef};

/// Rows in one vector; a place is used again under the next generation.
#[derive(Debug, Default)]
pub struct Slab {
    places: Vec<Place>,
    free: Vec<u32>,
    used: usize,
}

#[derive(Debug)]
struct Place {
    generation: u16,
    /// Neighbours in the chain of messages to the same number, newest first.
    newer: u32,
    older: u32,
    row: Option<Row>,
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
            let place = &mut self.places[index as usize];
            place.row = Some(row);
            return RowRef {
                index,
                generation: place.generation,
            };
        }
        let index = u32::try_from(self.places.len()).expect("fewer than 2^32 open messages");
        self.places.push(Place {
            generation: 0,
            newer: NONE,
            older: NONE,
            row: Some(row),
        });
        RowRef { index, generation: 0 }
    }

    pub fn get(&self, at: RowRef) -> Option<&Row> {
        let place = self.places.get(at.index as usize)?;
        place.row.as_ref().filter(|_| place.generation == at.generation)
    }

    pub fn get_mut(&mut self, at: RowRef) -> Option<&mut Row> {
        let place = self.places.get_mut(at.index as usize)?;
        place.row.as_mut().filter(|_| place.generation == at.generation)
    }

    pub fn remove(&mut self, at: RowRef) -> Option<Row> {
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
        self.places[index as usize].newer = NONE;
        self.places[index as usize].older = head;
        if head != NONE {
            self.places[head as usize].newer = index;
        }
    }

    /// Takes the row at `index` out of its chain. Gives the new head when it was the head, [`NONE`] for an empty chain.
    pub fn unchain(&mut self, index: u32) -> Option<u32> {
        let (newer, older) = (
            self.places[index as usize].newer,
            self.places[index as usize].older,
        );
        if older != NONE {
            self.places[older as usize].newer = newer;
        }
        if newer == NONE {
            return Some(older);
        }
        self.places[newer as usize].older = older;
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
        let start = (from as usize).min(self.places.len());
        let end = start.saturating_add(places as usize).min(self.places.len());
        let rows = (start..)
            .zip(&self.places[start..end])
            .filter_map(|(index, place)| {
                let at = RowRef {
                    index: index as u32,
                    generation: place.generation,
                };
                Some((at, place.row.as_ref()?))
            });
        (rows, (end < self.places.len()).then_some(end as u32))
    }

    /// How many places there are, used and free.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// The rows at these places.
    pub fn slice(&self, places: std::ops::Range<usize>) -> impl Iterator<Item = &Row> {
        let places = self.places.get(places).unwrap_or_default();
        places.iter().filter_map(|place| place.row.as_ref())
    }

    pub fn iter(&self) -> impl Iterator<Item = (RowRef, &Row)> {
        self.places.iter().enumerate().filter_map(|(index, place)| {
            let row = place.row.as_ref()?;
            Some((
                RowRef {
                    index: index as u32,
                    generation: place.generation,
                },
                row,
            ))
        })
    }
}
