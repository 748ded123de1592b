use super::failure::failed;
use carillon_domain::journey::Journey;
use carillon_storage::history::HistoryError;
use carillon_storage::history::stored::{NO_PHONE, code, encode_body, mail_hash};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Statement};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// `PRAGMA user_version` of the files this code writes.
pub(super) const FORMAT: u32 = 2;

/// A file is worthless until it is whole and synced, so SQLite needs neither journal nor syncs while it is written. The two
/// indexes that only some rows stand in cost the others nothing when they are there from the start.
const SETTINGS: &str = "
    PRAGMA page_size = 16384;
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -8192;
    PRAGMA user_version = 2;
    BEGIN;
    CREATE TABLE journey (
        id INTEGER PRIMARY KEY,
        phone INTEGER NOT NULL,
        tenant INTEGER NOT NULL,
        account INTEGER NOT NULL,
        state INTEGER NOT NULL,
        final_at INTEGER,
        campaign INTEGER,
        line INTEGER,
        mail INTEGER,
        body BLOB NOT NULL
    );
    CREATE INDEX journey_by_campaign ON journey (campaign) WHERE campaign IS NOT NULL;
    CREATE INDEX journey_by_mail ON journey (mail) WHERE mail IS NOT NULL;
";
/// Filled at the end, sorted. It ends with the id by itself, because that is the row's key.
const INDEXES: &str = "CREATE INDEX journey_by_phone ON journey (phone); COMMIT;";
const INSERT: &str = "INSERT INTO journey VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// What a finished file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub rows: u64,
    pub id_min: u64,
    pub id_max: u64,
    pub bytes: u64,
}

impl Extent {
    /// Whether a message may be in the file.
    pub fn has(&self, id: u64) -> bool {
        (self.id_min..=self.id_max).contains(&id)
    }
}

/// Takes rows in the order of their ids, each id once.
pub(super) struct Rows<'c> {
    insert: Statement<'c>,
    body: Vec<u8>,
    rows: u64,
    id_min: u64,
    id_max: u64,
}

impl Rows<'_> {
    pub fn journey(&mut self, journey: &Journey) -> rusqlite::Result<()> {
        encode_body(journey, &mut self.body)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        self.count(journey.message.0);
        self.insert
            .raw_bind_parameter(1, code::to_sql(journey.message.0))?;
        self.insert
            .raw_bind_parameter(2, journey.to.map_or(NO_PHONE, |to| to.as_u64()) as i64)?;
        self.insert.raw_bind_parameter(3, journey.tenant.0)?;
        self.insert.raw_bind_parameter(4, journey.account.0)?;
        self.insert.raw_bind_parameter(5, code::encode(journey.state))?;
        self.insert
            .raw_bind_parameter(6, journey.final_at.map(|at| at.0 as i64))?;
        let (campaign, line) = journey.campaign.map(|at| (at.campaign.0, at.line)).unzip();
        self.insert.raw_bind_parameter(7, campaign)?;
        self.insert.raw_bind_parameter(8, line)?;
        self.insert
            .raw_bind_parameter(9, journey.address().map(mail_hash))?;
        self.insert.raw_bind_parameter(10, &self.body[..])?;
        self.insert.raw_execute().map(|_| ())
    }

    /// A row of another file as it stands there.
    pub fn copy(&mut self, id: i64, row: &rusqlite::Row<'_>) -> rusqlite::Result<()> {
        self.count(code::from_sql(id));
        self.insert.raw_bind_parameter(1, id)?;
        for column in 1..10 {
            self.insert
                .raw_bind_parameter(column + 1, ToSqlOutput::Borrowed(row.get_ref(column)?))?;
        }
        self.insert.raw_execute().map(|_| ())
    }

    fn count(&mut self, id: u64) {
        if self.rows == 0 {
            self.id_min = id;
        }
        self.id_max = id;
        self.rows += 1;
    }
}

/// Writes a file at `path` with the rows that `fill` gives; durable on return, but for its name in the folder.
///
/// What is left at `path` by an earlier, unfinished try is replaced; on an error nothing is left, so that a full disk does
/// not fill up further.
pub(super) fn write(
    path: &Path,
    fill: impl FnOnce(&mut Rows<'_>) -> Result<(), HistoryError>,
) -> Result<Extent, HistoryError> {
    let written = write_new(path, fill);
    if written.is_err()
        && let Err(error) = remove(path)
    {
        tracing::warn!(path = %path.display(), %error, "an unfinished history file stays until the next start");
    }
    written
}

fn write_new(
    path: &Path,
    fill: impl FnOnce(&mut Rows<'_>) -> Result<(), HistoryError>,
) -> Result<Extent, HistoryError> {
    remove(path).map_err(failed("removing an unfinished file", path))?;
    let connection = Connection::open(path).map_err(failed("creating a file", path))?;
    connection
        .execute_batch(SETTINGS)
        .map_err(failed("creating a file", path))?;
    let (rows, id_min, id_max) = {
        let insert = connection
            .prepare(INSERT)
            .map_err(failed("creating a file", path))?;
        let mut rows = Rows {
            insert,
            body: Vec::new(),
            rows: 0,
            id_min: 0,
            id_max: 0,
        };
        fill(&mut rows)?;
        (rows.rows, rows.id_min, rows.id_max)
    };
    connection
        .execute_batch(INDEXES)
        .map_err(failed("writing the index of a file", path))?;
    connection
        .close()
        .map_err(|(_, error)| error)
        .map_err(failed("closing a file", path))?;
    let bytes = sync(path).map_err(failed("syncing a file", path))?;
    Ok(Extent {
        rows,
        id_min,
        id_max,
        bytes,
    })
}

/// Removes a file that may be there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes names in the folder durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), HistoryError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(failed("syncing the folder", dir))
}

fn sync(path: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}
