use super::failure::{failed, unreadable};
use super::file_writer::Extent;
use super::rollup;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::Amendment;
use carillon_domain::time::UnixMs;
use carillon_storage::history::stored::{Fold, code};
use carillon_storage::history::{HistoryError, Resolution};
use carillon_storage::journal::FrameSeq;
use parking_lot::Mutex;
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const NAME: &str = "manifest.db";
/// `PRAGMA user_version` of the manifest this code writes.
const FORMAT: u32 = 3;
/// The form of the rollups this code writes; others are made anew from the files.
const ROLLUP_FORMAT: u32 = 1;

const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;";
const SCHEMA: &str = "
    CREATE TABLE progress (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        stored_upto INTEGER NOT NULL,
        rollup_format INTEGER NOT NULL
    );
    CREATE TABLE file (
        number INTEGER PRIMARY KEY,
        age INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        id_min INTEGER NOT NULL,
        id_max INTEGER NOT NULL,
        bytes INTEGER NOT NULL
    );
    CREATE TABLE amendment (
        id INTEGER PRIMARY KEY,
        state INTEGER NOT NULL,
        cause TEXT,
        at INTEGER NOT NULL
    );
    PRAGMA user_version = 3;
";
/// Steps of SQLite's machine between two looks at the clock: a fraction of a millisecond.
const STEPS_PER_LOOK: i32 = 10_000;
const ADD_FILE: &str = "INSERT INTO file VALUES (?, ?, ?, ?, ?, ?)";
/// The latest correction stays, whatever the order in which corrections come.
const AMEND: &str = "INSERT INTO amendment VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, cause = excluded.cause, at = excluded.at WHERE excluded.at >= amendment.at";

/// One finished file as the manifest names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub number: u64,
    pub age: u64,
    pub extent: Extent,
}

/// What counts: the finished files, how far they go, the corrections, and the sums over them. Every change is one durable
/// transaction.
pub(super) struct Manifest {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// A connection of its own, so that reading does not wait for syncs.
    reader: Mutex<Connection>,
    /// And one for sums, which may take long.
    figures: Mutex<Connection>,
    amended: AtomicBool,
    /// How often storing a merge panics from now on.
    #[cfg(test)]
    pub panics: std::sync::atomic::AtomicU32,
}

impl Manifest {
    /// `has_files` says whether finished files lie beside it: then it is not made anew, since files that it does not name are
    /// removed.
    pub fn open(dir: &Path, has_files: bool) -> Result<Self, HistoryError> {
        let path = dir.join(NAME);
        let mut writer = connect(&path)?;
        prepare(&mut writer, &path, has_files)?;
        let reader = connect(&path)?;
        let figures = connect_to_read(&path)?;
        let amended = reader.query_row("SELECT EXISTS (SELECT 1 FROM amendment)", [], |row| row.get(0));
        let amended = AtomicBool::new(amended.map_err(failed("reading the corrections", &path))?);
        Ok(Manifest {
            path,
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            figures: Mutex::new(figures),
            amended,
            #[cfg(test)]
            panics: std::sync::atomic::AtomicU32::default(),
        })
    }

    pub fn stored_upto(&self) -> Result<FrameSeq, HistoryError> {
        let reader = self.reader.lock();
        let upto = reader.query_row("SELECT stored_upto FROM progress", [], |row| row.get::<_, i64>(0));
        upto.map(|upto| FrameSeq(upto as u64))
            .map_err(failed("reading the progress", &self.path))
    }

    /// All files, oldest first.
    pub fn entries(&self) -> Result<Vec<Entry>, HistoryError> {
        let reader = self.reader.lock();
        let read = || {
            let mut query =
                reader.prepare("SELECT number, age, rows, id_min, id_max, bytes FROM file ORDER BY age")?;
            query
                .query_map([], entry)?
                .collect::<rusqlite::Result<Vec<Entry>>>()
        };
        read().map_err(failed("reading the files", &self.path))
    }

