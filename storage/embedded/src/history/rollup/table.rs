use carillon_domain::tally::{Counts, MEASURES, Measure};
use carillon_domain::time::UnixMs;
use carillon_storage::history::stored::{CODES_MAX, CodeKey, Fold, Place, cells_max};
use carillon_storage::history::{OTHER_CODES, Resolution};
use rusqlite::{Transaction, params};
use std::sync::LazyLock;

/// The number under which a resolution stands in the tables.
pub(super) fn number(resolution: Resolution) -> i64 {
    match resolution {
        Resolution::Minute => 0,
        Resolution::Hour => 1,
        Resolution::Day => 2,
    }
}

const TABLES: [&str; 3] = ["rollup", "rollup_code", "rollup_latency"];

/// Makes empty tables in the place of those that are there. The key of a row is its place in the file, so that a bucket lies
/// together.
pub(in crate::history) fn create_anew(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    for table in TABLES {
        transaction.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    let measures: String = Measure::ALL
        .map(|measure| format!("{} INTEGER NOT NULL, ", measure.word()))
        .concat();
    transaction.execute_batch(&format!(
        "CREATE TABLE rollup (
            resolution INTEGER NOT NULL, at INTEGER NOT NULL, tenant INTEGER NOT NULL, account INTEGER NOT NULL,
            kind INTEGER NOT NULL, connection INTEGER NOT NULL, carrier INTEGER NOT NULL, province INTEGER NOT NULL,
            {measures}
            PRIMARY KEY (resolution, at, tenant, account, kind, connection, carrier, province)
        ) WITHOUT ROWID;
        CREATE TABLE rollup_code (
            resolution INTEGER NOT NULL, at INTEGER NOT NULL, connection INTEGER NOT NULL, kind INTEGER NOT NULL,
            measure INTEGER NOT NULL, code TEXT NOT NULL, count INTEGER NOT NULL,
            PRIMARY KEY (resolution, at, connection, kind, measure, code)
        ) WITHOUT ROWID;
        CREATE TABLE rollup_latency (
            resolution INTEGER NOT NULL, at INTEGER NOT NULL, connection INTEGER NOT NULL, kind INTEGER NOT NULL,
            bucket INTEGER NOT NULL, count INTEGER NOT NULL,
            PRIMARY KEY (resolution, at, connection, kind, bucket)
        ) WITHOUT ROWID;"
    ))
}

/// Forgets the sums of buckets that begin before a moment; returns how many.
pub(in crate::history) fn expire(
    transaction: &Transaction<'_>,
    resolution: Resolution,
    before: UnixMs,
) -> rusqlite::Result<usize> {
    let mut removed = 0;
    for table in TABLES {
        removed += transaction.execute(
            &format!("DELETE FROM {table} WHERE resolution = ? AND at < ?"),
            [number(resolution), time(before.0)],
        )?;
    }
    Ok(removed)
}

/// Adds what was folded to what stands there.
pub(in crate::history) fn write(transaction: &Transaction<'_>, fold: &Fold) -> rusqlite::Result<()> {
    if fold.is_empty() {
        return Ok(());
    }
    write_resolution(transaction, Resolution::Minute, fold)?;
    let hours = fold.in_resolution(Resolution::Hour);
    write_resolution(transaction, Resolution::Hour, &hours)?;
    write_resolution(
        transaction,
        Resolution::Day,
        &hours.in_resolution(Resolution::Day),
    )
}

fn write_resolution(
    transaction: &Transaction<'_>,
    resolution: Resolution,
    fold: &Fold,
) -> rusqlite::Result<()> {
    for bucket in fold.cells().chunk_by(|((a, _), _), ((b, _), _)| a == b) {
        write_cells(transaction, resolution, bucket)?;
    }
    for bucket in fold.codes().chunk_by(|(a, _), (b, _)| a.at == b.at) {
        write_codes(transaction, resolution, bucket)?;
    }
    let mut add = transaction.prepare_cached(
        "INSERT INTO rollup_latency VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (key, count) in fold.latencies() {
        add.execute(params![
            number(resolution),
            time(key.at),
            key.link.connection,
            key.link.kind,
            key.bucket.index() as i64,
            count
        ])?;
    }
    Ok(())
}

