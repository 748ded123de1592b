use super::builder::Builder;
use super::failure::{failed, unreadable};
use super::file_writer::{self, Extent};
use super::manifest::{Entry, Manifest};
use super::merge::merge;
use super::merge_plan::next_merge;
use super::options::HistoryOptions;
use super::row::Row;
use super::scan::{Found, Scan};
use super::search::Search;
use super::shelf::Shelf;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::Journey;
use carillon_storage::history::{Batch, History, HistoryError, PAGE_ROWS_MAX, SearchPage, SearchQuery};
use carillon_storage::journal::FrameSeq;
use parking_lot::Mutex;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Files that wait for being merged; above, a store helps the builder before it returns.
const UNMERGED_FILES_MAX: usize = 100;

/// The history of one lane in one folder.
pub struct EmbeddedHistory {
    /// Before `shared`, so that its thread has ended when the rest goes.
    builder: Option<Builder>,
    shared: Arc<Shared>,
}

/// What the stores, the readers and the builder's thread work on.
pub(super) struct Shared {
    dir: PathBuf,
    options: HistoryOptions,
    manifest: Manifest,
    shelf: Shelf,
    stored_upto: AtomicU64,
    storing: Mutex<()>,
    merging: Mutex<()>,
}

impl EmbeddedHistory {
    /// Opens the history in `dir`, which is created when absent. What a crash left unfinished is removed, so
    /// only one process may have the folder open: the one that holds the journal's lock.
    ///
    /// Errors when a finished file is missing, shorter than it was, or of a format this program does not know.
    pub fn open(dir: &Path, options: HistoryOptions) -> Result<Self, HistoryError> {
        fs::create_dir_all(dir).map_err(failed("creating the folder", dir))?;
        let manifest = Manifest::open(dir)?;
        file_writer::sync_dir(dir)?;
        file_writer::sync_dir(
            dir.parent()
                .filter(|parent| !parent.as_os_str().is_empty())
                .unwrap_or(Path::new(".")),
        )?;
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            shelf: Shelf::open(dir, manifest.entries()?, &options)?,
            stored_upto: AtomicU64::new(manifest.stored_upto()?.0),
            manifest,
            storing: Mutex::default(),
            merging: Mutex::default(),
            options,
        });
        let builder = if shared.options.merge_in_background {
            Some(Builder::start(shared.clone()).map_err(failed("starting the builder", dir))?)
        } else {
            None
        };
        Ok(EmbeddedHistory { builder, shared })
    }

    /// Merges all files that are due, here and now.
    pub fn merge_due(&self) -> Result<(), HistoryError> {
        while self.shared.merge_next()? {}
        Ok(())
    }

    /// How many files there are, and the rows in them.
    pub fn size(&self) -> (usize, u64) {
        let files = self.shared.shelf.files();
        (files.len(), files.iter().map(|file| file.extent.rows).sum())
    }
}

