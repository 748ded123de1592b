use super::builder::Builder;
use super::changes::Changes;
use super::failure::{failed, is_failed_sync, unreadable};
use super::file::HistoryFile;
use super::file_writer::{self, Extent};
use super::manifest::{Entry, Manifest};
use super::merge::merge;
use super::merge_plan::next_merge;
use super::options::HistoryOptions;
use super::rollup;
use super::scan::{Found, Scan};
use super::shelf::{Shelf, has_files};
use carillon_domain::ids::MessageId;
use carillon_domain::journey::Journey;
use carillon_domain::time::UnixMs;
use carillon_storage::history::stored::{Row, Search, each_once};
use carillon_storage::history::{
    Batch, CarrierQuery, CodeRow, History, HistoryError, HistorySize, LatencyRow, PAGE_ROWS_MAX,
    ROLLUP_ROWS_MAX, RollupQuery, RollupRow, SearchPage, SearchQuery,
};
use carillon_storage::journal::FrameSeq;
use parking_lot::Mutex;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

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
    pub options: HistoryOptions,
    pub manifest: Manifest,
    pub shelf: Shelf,
    stored_upto: AtomicU64,
    storing: Mutex<()>,
    /// Held by whoever puts files in the place of others or takes them away.
    pub rearranging: Mutex<()>,
    pub removed_rows: AtomicU64,
    pub removed_for_room_rows: AtomicU64,
    /// All files together take more room than they may, and that was told.
    pub is_over_room: AtomicBool,
}

