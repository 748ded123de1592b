use crate::cluster::Cluster;
use crate::directory::{self, of_figures};
use crate::failed::{failed, unreadable};
use crate::figures::{self, CODE_HEAD, FigureKind, LINK_BYTES, link_of, number};
use crate::lanes::Lanes;
use crate::place::period;
use carillon_domain::fact::StatusCode;
use carillon_domain::tally::{Counts, LATENCY_BUCKETS, Measure};
use carillon_domain::time::UnixMs;
use carillon_storage::history::stored::{self, Meaningless, Place};
use carillon_storage::history::{
    CarrierQuery, CodeRow, GroupBy, HistoryError, LatencyRow, ROLLUP_ROWS_MAX, Resolution, RollupQuery,
    RollupRow,
};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeMap;

/// Partitions read at once.
const AT_ONCE: usize = 16;

/// What is grouped by, in its order: moment, tenant, account, kind, connection, carrier, province.
type Group = [Option<i64>; 7];

/// Moment and the rest of a key, in their order.
type CarrierGroup = (Option<i64>, Vec<u8>);

pub(crate) async fn rollup(
    cluster: &Cluster,
    lanes: &Lanes,
    query: &RollupQuery,
) -> Result<Vec<RollupRow>, HistoryError> {
    let mut groups: BTreeMap<Group, Counts> = BTreeMap::new();
    let span = (query.resolution, query.from, query.until);
    each(cluster, lanes, FigureKind::Cells, span, |at, key, sums| {
        let place = <[u8; 16]>::try_from(key).map(Place::from_bytes);
        let place = place.map_err(|_| unreadable(&cluster.place, "a place of figures"))?;
        let columns = place.columns();
        let [tenant, account, ..] = columns;
        let is_other = |wanted: Option<u32>, found| wanted.is_some_and(|wanted| i64::from(wanted) != found);
        if is_other(query.tenant.map(|id| id.0), tenant) || is_other(query.account.map(|id| id.0), account) {
            return Ok(());
        }
        let counts = groups.entry(group(query.group_by, at, columns)).or_default();
        for (measure, sum) in Measure::ALL.into_iter().zip(sums) {
            counts[measure] += sum;
        }
        not_too_many(groups.len())
    })
    .await?;
    let rows = groups.into_iter().filter(|(_, counts)| !counts.is_zero());
    rows.map(|(group, counts)| rollup_row(group, counts).map_err(failed("reading figures", &cluster.place)))
        .collect()
}

fn group(group_by: GroupBy, at: i64, columns: [i64; 6]) -> Group {
    let [tenant, account, kind, connection, carrier, province] = columns;
    [
        group_by.time.then_some(at),
        group_by.tenant.then_some(tenant),
        group_by.account.then_some(account),
        group_by.kind.then_some(kind),
        group_by.connection.then_some(connection),
        group_by.carrier.then_some(carrier),
        group_by.province.then_some(province),
    ]
}

fn rollup_row(group: Group, counts: Counts) -> Result<RollupRow, Meaningless> {
    let [at, tenant, account, kind, connection, carrier, province] = group;
    Ok(RollupRow {
        at: at.map(|at| UnixMs(at as u64)),
        tenant: tenant.map(stored::tenant).transpose()?,
        account: account.map(stored::account).transpose()?,
        kind: kind.map(stored::kind).transpose()?,
        connection: connection.map(stored::connection).transpose()?,
        carrier: carrier.map(stored::carrier).transpose()?,
        province: province.map(stored::province).transpose()?,
        counts,
    })
}

pub(crate) async fn codes(
    cluster: &Cluster,
    lanes: &Lanes,
    query: &CarrierQuery,
) -> Result<Vec<CodeRow>, HistoryError> {
    let mut sums: BTreeMap<CarrierGroup, i64> = BTreeMap::new();
    let span = (query.resolution, query.from, query.until);
    each(cluster, lanes, FigureKind::Codes, span, |at, key, found| {
        *sums
            .entry((query.by_time.then_some(at), key.to_vec()))
            .or_default() += found[0];
        not_too_many(sums.len())
    })
    .await?;
    let rows = sums.into_iter().filter(|(_, count)| *count != 0);
    rows.map(|((at, key), count)| {
        let wrong = || unreadable(&cluster.place, "the key of a code");
        let link = link_of(&key).ok_or_else(wrong)?;
        let (measure, code) = key[LINK_BYTES..]
            .split_at_checked(CODE_HEAD - LINK_BYTES)
            .ok_or_else(wrong)?;
        let code = std::str::from_utf8(code).map_err(|_| wrong())?;
        let row = || {
            Ok(CodeRow {
                at: at.map(|at| UnixMs(at as u64)),
                connection: stored::connection(link.connection)?,
                kind: stored::kind(link.kind.into())?,
                measure: stored::measure(measure[0].into())?,
                code: StatusCode::from(code),
                count,
            })
        };
        row().map_err(failed::<Meaningless>("reading figures", &cluster.place))
    })
    .collect()
}

