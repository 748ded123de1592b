use super::failure::{failed, unreadable};
use super::file_writer::{self, Extent, FORMAT};
use carillon_storage::history::HistoryError;
use carillon_storage::history::stored::{Key, Row, code};
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::collections::VecDeque;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The columns in the order in which [`read_head`] and [`Rows::copy`](super::file_writer::Rows::copy) take them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, phone, tenant, account, state, final_at, campaign, line, mail, body FROM journey ",
            $rest
        )
    };
}

const GET: &str = select!("WHERE id = ?1");
pub(super) const ALL: &str = select!("ORDER BY id");
const BODY: usize = 9;

/// What one look into a file gave.
#[derive(Default)]
pub(super) struct Look {
    /// What was wanted, newest first.
    pub rows: VecDeque<Row>,
    /// How many rows it looked at.
    pub looked: usize,
    /// The last one of them.
    pub lowest: Option<u64>,
}

fn sql(key: Key) -> &'static str {
    match key {
        Key::Phone(_) => select!(
            "INDEXED BY journey_by_phone WHERE phone = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT ?4"
        ),
        Key::Mail(_) => select!(
            "INDEXED BY journey_by_mail WHERE mail = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT ?4"
        ),
        Key::Campaign(_) => select!(
            "INDEXED BY journey_by_campaign WHERE campaign = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT ?4"
        ),
        Key::Id => select!("WHERE ?1 IS NULL AND id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT ?4"),
    }
}

fn value(key: Key) -> Option<i64> {
    match key {
        Key::Phone(phone) => Some(phone as i64),
        Key::Mail(hash) => Some(hash),
        Key::Campaign(id) => Some(id.into()),
        Key::Id => None,
    }
}

/// A finished file: never changed, read by many threads, and gone from the disk when it was merged or grew old and its last reader is done.
pub(super) struct HistoryFile {
    pub number: u64,
    /// The order in which files were stored; a later one's row stands for an earlier one's.
    pub age: u64,
    pub extent: Extent,
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    budget: Arc<AtomicUsize>,
    leaves: AtomicBool,
    damaged: AtomicBool,
}

impl HistoryFile {
    /// `budget` is how many more idle connections all files together may keep.
    pub fn new(path: PathBuf, number: u64, age: u64, extent: Extent, budget: Arc<AtomicUsize>) -> Self {
        HistoryFile {
            number,
            age,
            extent,
            path,
            idle: Mutex::default(),
            budget,
            leaves: AtomicBool::new(false),
            damaged: AtomicBool::new(false),
        }
    }

    /// The file goes from the disk once nobody reads it any more.
    pub fn leave(&self) {
        self.leaves.store(true, Ordering::Release);
    }

    /// Refuses a file that is not as long as it was when it was stored, or is of another format.
    pub fn check(&self) -> Result<(), HistoryError> {
        let found = std::fs::metadata(&self.path)
            .map_err(failed("finding a file", &self.path))?
            .len();
        if found != self.extent.bytes {
            let detail = format!(
                "{found} bytes instead of {}; restore it from a copy",
                self.extent.bytes
            );
            return Err(unreadable(&self.path, detail));
        }
        Ok(())
    }