    /// Adds a file, corrections, progress and what they change in the rollups, all or nothing.
    pub fn add(
        &self,
        file: Option<&Entry>,
        amendments: &[&Amendment],
        upto: FrameSeq,
        fold: &Fold,
    ) -> Result<(), HistoryError> {
        self.change("storing a batch", |transaction| {
            rollup::write(transaction, fold)?;
            if let Some(file) = file {
                insert(transaction, file)?;
            }
            let mut amend = transaction.prepare_cached(AMEND)?;
            for amendment in amendments {
                let Amendment {
                    message,
                    state,
                    cause,
                    at,
                } = amendment;
                let (id, state) = (code::to_sql(message.0), code::encode_final(*state));
                amend.execute(params![id, state, cause.as_deref(), at.0 as i64])?;
            }
            transaction
                .execute("UPDATE progress SET stored_upto = ?", [upto.0 as i64])
                .map(|_| ())
        })?;
        if !amendments.is_empty() {
            self.amended.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Puts one file in the place of others.
    pub fn replace(&self, old: impl Iterator<Item = u64>, new: &Entry) -> Result<(), HistoryError> {
        #[cfg(test)]
        self.panic_when_due();
        self.change("storing a merge", |transaction| {
            for number in old {
                transaction.execute("DELETE FROM file WHERE number = ?", [number as i64])?;
            }
            insert(transaction, new)
        })
    }

    /// Forgets files and the corrections of messages below `lowest`, which no file has any more.
    pub fn remove(&self, files: impl Iterator<Item = u64>, lowest: u64) -> Result<(), HistoryError> {
        self.change("removing old files", |transaction| {
            for number in files {
                transaction.execute("DELETE FROM file WHERE number = ?", [number as i64])?;
            }
            transaction
                .execute("DELETE FROM amendment WHERE id < ?", [code::to_sql(lowest)])
                .map(|_| ())
        })
    }

    /// Forgets the sums of buckets that begin before a moment; returns how many.
    pub fn expire(&self, resolution: Resolution, before: UnixMs) -> Result<usize, HistoryError> {
        self.change("removing old figures", |transaction| {
            rollup::expire(transaction, resolution, before)
        })
    }

    /// Whether the rollups are of this program's form.
    pub fn has_rollups(&self) -> Result<bool, HistoryError> {
        let reader = self.reader.lock();
        let found = reader.query_row("SELECT rollup_format FROM progress", [], |row| {
            row.get::<_, u32>(0)
        });
        found
            .map(|found| found == ROLLUP_FORMAT)
            .map_err(failed("reading the progress", &self.path))
    }

    /// Puts new rollups in the place of all that are there: the sum of what `fill` hands to its argument.
    pub fn remake_rollups(
        &self,
        fill: impl FnOnce(&mut dyn FnMut(&Fold) -> Result<(), HistoryError>) -> Result<(), HistoryError>,
    ) -> Result<(), HistoryError> {
        let mut writer = self.writer.lock();
        let failed = || failed("making the figures anew", &self.path);
        let transaction = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        rollup::create_anew(&transaction).map_err(failed())?;
        fill(&mut |fold| rollup::write(&transaction, fold).map_err(failed()))?;
        transaction
            .execute("UPDATE progress SET rollup_format = ?", [ROLLUP_FORMAT])
            .map_err(failed())?;
        transaction.commit().map_err(failed())
    }

    /// Reads sums, beside everything else, and gives up when that takes longer than `max`.
    pub fn figures<T>(
        &self,
        max: Duration,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        let end = Instant::now() + max;
        let figures = self
            .figures
            .try_lock_until(end)
            .ok_or(HistoryError::TooSlow { max })?;
        let failed = || failed("reading figures", &self.path);
        figures
            .progress_handler(STEPS_PER_LOOK, Some(move || Instant::now() >= end))
            .map_err(failed())?;
        read(&figures).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => HistoryError::TooSlow { max },
            _ => failed()(error),
        })
    }

