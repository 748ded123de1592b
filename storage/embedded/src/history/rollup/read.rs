use super::table::{number, time};
use carillon_domain::tally::{Counts, LATENCY_BUCKETS, Measure};
use carillon_domain::time::UnixMs;
use carillon_storage::history::stored::{self, Meaningless};
use carillon_storage::history::{
    CarrierQuery, CodeRow, GroupBy, LatencyRow, ROLLUP_ROWS_MAX, Resolution, RollupQuery, RollupRow,
};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, ToSql};

/// `None` when there are more than [`ROLLUP_ROWS_MAX`].
pub(in crate::history) fn rollup(
    connection: &Connection,
    query: &RollupQuery,
) -> rusqlite::Result<Option<Vec<RollupRow>>> {
    let keys = keys(query.group_by);
    let sums = Measure::ALL
        .map(|measure| format!("sum({})", measure.word()))
        .join(", ");
    let (from, until) = span(query.resolution, query.from, query.until);
    let resolution = number(query.resolution);
    let mut filters = String::from("resolution = ? AND at >= ? AND at < ?");
    let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(resolution), Box::new(from), Box::new(until)];
    if let Some(tenant) = query.tenant {
        filters.push_str(" AND tenant = ?");
        values.push(Box::new(tenant.0));
    }
    if let Some(account) = query.account {
        filters.push_str(" AND account = ?");
        values.push(Box::new(account.0));
    }
    let columns: String = keys.iter().map(|key| format!("{key}, ")).collect();
    let grouped = if keys.is_empty() {
        String::new()
    } else {
        let keys = keys.join(", ");
        format!("GROUP BY {keys} ORDER BY {keys}")
    };
    let sql = format!(
        "SELECT {columns}{sums} FROM rollup WHERE {filters} {grouped} LIMIT {}",
        ROLLUP_ROWS_MAX + 1
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let values: Vec<&dyn ToSql> = values.iter().map(|value| &**value).collect();
    let rows = statement.query_map(&values[..], |row| rollup_row(query.group_by, row))?;
    let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    if rows.len() > ROLLUP_ROWS_MAX {
        return Ok(None);
    }
    rows.retain(|row| !row.counts.is_zero());
    Ok(Some(rows))
}

fn keys(group_by: GroupBy) -> Vec<&'static str> {
    let GroupBy {
        time,
        tenant,
        account,
        kind,
        connection,
        carrier,
        province,
    } = group_by;
    [
        (time, "at"),
        (tenant, "tenant"),
        (account, "account"),
        (kind, "kind"),
        (connection, "connection"),
        (carrier, "carrier"),
        (province, "province"),
    ]
    .into_iter()
    .filter_map(|(is_wanted, key)| is_wanted.then_some(key))
    .collect()
}

fn rollup_row(group_by: GroupBy, row: &Row<'_>) -> rusqlite::Result<RollupRow> {
    let mut columns = Columns { row, next: 0 };
    let mut counts = Counts::default();
    let read = RollupRow {
        at: columns.key(group_by.time, moment)?,
        tenant: columns.key(group_by.tenant, stored::tenant)?,
        account: columns.key(group_by.account, stored::account)?,
        kind: columns.key(group_by.kind, stored::kind)?,
        connection: columns.key(group_by.connection, stored::connection)?,
        carrier: columns.key(group_by.carrier, stored::carrier)?,
        province: columns.key(group_by.province, stored::province)?,
        counts,
    };
    for measure in Measure::ALL {
        // Sums over nothing are NULL.
        counts[measure] = row.get::<_, Option<i64>>(columns.next)?.unwrap_or(0);
        columns.next += 1;
    }
    Ok(RollupRow { counts, ..read })
}

pub(in crate::history) fn codes(
    connection: &Connection,
    query: &CarrierQuery,
) -> rusqlite::Result<Option<Vec<CodeRow>>> {
    read(
        connection,
        query,
        "rollup_code",
        "connection, kind, measure, code",
        |at, row| {
            let mut columns = Columns { row, next: 1 };
            Ok(CodeRow {
                at,
                connection: columns.take(stored::connection)?,
                kind: columns.take(stored::kind)?,
                measure: columns.take(stored::measure)?,
                code: row.get::<_, String>(4)?.into(),
                count: row.get(5)?,
            })
        },
    )
}

pub(in crate::history) fn latencies(
    connection: &Connection,
    query: &CarrierQuery,
) -> rusqlite::Result<Option<Vec<LatencyRow>>> {
    let cells = read(
        connection,
        query,
        "rollup_latency",
        "connection, kind, bucket",
        |at, row| {
            let mut columns = Columns { row, next: 1 };
            let (link, kind) = (columns.take(stored::connection)?, columns.take(stored::kind)?);
            let count: i64 = row.get(4)?;
            Ok(((at, link, kind), columns.take(stored::latency_bucket)?, count))
        },
    )?;
    let Some(cells) = cells else { return Ok(None) };
    let rows = cells.chunk_by(|(a, ..), (b, ..)| a == b).map(|cells| {
        let (at, connection, kind) = cells[0].0;
        let mut histogram = Box::new([0; LATENCY_BUCKETS]);
        for (_, bucket, count) in cells {
            histogram[bucket.index()] = u64::try_from(*count).unwrap_or(0);
        }
        LatencyRow {
            at,
            connection,
            kind,
            histogram,
        }
    });
    Ok(Some(rows.collect()))
}

/// The sums of a table with one count, by its keys; `None` when there are more than [`ROLLUP_ROWS_MAX`].
fn read<T>(
    connection: &Connection,
    query: &CarrierQuery,
    table: &str,
    keys: &str,
    of_row: impl Fn(Option<UnixMs>, &Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<Vec<T>>> {
    let at = if query.by_time { "at" } else { "NULL AS at" };
    let group = if query.by_time { "at, " } else { "" };
    let sql = format!(
        "SELECT {at}, {keys}, sum(count) FROM {table} WHERE resolution = ? AND at >= ? AND at < ?
            GROUP BY {group}{keys} HAVING sum(count) <> 0 ORDER BY {group}{keys} LIMIT {}",
        ROLLUP_ROWS_MAX + 1
    );
    let (from, until) = span(query.resolution, query.from, query.until);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([number(query.resolution), from, until], |row| {
        let at = row.get::<_, Option<i64>>(0)?;
        of_row(at.map(|at| UnixMs(at as u64)), row)
    })?;
    let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok((rows.len() <= ROLLUP_ROWS_MAX).then_some(rows))
}

fn span(resolution: Resolution, from: UnixMs, until: UnixMs) -> (i64, i64) {
    (time(resolution.begin(from).0), time(until.0))
}

/// The columns of a row, one after the other.
struct Columns<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl Columns<'_, '_> {
    fn key<T>(
        &mut self,
        is_there: bool,
        decode: impl FnOnce(i64) -> Result<T, Meaningless>,
    ) -> rusqlite::Result<Option<T>> {
        is_there.then(|| self.take(decode)).transpose()
    }

    fn take<T>(&mut self, decode: impl FnOnce(i64) -> Result<T, Meaningless>) -> rusqlite::Result<T> {
        let column = self.next;
        self.next += 1;
        decode(self.row.get(column)?).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error))
        })
    }
}

fn moment(at: i64) -> Result<UnixMs, Meaningless> {
    Ok(UnixMs(at as u64))
}
