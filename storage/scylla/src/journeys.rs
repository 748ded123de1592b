use crate::cluster::{Cluster, Sized_};
use crate::failed::{failed, unreadable};
use crate::place::part;
use carillon_domain::journey::Journey;
use carillon_storage::history::HistoryError;
use carillon_storage::history::stored::{NO_PHONE, Row, code};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::{BTreeMap, HashMap};

/// Ids asked for at once, and such requests under way.
const IDS_MAX: usize = 50;
const AT_ONCE: usize = 32;
/// Stands where there is no number.
const NONE: i64 = -1;

/// A stored message, and of which lane's batch up to which frame it is.
pub(crate) struct Stored {
    pub lane: i32,
    pub frame: i64,
    row: Row,
}

impl Stored {
    /// The journey, without its correction.
    pub fn journey(&self, cluster: &Cluster) -> Result<Journey, HistoryError> {
        self.row
            .decode()
            .map_err(|detail| unreadable(&cluster.place, detail))
    }
}

/// id, lane, frame, phone, tenant, account, state, final_at, campaign, line, body
type Read = (i64, i32, i64, i64, i64, i64, i8, i64, i64, i64, Vec<u8>);

/// part, id, lane, frame, phone, tenant, account, state, final_at, campaign, line, body, TTL
pub(crate) type JourneyRow = (i64, i64, i32, i64, i64, i64, i64, i8, i64, i64, i64, Vec<u8>, i32);

impl Sized_ for JourneyRow {
    fn bytes(&self) -> usize {
        120 + self.11.len()
    }
}

/// The row of a journey.
pub(crate) fn row_of(
    journey: &Journey,
    lane: i32,
    frame: i64,
    ttl: i32,
    place: &str,
) -> Result<JourneyRow, HistoryError> {
    let body = Row::body_of(journey).map_err(failed("writing a journey", place))?;
    let (campaign, line) = journey
        .campaign
        .map_or((NONE, NONE), |at| (at.campaign.0.into(), at.line.into()));
    Ok((
        part(journey.message.0),
        code::to_sql(journey.message.0),
        lane,
        frame,
        journey.to.map_or(NO_PHONE, |to| to.as_u64()) as i64,
        journey.tenant.0.into(),
        journey.account.0.into(),
        code::encode(journey.state) as i8,
        journey.final_at.map_or(NONE, |at| at.0 as i64),
        campaign,
        line,
        body,
        ttl,
    ))
}

/// The rows of messages that are there.
pub(crate) async fn read(
    cluster: &Cluster,
    ids: impl IntoIterator<Item = u64>,
) -> Result<HashMap<u64, Stored>, HistoryError> {
    let operation = "reading messages";
    let statement = &cluster.statements.journeys;
    let asked = stream::iter(by_part(ids)).map(async |(part, ids)| {
        let rows = cluster.rows(operation, statement, (part, ids)).await?;
        let rows = rows.rows::<Read>().map_err(failed(operation, &cluster.place))?;
        rows.map(|row| stored(row.map_err(failed(operation, &cluster.place))?, &cluster.place))
            .collect::<Result<Vec<_>, _>>()
    });
    let found: Vec<Vec<Stored>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found
        .into_iter()
        .flatten()
        .map(|stored| (stored.row.id, stored))
        .collect())
}

/// Ids as the tables have them, by their partitions, in portions.
pub(crate) fn by_part(ids: impl IntoIterator<Item = u64>) -> Vec<(i64, Vec<i64>)> {
    let mut parts: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for id in ids {
        parts.entry(part(id)).or_default().push(code::to_sql(id));
    }
    let portions = |(part, ids): (i64, Vec<i64>)| {
        let portions: Vec<_> = ids.chunks(IDS_MAX).map(|ids| (part, ids.to_vec())).collect();
        portions
    };
    parts.into_iter().flat_map(portions).collect()
}

fn stored(read: Read, place: &str) -> Result<Stored, HistoryError> {
    let (id, lane, frame, phone, tenant, account, state, final_at, campaign, line, body) = read;
    let id = code::from_sql(id);
    let number = |value: i64, what: &str| {
        u32::try_from(value)
            .map_err(|_| unreadable(place, format!("message {id:016x}: {value} is no {what}")))
    };
    let of_campaign = |value: i64, what: &str| match value {
        NONE => Ok(None),
        value => number(value, what).map(Some),
    };
    let row = Row {
        id,
        phone: phone as u64,
        tenant: number(tenant, "tenant")?,
        account: number(account, "account")?,
        state: state as u8,
        final_at: (final_at != NONE).then_some(final_at as u64),
        campaign: of_campaign(campaign, "campaign")?,
        line: of_campaign(line, "line")?,
        mail: None,
        body,
    };
    Ok(Stored { lane, frame, row })
}
