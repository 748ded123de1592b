use super::file::{HistoryFile, Look};
use carillon_storage::history::HistoryError;
use carillon_storage::history::stored::{Key, Row};
use std::collections::BinaryHeap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

/// Rows one look into a file reads: few at first, because a page is often full soon.
const LOOK_ROWS_FIRST: usize = 64;
const LOOK_ROWS_MAX: usize = 1_024;

/// The rows of many files under one key in one order, newest first, each message once.
///
/// A file is looked into when the rows of the others have come down to its own, so that older files stay closed.
pub(super) struct Scan<W> {
    key: Key,
    low: u64,
    high: u64,
    wanted: W,
    /// Looks at about so many rows, or for so long, then pauses.
    looked_max: usize,
    end: Option<Instant>,
    looked: usize,
    ways: Vec<Way>,
    /// Where each way goes on: the highest id it may give next. Among equal ones the newest file comes first.
    next: BinaryHeap<(u64, u64, usize)>,
    given: Option<u64>,
}

/// The way through one file.
struct Way {
    file: Arc<HistoryFile>,
    read: Look,
    rows_next: usize,
    /// The highest id not read yet; `None` when the file holds no more.
    below: Option<u64>,
}

pub(super) enum Found {
    Row(Row),
    /// Enough was looked at; everything from this id on was given.
    Paused {
        from: u64,
    },
    End,
}

impl<W: Fn(&Row) -> bool> Scan<W> {
    pub fn new(
        files: &[Arc<HistoryFile>],
        key: Key,
        ids: RangeInclusive<u64>,
        looked_max: usize,
        end: Option<Instant>,
        wanted: W,
    ) -> Self {
        let (low, high) = ids.into_inner();
        let ways: Vec<Way> = files
            .iter()
            .filter(|file| file.extent.id_min <= high && low <= file.extent.id_max)
            .map(|file| Way {
                file: file.clone(),
                read: Look::default(),
                rows_next: LOOK_ROWS_FIRST,
                below: Some(high.min(file.extent.id_max)),
            })
            .collect();
        let next = ways.iter().enumerate().filter_map(|(at, way)| way.place(at));
        Scan {
            key,
            low,
            high,
            wanted,
            looked_max,
            end,
            looked: 0,
            next: next.collect(),
            ways,
            given: None,
        }
    }

    pub fn next(&mut self) -> Result<Found, HistoryError> {
        while let Some((id, _, at)) = self.next.pop() {
            // Below `high`, so that a search that goes on from here has come forward.
            let is_enough =
                self.looked >= self.looked_max || self.end.is_some_and(|end| Instant::now() >= end);
            if is_enough && id < self.high {
                return Ok(Found::Paused { from: id + 1 });
            }
            let way = &mut self.ways[at];
            let row = way.read.rows.pop_front();
            if row.is_none() {
                self.looked += way.look(self.key, self.low, &self.wanted)?;
            }
            self.next.extend(way.place(at));
            if let Some(row) = row
                && self.given.replace(id) != Some(id)
            {
                return Ok(Found::Row(row));
            }
        }
        Ok(Found::End)
    }
}

impl Way {
    /// Where the way stands among the others.
    fn place(&self, at: usize) -> Option<(u64, u64, usize)> {
        let first = self.read.rows.front().map(|row| row.id);
        Some((first.or(self.below)?, self.file.age, at))
    }

    /// Reads on; gives how many rows it looked at.
    fn look(&mut self, key: Key, low: u64, wanted: impl Fn(&Row) -> bool) -> Result<usize, HistoryError> {
        let Some(high) = self.below else { return Ok(0) };
        self.read = self.file.look(key, low, high, self.rows_next, wanted)?;
        let read_all = self.read.looked < self.rows_next;
        let lowest = self.read.lowest.filter(|lowest| !read_all && *lowest > low);
        self.below = lowest.map(|lowest| lowest - 1);
        self.rows_next = (self.rows_next * 2).min(LOOK_ROWS_MAX);
        Ok(self.read.looked)
    }
}