    /// Whether not all of it can be read, as far as anybody has looked.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Acquire)
    }

    /// Reads all of it.
    pub fn look_for_damage(&self) {
        let read_all = || -> Result<(), HistoryError> {
            let connection = self.connect()?;
            let read = || -> rusqlite::Result<Option<String>> {
                let mut statement = connection.prepare(ALL)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let row = with_body(read_head(row)?, row)?;
                    if let Err(detail) = row.decode() {
                        return Ok(Some(detail));
                    }
                }
                Ok(None)
            };
            match read().map_err(failed("reading a file", &self.path))? {
                None => Ok(()),
                Some(detail) => Err(unreadable(&self.path, detail)),
            }
        };
        if let Err(error) = read_all() {
            tracing::error!(%error, "a file of the history is damaged; restore it from a copy");
            self.damaged.store(true, Ordering::Release);
        }
    }

    pub fn get(&self, id: u64) -> Result<Option<Row>, HistoryError> {
        if !self.extent.has(id) {
            return Ok(None);
        }
        self.with(|connection| {
            connection
                .prepare_cached(GET)?
                .query_row([code::to_sql(id)], |row| with_body(read_head(row)?, row))
                .optional()
        })
    }

    /// Looks at the newest `count` rows under a key with ids from `low` to `high`, and takes those that are wanted. Whether a
    /// row is wanted is asked before its body is read.
    pub fn look(
        &self,
        key: Key,
        low: u64,
        high: u64,
        count: usize,
        wanted: impl Fn(&Row) -> bool,
    ) -> Result<Look, HistoryError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql(key))?;
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let mut found =
                statement.query(params![value(key), code::to_sql(low), code::to_sql(high), count])?;
            let mut look = Look::default();
            while let Some(found) = found.next()? {
                let row = read_head(found)?;
                look.looked += 1;
                look.lowest = Some(row.id);
                if wanted(&row) {
                    look.rows.push_back(with_body(row, found)?);
                }
            }
            Ok(look)
        })
    }

    /// How SQLite answers a look.
    #[cfg(test)]
    pub fn plan(&self, key: Key) -> Result<String, HistoryError> {
        self.with(|connection| {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql(key)))?;
            let steps = statement.query_map(params![value(key), 0, 1, 1], |row| row.get(3))?;
            Ok(steps.collect::<rusqlite::Result<Vec<String>>>()?.join("; "))
        })
    }

    /// A connection of its own, closed when dropped.
    pub fn connect(&self) -> Result<Connection, HistoryError> {
        let uri = uri(&self.path);
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(uri, flags).map_err(failed("opening a file", &self.path))?;
        let prepared = connection
            .execute_batch("PRAGMA cache_size = -128")
            .and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true))
            .and_then(|_| connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0)));
        let format = prepared.map_err(failed("opening a file", &self.path))?;
        if format != FORMAT {
            return Err(unreadable(
                &self.path,
                format!("format {format}, this program reads {FORMAT}"),
            ));
        }
        Ok(connection)
    }

    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, HistoryError> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => {
                self.budget.fetch_add(1, Ordering::Relaxed);
                connection
            }
            None => self.connect()?,
        };
        let found = read(&connection).map_err(failed("reading a file", &self.path))?;
        // A connection over the budget is closed here. Searches go over all files, so keeping always the same ones open is
        // better than keeping the last used.
        let take = |budget: usize| budget.checked_sub(1);
        if self
            .budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
        {
            self.idle.lock().push(connection);
        }
        Ok(found)
    }
}

impl Drop for HistoryFile {
    fn drop(&mut self) {
        let idle = std::mem::take(self.idle.get_mut());
        self.budget.fetch_add(idle.len(), Ordering::Relaxed);
        drop(idle);
        if *self.leaves.get_mut()
            && let Err(error) = file_writer::remove(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "a history file that is not needed any more stays until the next start");
        }
    }
}

/// Everything but the body.
fn read_head(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: code::from_sql(row.get(0)?),
        phone: row.get::<_, i64>(1)? as u64,
        tenant: row.get(2)?,
        account: row.get(3)?,
        state: row.get(4)?,
        final_at: row.get::<_, Option<i64>>(5)?.map(|at| at as u64),
        campaign: row.get(6)?,
        line: row.get(7)?,
        mail: row.get(8)?,
        body: Vec::new(),
    })
}

fn with_body(row: Row, found: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        body: found.get(BODY)?,
        ..row
    })
}

/// `immutable=1` spares locks and looks at side files, which is right because nobody changes the file.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte))
            }
            byte => write!(uri, "%{byte:02x}").expect("a String takes all text"),
        }
    }
    uri.push_str("?immutable=1");
    uri
}
