use super::code;
use super::failure::{failed, unreadable};
use super::file_writer::Extent;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::Amendment;
use carillon_domain::time::UnixMs;
use carillon_storage::history::HistoryError;
use carillon_storage::journal::FrameSeq;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

const NAME: &str = "manifest.db";
/// `PRAGMA user_version` of the manifest this code writes.
const FORMAT: u32 = 2;

const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;";
const SCHEMA: &str = "
    CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), stored_upto INTEGER NOT NULL);
    INSERT INTO progress VALUES (1, 0);
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
    PRAGMA user_version = 2;
";
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

/// What counts: the finished files, how far they go, and the corrections. Every change is one durable transaction.
pub(super) struct Manifest {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// A connection of its own, so that reading does not wait for syncs.
    reader: Mutex<Connection>,
    amended: AtomicBool,
}

impl Manifest {
    pub fn open(dir: &Path) -> Result<Self, HistoryError> {
        let path = dir.join(NAME);
        let mut writer = connect(&path)?;
        prepare(&mut writer, &path)?;
        let reader = connect(&path)?;
        let amended = reader.query_row("SELECT EXISTS (SELECT 1 FROM amendment)", [], |row| row.get(0));
        let amended = AtomicBool::new(amended.map_err(failed("reading the corrections", &path))?);
        Ok(Manifest {
            path,
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            amended,
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

    /// Adds a file, corrections and progress, all or nothing.
    pub fn add(
        &self,
        file: Option<&Entry>,
        amendments: &[&Amendment],
        upto: FrameSeq,
    ) -> Result<(), HistoryError> {
        self.change("storing a batch", |transaction| {
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
        self.change("storing a merge", |transaction| {
            for number in old {
                transaction.execute("DELETE FROM file WHERE number = ?", [number as i64])?;
            }
            insert(transaction, new)
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

    /// Whether anything was ever corrected.
    pub fn is_amended(&self) -> bool {
        self.amended.load(Ordering::Acquire)
    }

    fn change(
        &self,
        operation: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), HistoryError> {
        let mut writer = self.writer.lock();
        let run = || {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            change(&transaction)?;
            transaction.commit()
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

fn prepare(connection: &mut Connection, path: &Path) -> Result<(), HistoryError> {
    let mut prepare = || -> rusqlite::Result<u32> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found == 0 {
            transaction.execute_batch(SCHEMA)?;
            transaction.commit()?;
            return Ok(FORMAT);
        }
        Ok(found)
    };
    match prepare().map_err(failed("preparing the manifest", path))? {
        FORMAT => Ok(()),
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
