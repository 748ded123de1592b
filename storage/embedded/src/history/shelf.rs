use super::failure::failed;
use super::file::HistoryFile;
use super::file_writer;
use super::manifest::Entry;
use super::options::HistoryOptions;
use carillon_storage::history::HistoryError;
use parking_lot::RwLock;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const PREFIX: &str = "journeys-";

/// The finished files of a folder, oldest first.
pub(super) struct Shelf {
    dir: PathBuf,
    files: RwLock<Arc<Vec<Arc<HistoryFile>>>>,
    next_number: AtomicU64,
    budget: Arc<AtomicUsize>,
}

/// Whether a folder has files that may hold messages.
pub(super) fn has_files(dir: &Path) -> Result<bool, HistoryError> {
    Ok(!files_in(dir)?.is_empty())
}

/// Our files in a folder, finished or not.
fn files_in(dir: &Path) -> Result<Vec<PathBuf>, HistoryError> {
    let is_ours = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
    };
    let paths = fs::read_dir(dir)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<Vec<_>>>()
        })
        .map_err(failed("listing the folder", dir))?;
    Ok(paths.into_iter().filter(is_ours).collect())
}

impl Shelf {
    /// Removes files that `entries` does not name, and refuses when one that it names is not whole.
    pub fn open(dir: &Path, entries: Vec<Entry>, options: &HistoryOptions) -> Result<Self, HistoryError> {
        let shelf = Shelf {
            dir: dir.to_owned(),
            files: RwLock::default(),
            next_number: AtomicU64::new(1 + entries.iter().map(|entry| entry.number).max().unwrap_or(0)),
            budget: Arc::new(AtomicUsize::new(options.idle_connections_max)),
        };
        shelf.remove_all_but(entries.iter().map(|entry| entry.number).collect())?;
        let files: Vec<_> = entries.into_iter().map(|entry| shelf.file(entry)).collect();
        for file in &files {
            file.check()?;
        }
        *shelf.files.write() = Arc::new(files);
        Ok(shelf)
    }

    /// The files as they are now. A file that goes meanwhile stays readable as long as it is held.
    pub fn files(&self) -> Arc<Vec<Arc<HistoryFile>>> {
        self.files.read().clone()
    }

    /// A number that no file has had since the start, and the path of the file that gets it.
    pub fn fresh(&self) -> (u64, PathBuf) {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        (number, self.path(number))
    }

    /// Adds a file and takes away those whose numbers are `replaced`.
    pub fn put(&self, entry: Entry, replaced: &[Arc<HistoryFile>]) {
        self.change(Some(self.file(entry)), replaced);
    }

    pub fn take_away(&self, removed: &[Arc<HistoryFile>]) {
        self.change(None, removed);
    }

    fn change(&self, added: Option<Arc<HistoryFile>>, removed: &[Arc<HistoryFile>]) {
        let mut files = self.files.write();
        let stays = |file: &&Arc<HistoryFile>| removed.iter().all(|old| old.number != file.number);
        let mut next: Vec<_> = files.iter().filter(stays).cloned().chain(added).collect();
        next.sort_by_key(|file| file.age);
        *files = Arc::new(next);
        drop(files);
        for file in removed {
            file.leave();
        }
    }

    fn file(&self, entry: Entry) -> Arc<HistoryFile> {
        let path = self.path(entry.number);
        Arc::new(HistoryFile::new(
            path,
            entry.number,
            entry.age,
            entry.extent,
            self.budget.clone(),
        ))
    }

    /// Where a file has or would have its place.
    pub fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{PREFIX}{number:08}.db"))
    }

    fn remove_all_but(&self, numbers: BTreeSet<u64>) -> Result<(), HistoryError> {
        let named: BTreeSet<PathBuf> = numbers.into_iter().map(|number| self.path(number)).collect();
        for path in files_in(&self.dir)? {
            if !named.contains(&path) {
                file_writer::remove(&path).map_err(failed("removing an unfinished file", &path))?;
            }
        }
        Ok(())
    }
}