impl EmbeddedHistory {
    /// Opens the history in `dir`, which is created when absent. What a crash left unfinished is removed, so
    /// only one process may have the folder open: the one that holds the journal's lock.
    ///
    /// Errors when the manifest is missing beside files, or of a format this program does not know; and when a finished file
    /// is missing or not as long as it was.
    pub fn open(dir: &Path, options: HistoryOptions) -> Result<Self, HistoryError> {
        fs::create_dir_all(dir).map_err(failed("creating the folder", dir))?;
        let manifest = Manifest::open(dir, has_files(dir)?)?;
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
            rearranging: Mutex::default(),
            removed_rows: AtomicU64::default(),
            removed_for_room_rows: AtomicU64::default(),
            is_over_room: AtomicBool::default(),
            options,
        });
        if !shared.manifest.has_rollups()? {
            shared.remake_rollups()?;
        }
        let builder = if shared.options.works_in_background {
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

    /// Removes what is older than it is kept, as the thread in the background does every hour, and what is too much, as it does
    /// after every batch.
    pub fn remove_old(&self, now: UnixMs) -> Result<(), HistoryError> {
        self.shared.remove_old(now)
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
        while self.shared.unmerged() > UNMERGED_FILES_MAX {
            match self.shared.merge_next() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    // The batch is stored: whoever handed it over must not do so again.
                    tracing::error!(%error, "history files cannot be merged");
                    break;
                }
            }
        }
        Ok(())
    }

    fn journey(&self, id: MessageId) -> Result<Option<Journey>, HistoryError> {
        let stored = self.shared.stored(id)?;
        stored.map(|journey| self.shared.amended(journey)).transpose()
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
            Instant::now().checked_add(self.shared.options.search_time_max),
            |row| search.wants(row),
        );
        while page.journeys.len() < limit {
            match scan.next()? {
                Found::Row(row) => {
                    let journey = self.shared.amended(self.shared.decode(&row)?)?;
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

    fn rollup(&self, query: &RollupQuery) -> Result<Vec<RollupRow>, HistoryError> {
        not_too_many(
            self.shared
                .manifest
                .figures(self.shared.options.figures_time_max, |figures| {
                    rollup::rollup(figures, query)
                })?,
        )
    }

    fn codes(&self, query: &CarrierQuery) -> Result<Vec<CodeRow>, HistoryError> {
        not_too_many(
            self.shared
                .manifest
                .figures(self.shared.options.figures_time_max, |figures| {
                    rollup::codes(figures, query)
                })?,
        )
    }

    fn latencies(&self, query: &CarrierQuery) -> Result<Vec<LatencyRow>, HistoryError> {
        not_too_many(
            self.shared
                .manifest
                .figures(self.shared.options.figures_time_max, |figures| {
                    rollup::latencies(figures, query)
                })?,
        )
    }

    fn size(&self) -> HistorySize {
        let files = self.shared.shelf.files();
        let extents = || files.iter().map(|file| &file.extent);
        HistorySize {
            files: files.len(),
            rows: extents().map(|extent| extent.rows).sum(),
            bytes: extents().map(|extent| extent.bytes).sum(),
            oldest: extents()
                .map(|extent| UnixMs(MessageId(extent.id_min).unix_ms()))
                .min(),
            removed_rows: self.shared.removed_rows.load(Ordering::Relaxed),
            removed_for_room_rows: self.shared.removed_for_room_rows.load(Ordering::Relaxed),
        }
    }
}

fn not_too_many<T>(rows: Option<Vec<T>>) -> Result<Vec<T>, HistoryError> {
    rows.ok_or(HistoryError::TooManyRows { max: ROLLUP_ROWS_MAX })
}

impl Shared {
    fn store(&self, batch: Batch<'_>, upto: FrameSeq) -> Result<(), HistoryError> {
        let _one_at_a_time = self.storing.lock();
        let known = FrameSeq(self.stored_upto.load(Ordering::Acquire));
        let is_new = upto > known;
        if batch.is_empty() && !is_new {
            return Ok(());
        }
        let mut changes = Changes::new(&batch.amendments, is_new);
        let entry = (!batch.journeys.is_empty())
            .then(|| self.write(each_once(&batch), &mut changes))
            .transpose()?;
        let upto = upto.max(known);
        let added = changes
            .finish(self)
            .and_then(|fold| self.manifest.add(entry.as_ref(), &batch.amendments, upto, &fold));
        if let (Err(error), Some(entry)) = (&added, &entry) {
            self.abandon(entry.number, error);
        }
        added?;
        if let Some(entry) = entry {
            self.shelf.put(entry, &[]);
        }
        self.stored_upto.store(upto.0, Ordering::Release);
        Ok(())
    }

    fn write(&self, journeys: Vec<&Journey>, changes: &mut Changes<'_>) -> Result<Entry, HistoryError> {
        let (number, path) = self.shelf.fresh();
        let extent = file_writer::write(&path, |rows| {
            for journey in journeys {
                // Both at once: a journey lies scattered in memory, and reaching it costs as much as counting it.
                rows.journey(journey).map_err(failed("writing a file", &path))?;
                changes.journey(self, journey)?;
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

    /// Removes a file that the manifest did not take: the next try writes another one, and without end they would fill the
    /// disk. After a failed sync nobody knows what the manifest says after a crash; then the file stays until the next start.
    fn abandon(&self, number: u64, error: &HistoryError) {
        if is_failed_sync(error) {
            return;
        }
        let path = self.shelf.path(number);
        if let Err(error) = file_writer::remove(&path) {
            tracing::warn!(path = %path.display(), %error, "an unfinished history file stays until the next start");
        }
    }

    /// Merges the files that are next in turn; false when there is nothing to do.
    pub fn merge_next(&self) -> Result<bool, HistoryError> {
        let _one_at_a_time = self.rearranging.lock();
        let files = self.shelf.files();
        // A damaged file stays as it is, like a full one, so that the others go on.
        let rows = |file: &Arc<HistoryFile>| {
            if file.is_damaged() {
                u64::MAX
            } else {
                file.extent.rows
            }
        };
        let rows: Vec<u64> = files.iter().map(rows).collect();
        let Some(range) = next_merge(&rows, self.options.rows_full) else {
            return Ok(false);
        };
        let old = &files[range];
        let age = old.last().expect("a merge takes at least two files").age;
        let (number, path) = self.shelf.fresh();
        let extent = merge(&path, old).inspect_err(|_| old.iter().for_each(|file| file.look_for_damage()))?;
        let entry = self.finished(number, age, extent)?;
        let old_numbers = old.iter().map(|file| file.number);
        self.manifest
            .replace(old_numbers, &entry)
            .inspect_err(|error| self.abandon(number, error))?;
        self.shelf.put(entry, old);
        Ok(true)
    }

    fn unmerged(&self) -> usize {
        let files = self.shelf.files();
        files
            .iter()
            .filter(|file| file.extent.rows < self.options.rows_full && !file.is_damaged())
            .count()
    }

    /// The journey of a message as it was stored, without its correction.
    pub fn stored(&self, id: MessageId) -> Result<Option<Journey>, HistoryError> {
        for file in self.shelf.files().iter().rev() {
            if let Some(row) = file.get(id.0)? {
                return self.decode(&row).map(Some);
            }
        }
        Ok(None)
    }

    /// Whether a message that could not be read never can be, so that nothing is gained by trying again.
    pub fn is_lost(&self, id: MessageId) -> bool {
        let files = self.shelf.files();
        let mut may_have_it = files.iter().filter(|file| file.extent.has(id.0));
        may_have_it.any(|file| {
            if !file.is_damaged() {
                file.look_for_damage();
            }
            file.is_damaged()
        })
    }

    /// The journey of a row, without its correction.
    pub fn decode(&self, row: &Row) -> Result<Journey, HistoryError> {
        row.decode().map_err(|detail| unreadable(&self.dir, detail))
    }

    fn amended(&self, mut journey: Journey) -> Result<Journey, HistoryError> {
        if let Some(amendment) = self.manifest.amendment(journey.message)? {
            journey.amend(&amendment);
        }
        Ok(journey)
    }
}