static ADD_CELL: LazyLock<String> = LazyLock::new(|| {
    let values = vec!["?"; 8 + MEASURES].join(", ");
    let sums = Measure::ALL.map(|measure| format!("{0} = {0} + excluded.{0}", measure.word()));
    format!(
        "INSERT INTO rollup VALUES ({values}) ON CONFLICT DO UPDATE SET {}",
        sums.join(", ")
    )
});
const HAS_CELL: &str =
    "SELECT EXISTS (SELECT 1 FROM rollup WHERE resolution = ? AND at = ? AND tenant = ? AND account = ?
    AND kind = ? AND connection = ? AND carrier = ? AND province = ?)";

fn write_cells(
    transaction: &Transaction<'_>,
    resolution: Resolution,
    cells: &[((u64, Place), &Counts)],
) -> rusqlite::Result<()> {
    let mut add = transaction.prepare_cached(&ADD_CELL)?;
    let mut has = transaction.prepare_cached(HAS_CELL)?;
    let key = |at: u64, place: Place| {
        let [tenant, account, kind, connection, carrier, province] = place.columns();
        [
            number(resolution),
            time(at),
            tenant,
            account,
            kind,
            connection,
            carrier,
            province,
        ]
    };
    let mut room = Room::of(
        transaction,
        "rollup",
        resolution,
        cells[0].0.0,
        cells.len(),
        cells_max(resolution),
    )?;
    for ((at, place), counts) in cells {
        let is_told_apart = room.takes(|| has.query_row(key(*at, *place), |row| row.get(0)))?;
        let place = if is_told_apart {
            *place
        } else {
            place.without_origin()
        };
        for (column, value) in key(*at, place).into_iter().enumerate() {
            add.raw_bind_parameter(column + 1, value)?;
        }
        for measure in Measure::ALL {
            add.raw_bind_parameter(9 + measure as usize, counts[measure])?;
        }
        add.raw_execute()?;
    }
    Ok(())
}

fn write_codes(
    transaction: &Transaction<'_>,
    resolution: Resolution,
    codes: &[(CodeKey, &i64)],
) -> rusqlite::Result<()> {
    let mut add = transaction.prepare_cached(
        "INSERT INTO rollup_code VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    let mut has = transaction.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM rollup_code WHERE resolution = ? AND at = ? AND connection = ? AND kind = ?
            AND measure = ? AND code = ?)",
    )?;
    let mut room = Room::of(
        transaction,
        "rollup_code",
        resolution,
        codes[0].0.at,
        codes.len(),
        CODES_MAX,
    )?;
    for (key, count) in codes {
        let (resolution, at) = (number(resolution), time(key.at));
        let (connection, kind, measure) = (key.link.connection, key.link.kind, key.measure);
        let is_told_apart = room.takes(|| {
            let key = params![resolution, at, connection, kind, measure, key.code.as_str()];
            has.query_row(key, |row| row.get(0))
        })?;
        let code = if is_told_apart {
            key.code.as_str()
        } else {
            OTHER_CODES
        };
        add.execute(params![resolution, at, connection, kind, measure, code, count])?;
    }
    Ok(())
}

/// How many rows a bucket may still get. Whether a row is there already is asked only when not all may be new.
struct Room {
    rows: usize,
    rows_max: usize,
    is_enough: bool,
}

impl Room {
    fn of(
        transaction: &Transaction<'_>,
        table: &str,
        resolution: Resolution,
        at: u64,
        wanted: usize,
        rows_max: usize,
    ) -> rusqlite::Result<Self> {
        let sql = format!("SELECT count(*) FROM {table} WHERE resolution = ? AND at = ?");
        let rows: i64 = transaction
            .prepare_cached(&sql)?
            .query_row([number(resolution), time(at)], |row| row.get(0))?;
        let rows = rows as usize;
        Ok(Room {
            rows,
            rows_max,
            is_enough: rows + wanted <= rows_max,
        })
    }

    fn takes(&mut self, is_there: impl FnOnce() -> rusqlite::Result<bool>) -> rusqlite::Result<bool> {
        if self.is_enough || is_there()? {
            return Ok(true);
        }
        let takes = self.rows < self.rows_max;
        self.rows += usize::from(takes);
        Ok(takes)
    }
}

/// Milliseconds as SQLite has them; what is beyond them is no time.
pub(super) fn time(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
