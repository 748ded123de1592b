use super::code;
use super::failure::{failed, unreadable};
use super::file_writer::{self, Extent, FORMAT};
use super::row::Row;
use carillon_storage::history::HistoryError;
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const GET: &str = "SELECT id, phone, tenant, account, state, final_at, body FROM journey WHERE id = ?1";
const BY_PHONE: &str = "SELECT id, phone, tenant, account, state, final_at, body FROM journey
    WHERE phone = ?1 AND id BETWEEN ?2 AND ?3 AND (?4 IS NULL OR tenant = ?4) ORDER BY id DESC LIMIT ?5";
/// The columns of a row, in the order [`Rows::copy`](super::file_writer::Rows::copy) takes them.
pub(super) const ALL: &str =
    "SELECT id, phone, tenant, account, state, final_at, body FROM journey ORDER BY id";

/// What is asked of one file: rows to one number with ids in a range, newest first.
pub(super) struct PhoneRange {
    pub phone: u64,
    pub tenant: Option<u32>,
    pub id_min: u64,
    pub id_max: u64,
    pub limit: usize,
}

/// A finished file: never changed, read by many threads, removed when the last reader of a merged one has gone.
pub(super) struct HistoryFile {
    pub number: u64,
    /// The order in which files were stored; a later one's row stands for an earlier one's.
    pub age: u64,
    pub extent: Extent,
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    budget: Arc<AtomicUsize>,
    replaced: AtomicBool,
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
            replaced: AtomicBool::new(false),
        }
    }

    /// The file goes from the disk once nobody reads it any more.
    pub fn replace(&self) {
        self.replaced.store(true, Ordering::Release);
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

    pub fn get(&self, id: u64) -> Result<Option<Row>, HistoryError> {
        if !(self.extent.id_min..=self.extent.id_max).contains(&id) {
            return Ok(None);
        }
        self.with(|connection| {
            connection
                .prepare_cached(GET)?
                .query_row([code::to_sql(id)], read)
                .optional()
        })
    }

    pub fn by_phone(&self, range: &PhoneRange) -> Result<Vec<Row>, HistoryError> {
        let limit = i64::try_from(range.limit).unwrap_or(i64::MAX);
        let (low, high) = (code::to_sql(range.id_min), code::to_sql(range.id_max));
        self.with(|connection| {
            let mut statement = connection.prepare_cached(BY_PHONE)?;
            statement
                .query_map(params![range.phone as i64, low, high, range.tenant, limit], read)?
                .collect()
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
        if *self.replaced.get_mut()
            && let Err(error) = file_writer::remove(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "a merged history file stays until the next start");
        }
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: code::from_sql(row.get(0)?),
        phone: row.get::<_, i64>(1)? as u64,
        tenant: row.get(2)?,
        account: row.get(3)?,
        state: row.get(4)?,
        final_at: row.get::<_, Option<i64>>(5)?.map(|at| at as u64),
        body: row.get(6)?,
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