    /// The latest correction of a message.
    pub fn amendment(&self, message: MessageId) -> Result<Option<Amendment>, HistoryError> {
        if !self.is_amended() {
            return Ok(None);
        }
        let reader = self.reader.lock();
        let read = || {
            let mut query = reader.prepare_cached("SELECT state, cause, at FROM amendment WHERE id = ?")?;
            let found = query.query_row([code::to_sql(message.0)], |row| {
                Ok((
                    row.get::<_, u8>(0)?,
                    row.get::<_, Option<String>>(1)?,
                    row.get::<_, i64>(2)?,
                ))
            });
            found.optional()
        };
        let Some((state, cause, at)) = read().map_err(failed("reading a correction", &self.path))? else {
            return Ok(None);
        };
        let unknown = || {
            unreadable(
                &self.path,
                format!("the correction of {message} has state {state}"),
            )
        };
        let state = code::decode_final(state).ok_or_else(unknown)?;
        Ok(Some(Amendment {
            message,
            state,
            cause: cause.map(Into::into),
            at: UnixMs(at as u64),
        }))
    }

    #[cfg(test)]
    fn panic_when_due(&self) {
        let take = |left: u32| left.checked_sub(1);
        let left = self
            .panics
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        assert!(left.is_err(), "injected");
    }

    /// As a full disk does, lets it grow by no more than so many pages; `None` gives it room again.
    #[cfg(test)]
    pub fn limit_growth(&self, pages: Option<u32>) {
        let writer = self.writer.lock();
        let now: u32 = writer
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        let most = pages.map_or(u32::MAX - 1, |pages| now + pages);
        writer
            .query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))
            .unwrap();
    }

    /// Whether anything was ever corrected.
    pub fn is_amended(&self) -> bool {
        self.amended.load(Ordering::Acquire)
    }

    fn change<T>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        let mut writer = self.writer.lock();
        let run = || -> rusqlite::Result<T> {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let changed = change(&transaction)?;
            transaction.commit()?;
            Ok(changed)
        };
        run().map_err(failed(operation, &self.path))
    }
}

fn connect(path: &Path) -> Result<Connection, HistoryError> {
    let connection = Connection::open(path).map_err(failed("opening the manifest", path))?;
    connection
        .execute_batch(SETTINGS)
        .map_err(failed("opening the manifest", path))?;
    Ok(connection)
}

fn connect_to_read(path: &Path) -> Result<Connection, HistoryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(failed("opening the manifest", path))?;
    connection
        .execute_batch("PRAGMA busy_timeout = 10000;")
        .map_err(failed("opening the manifest", path))?;
    Ok(connection)
}

fn prepare(connection: &mut Connection, path: &Path, has_files: bool) -> Result<(), HistoryError> {
    let mut prepare = || -> rusqlite::Result<u32> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found == 0 && !has_files {
            transaction.execute_batch(SCHEMA)?;
            transaction.execute("INSERT INTO progress VALUES (1, 0, ?)", [ROLLUP_FORMAT])?;
            rollup::create_anew(&transaction)?;
            transaction.commit()?;
            return Ok(FORMAT);
        }
        Ok(found)
    };
    match prepare().map_err(failed("preparing the manifest", path))? {
        FORMAT => Ok(()),
        0 => Err(unreadable(
            path,
            "it is missing, and files of messages lie beside it; restore it from a copy, or move them away",
        )),
        found => Err(unreadable(
            path,
            format!("format {found}, this program reads {FORMAT}"),
        )),
    }
}

fn insert(transaction: &Transaction<'_>, file: &Entry) -> rusqlite::Result<()> {
    let Entry {
        number,
        age,
        extent:
            Extent {
                rows,
                id_min,
                id_max,
                bytes,
            },
    } = *file;
    let (id_min, id_max) = (code::to_sql(id_min), code::to_sql(id_max));
    let values = params![
        number as i64,
        age as i64,
        rows as i64,
        id_min,
        id_max,
        bytes as i64
    ];
    transaction.execute(ADD_FILE, values).map(|_| ())
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let number = |column| row.get::<_, i64>(column);
    let extent = Extent {
        rows: number(2)? as u64,
        id_min: code::from_sql(number(3)?),
        id_max: code::from_sql(number(4)?),
        bytes: number(5)? as u64,
    };
    Ok(Entry {
        number: number(0)? as u64,
        age: number(1)? as u64,
        extent,
    })
}