pub(crate) async fn latencies(
    cluster: &Cluster,
    lanes: &Lanes,
    query: &CarrierQuery,
) -> Result<Vec<LatencyRow>, HistoryError> {
    let mut sums: BTreeMap<CarrierGroup, Box<[i64; LATENCY_BUCKETS]>> = BTreeMap::new();
    let span = (query.resolution, query.from, query.until);
    each(cluster, lanes, FigureKind::Latencies, span, |at, key, found| {
        let wrong = || unreadable(&cluster.place, "the key of a length of time");
        let (link, bucket) = key.split_at_checked(LINK_BYTES).ok_or_else(wrong)?;
        let histogram = sums
            .entry((query.by_time.then_some(at), link.to_vec()))
            .or_insert_with(|| Box::new([0; LATENCY_BUCKETS]));
        let sum = bucket
            .first()
            .and_then(|bucket| histogram.get_mut(usize::from(*bucket)));
        *sum.ok_or_else(wrong)? += found[0];
        not_too_many(sums.len())
    })
    .await?;
    let rows = sums
        .into_iter()
        .filter(|(_, histogram)| histogram.iter().any(|count| *count != 0));
    rows.map(|((at, link), histogram)| {
        let link = link_of(&link).expect("it has its length");
        let row = || {
            Ok(LatencyRow {
                at: at.map(|at| UnixMs(at as u64)),
                connection: stored::connection(link.connection)?,
                kind: stored::kind(link.kind.into())?,
                histogram: Box::new(histogram.map(|count| count.max(0) as u64)),
            })
        };
        row().map_err(failed::<Meaningless>("reading figures", &cluster.place))
    })
    .collect()
}

fn not_too_many(rows: usize) -> Result<(), HistoryError> {
    match rows <= ROLLUP_ROWS_MAX {
        true => Ok(()),
        false => Err(HistoryError::TooManyRows { max: ROLLUP_ROWS_MAX }),
    }
}

/// Hands on the sums of all lanes, as they count: their moment, key and values.
async fn each(
    cluster: &Cluster,
    lanes: &Lanes,
    kind: FigureKind,
    (resolution, from, until): (Resolution, UnixMs, UnixMs),
    mut take: impl FnMut(i64, &[u8], &[i64]) -> Result<(), HistoryError>,
) -> Result<(), HistoryError> {
    let from = resolution.begin(from);
    let Some(last) = until.0.checked_sub(1).filter(|last| *last >= from.0) else {
        return Ok(());
    };
    let periods = period(resolution, from)..=period(resolution, UnixMs(last));
    let moment = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let moments = (moment(from.0), moment(until.0));
    let mut partitions = Vec::new();
    for lane in lanes.all() {
        let under = of_figures(lane, kind as i8, number(resolution));
        let listed = directory::listed(cluster, under, periods.clone()).await?;
        partitions.extend(
            listed
                .into_iter()
                .map(|(period, _)| (lane, kind, resolution, period)),
        );
    }
    let mut read = stream::iter(partitions)
        .map(async |partition| {
            let (lane, ..) = partition;
            let mut found = Vec::new();
            figures::read(cluster, partition, moments, |figure| {
                if let Some(sums) = figure.counting(|frame| lanes.has(lane, frame)) {
                    let sums = figures::decode(&cluster.place, sums)?;
                    found.push((figure.at, figure.key, sums));
                }
                Ok(())
            })
            .await
            .map(|()| found)
        })
        .buffer_unordered(AT_ONCE);
    while let Some(found) = read.try_next().await? {
        for (at, key, sums) in found {
            take(at, &key, &sums)?;
        }
    }
    Ok(())
}