#[cfg(test)]
impl EmbeddedHistory {
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl History for EmbeddedHistory {
    fn stored_upto(&self) -> FrameSeq {
        FrameSeq(self.shared.stored_upto.load(Ordering::Acquire))
    }

    fn store(&self, batch: Batch<'_>, upto: FrameSeq) -> Result<(), HistoryError> {
        self.shared.store(batch, upto)?;
        if let Some(builder) = &self.builder {
            builder.wake();
        }
        while self.shared.unmerged() > UNMERGED_FILES_MAX && self.shared.merge_next()? {}
        Ok(())
    }

    fn journey(&self, id: MessageId) -> Result<Option<Journey>, HistoryError> {
        for file in self.shared.shelf.files().iter().rev() {
            if let Some(row) = file.get(id.0)? {
                return self.shared.decode(&row).map(Some);
            }
        }
        Ok(None)
    }

    fn search(&self, query: &SearchQuery) -> Result<SearchPage, HistoryError> {
        query.check()?;
        let limit = query.limit.min(PAGE_ROWS_MAX);
        let mut page = SearchPage::default();
        let Some(ids) = query.ids().filter(|_| limit > 0) else {
            return Ok(page);
        };
        let search = Search::new(query, self.shared.manifest.is_amended());
        let mut scan = Scan::new(
            &self.shared.shelf.files(),
            search.key(),
            ids.start().0..=ids.end().0,
            self.shared.options.looked_rows_max,
            |row| search.wants(row),
        );
        while page.journeys.len() < limit {
            match scan.next()? {
                Found::Row(row) => {
                    let journey = self.shared.decode(&row)?;
                    if query.fits(&journey) {
                        page.journeys.push(journey);
                    }
                }
                Found::Paused { from } => {
                    page.next = Some(MessageId(from));
                    return Ok(page);
                }
                Found::End => return Ok(page),
            }
        }
        page.next = page.journeys.last().map(|last| last.message);
        Ok(page)
    }
}

impl Shared {
    fn store(&self, batch: Batch<'_>, upto: FrameSeq) -> Result<(), HistoryError> {
        let _one_at_a_time = self.storing.lock();
        let known = FrameSeq(self.stored_upto.load(Ordering::Acquire));
        let upto = upto.max(known);
        if batch.is_empty() && upto == known {
            return Ok(());
        }
        let amendments = batch.amendments;
        let entry = (!batch.journeys.is_empty())
            .then(|| self.write(batch.journeys))
            .transpose()?;
        self.manifest.add(entry.as_ref(), &amendments, upto)?;
        if let Some(entry) = entry {
            self.shelf.put(entry, &[]);
        }
        self.stored_upto.store(upto.0, Ordering::Release);
        Ok(())
    }

    fn write(&self, mut journeys: Vec<&Journey>) -> Result<Entry, HistoryError> {
        // Stable, so that of journeys of one message the one handed over last is the last of its group.
        journeys.sort_by_key(|journey| journey.message);
        let (number, path) = self.shelf.fresh();
        let extent = file_writer::write(&path, |rows| {
            for group in journeys.chunk_by(|a, b| a.message == b.message) {
                let journey = group.last().expect("a group is not empty");
                rows.journey(journey).map_err(failed("writing a file", &path))?;
            }
            Ok(())
        })?;
        self.finished(number, number, extent)
    }

    /// The entry of a file that is whole; its name is durable from here on.
    fn finished(&self, number: u64, age: u64, extent: Extent) -> Result<Entry, HistoryError> {
        file_writer::sync_dir(&self.dir)?;
        Ok(Entry { number, age, extent })
    }

    /// Merges the files that are next in turn; false when there is nothing to do.
    pub fn merge_next(&self) -> Result<bool, HistoryError> {
        let _one_at_a_time = self.merging.lock();
        let files = self.shelf.files();
        let rows: Vec<u64> = files.iter().map(|file| file.extent.rows).collect();
        let Some(range) = next_merge(&rows, self.options.rows_full) else {
            return Ok(false);
        };
        let old = &files[range];
        let age = old.last().expect("a merge takes at least two files").age;
        let (number, path) = self.shelf.fresh();
        let entry = self.finished(number, age, merge(&path, old)?)?;
        self.manifest
            .replace(old.iter().map(|file| file.number), &entry)?;
        self.shelf.put(entry, old);
        Ok(true)
    }

    #[cfg(test)]
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    fn unmerged(&self) -> usize {
        let files = self.shelf.files();
        files
            .iter()
            .filter(|file| file.extent.rows < self.options.rows_full)
            .count()
    }

    /// The journey of a row with its correction.
    fn decode(&self, row: &Row) -> Result<Journey, HistoryError> {
        let mut journey = row.decode().map_err(|detail| unreadable(&self.dir, detail))?;
        if let Some(amendment) = self.manifest.amendment(journey.message)? {
            journey.amend(&amendment);
        }
        Ok(journey)
    }
}
