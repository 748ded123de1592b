use super::builder::Builder;
use super::failure::{failed, unreadable};
use super::file::PhoneRange;
use super::file_writer::{self, Extent};
use super::manifest::{Entry, Manifest};
use super::merge::merge;
use super::merge_plan::next_merge;
use super::options::HistoryOptions;
use super::page::Page;
use super::row::Row;
use super::shelf::Shelf;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::{Amendment, Journey};
use carillon_storage::history::{History, HistoryError, PAGE_ROWS_MAX, PhoneQuery};
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

    fn store(
        &self,
        journeys: &[Journey],
        amendments: &[Amendment],
        upto: FrameSeq,
    ) -> Result<(), HistoryError> {
        self.shared.store(journeys, amendments, upto)?;
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

    fn by_phone(&self, query: &PhoneQuery) -> Result<Vec<Journey>, HistoryError> {
        let limit = query.limit.min(PAGE_ROWS_MAX);
        let Some(id_max) = query
            .before
            .map_or(Some(u64::MAX), |before| before.0.checked_sub(1))
        else {
            return Ok(Vec::new());
        };
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut page = Page::new(limit);
        for file in self.shared.shelf.files().iter().rev() {
            let id_min = page.floor().map_or(Some(0), |floor| floor.checked_add(1));
            let Some(id_min) = id_min.filter(|id_min| *id_min <= file.extent.id_max) else {
                continue;
            };
            if id_max < file.extent.id_min {
                continue;
            }
            let tenant = query.tenant.map(|tenant| tenant.0);
            let range = PhoneRange {
                phone: query.phone.as_u64(),
                tenant,
                id_min,
                id_max,
                limit,
            };
            for row in file.by_phone(&range)? {
                page.offer(row);
            }
        }
        page.into_rows().map(|row| self.shared.decode(&row)).collect()
    }
}

impl Shared {
    fn store(
        &self,
        journeys: &[Journey],
        amendments: &[Amendment],
        upto: FrameSeq,
    ) -> Result<(), HistoryError> {
        let _one_at_a_time = self.storing.lock();
        let known = FrameSeq(self.stored_upto.load(Ordering::Acquire));
        let upto = upto.max(known);
        if journeys.is_empty() && amendments.is_empty() && upto == known {
            return Ok(());
        }
        let entry = (!journeys.is_empty()).then(|| self.write(journeys)).transpose()?;
        self.manifest.add(entry.as_ref(), amendments, upto)?;
        if let Some(entry) = entry {
            self.shelf.put(entry, &[]);
        }
        self.stored_upto.store(upto.0, Ordering::Release);
        Ok(())
    }

    fn write(&self, journeys: &[Journey]) -> Result<Entry, HistoryError> {
        let mut sorted: Vec<&Journey> = journeys.iter().collect();
        // Stable, so that of journeys of one message the one handed over last is the last of its group.
        sorted.sort_by_key(|journey| journey.message);
        let (number, path) = self.shelf.fresh();
        let extent = file_writer::write(&path, |rows| {
            for group in sorted.chunk_by(|a, b| a.message == b.message) {
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
