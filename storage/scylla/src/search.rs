use crate::cluster::Cluster;
use crate::corrections;
use crate::directory::listed;
use crate::failed::failed;
use crate::journeys;
use crate::lanes::Lanes;
use crate::place::{Kind, Under};
use carillon_domain::ids::MessageId;
use carillon_domain::journey::{Journey, MessageState};
use carillon_storage::history::stored::{Search, code};
use carillon_storage::history::{HistoryError, PAGE_ROWS_MAX, SearchPage, SearchQuery};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Rows one look into a partition reads: few at first, because a page is often full soon.
const LOOK_ROWS_FIRST: usize = 64;
const LOOK_ROWS_MAX: usize = 1_000;

/// What a row of `found` tells of a message: enough to see that it does not fit.
#[derive(Clone, Copy)]
struct Hit {
    id: u64,
    tenant: u32,
    account: u32,
    state: u8,
}

/// Messages under one key in one span, newest first, each once: of several partitions, whose rows are read as they are needed.
struct Span {
    under: Under,
    span: i64,
    low: u64,
    shards: Vec<Shard>,
}

struct Shard {
    number: i32,
    hits: VecDeque<Hit>,
    /// Where the rest begins; `None` when nothing is left.
    high: Option<u64>,
    look: usize,
}

pub(crate) async fn search(
    cluster: &Cluster,
    lanes: &Lanes,
    query: &SearchQuery,
    time_max: Duration,
) -> Result<SearchPage, HistoryError> {
    query.check()?;
    let limit = query.limit.min(PAGE_ROWS_MAX);
    let mut page = SearchPage::default();
    let Some(ids) = query.ids().filter(|_| limit > 0) else {
        return Ok(page);
    };
    // Corrections are there for all anybody knows.
    let search = Search::new(query, true);
    let Some(under) = Under::of(search.key()).or_else(|| of_owner(query)) else {
        return Ok(page);
    };
    let end = Instant::now().checked_add(time_max);
    let (low, high) = (ids.start().0, ids.end().0);
    let spans = listed(cluster, under.listed(), under.span(low)..=under.span(high)).await?;
    for same in spans.chunk_by(|(a, _), (b, _)| a == b) {
        let mut span = Span {
            under,
            span: same[0].0,
            low,
            shards: same.iter().map(|(_, shard)| Shard::new(*shard, high)).collect(),
        };
        loop {
            let wanted = (limit - page.journeys.len()).clamp(LOOK_ROWS_FIRST, LOOK_ROWS_MAX);
            let hits = span.next(cluster, wanted).await?;
            let Some(last) = hits.last() else { break };
            let fits = |hit: &&Hit| {
                query.tenant.is_none_or(|tenant| tenant.0 == hit.tenant)
                    && query.account.is_none_or(|account| account.0 == hit.account)
                    && search.wants_state(hit.state)
            };
            let found = journeys(cluster, lanes, hits.iter().filter(fits).map(|hit| hit.id)).await?;
            for journey in found.into_iter().filter(|journey| query.fits(journey)) {
                page.journeys.push(journey);
                if page.journeys.len() == limit {
                    page.next = page.journeys.last().map(|last| last.message);
                    return Ok(page);
                }
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                page.next = Some(MessageId(last.id));
                return Ok(page);
            }
        }
    }
    Ok(page)
}

/// Whoever looks for nothing else looks at an account or an organisation.
fn of_owner(query: &SearchQuery) -> Option<Under> {
    let account = query.account.map(|account| (Kind::Account, account.0));
    let (kind, key) = account.or(query.tenant.map(|tenant| (Kind::Tenant, tenant.0)))?;
    Some(Under {
        kind,
        key: key.into(),
    })
}

/// Messages as they count, newest first, with their corrections; those that are not there are left out.
pub(crate) async fn journeys(
    cluster: &Cluster,
    lanes: &Lanes,
    ids: impl IntoIterator<Item = u64>,
) -> Result<Vec<Journey>, HistoryError> {
    let mut rows: Vec<_> = journeys::read(cluster, ids).await?.into_iter().collect();
    rows.retain(|(_, stored)| lanes.has(stored.lane, stored.frame));
    rows.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
    let found = rows.iter().map(|(_, stored)| stored.journey(cluster));
    let mut found: Vec<Journey> = found.collect::<Result<_, _>>()?;
    let amendable =
        |journey: &&Journey| matches!(journey.state, MessageState::Final(state) if state.is_amendable());
    let ids: Vec<_> = found
        .iter()
        .filter(amendable)
        .map(|journey| journey.message.0)
        .collect();
    let corrections = corrections::read(cluster, ids).await?;
    for journey in &mut found {
        let correction = corrections.get(&journey.message.0);
        if let Some(amendment) = correction.and_then(|correction| correction.counting(lanes)) {
            journey.amend(amendment);
        }
    }
    Ok(found)
}

impl Shard {
    fn new(number: i32, high: u64) -> Self {
        Shard {
            number,
            hits: VecDeque::new(),
            high: Some(high),
            look: LOOK_ROWS_FIRST,
        }
    }

    /// Reads on when nothing is at hand and something may be left.
    async fn fill(
        &mut self,
        cluster: &Cluster,
        under: Under,
        span: i64,
        low: u64,
    ) -> Result<(), HistoryError> {
        let Some(high) = self.high.filter(|_| self.hits.is_empty()) else {
            return Ok(());
        };
        let operation = "looking for messages";
        let (low, high) = (code::to_sql(low), code::to_sql(high));
        let values = (
            under.kind as i8,
            under.key,
            span,
            self.number,
            low,
            high,
            self.look as i32,
        );
        let rows = cluster.rows(operation, &cluster.statements.found, values).await?;
        let rows = rows
            .rows::<(i64, i64, i64, i8)>()
            .map_err(failed(operation, &cluster.place))?;
        for row in rows {
            let (id, tenant, account, state) = row.map_err(failed(operation, &cluster.place))?;
            self.hits.push_back(Hit {
                id: code::from_sql(id),
                tenant: tenant as u32,
                account: account as u32,
                state: state as u8,
            });
        }
        let is_all = self.hits.len() < self.look;
        let lowest = self.hits.back().map(|hit| hit.id);
        self.high = lowest
            .filter(|_| !is_all)
            .and_then(|lowest| lowest.checked_sub(1));
        self.look = (self.look * 4).min(LOOK_ROWS_MAX);
        Ok(())
    }
}

impl Span {
    /// As many as are wanted, or what is left.
    async fn next(&mut self, cluster: &Cluster, wanted: usize) -> Result<Vec<Hit>, HistoryError> {
        let mut hits: Vec<Hit> = Vec::new();
        while hits.len() < wanted {
            for shard in &mut self.shards {
                shard.fill(cluster, self.under, self.span, self.low).await?;
            }
            let newest = self
                .shards
                .iter_mut()
                .filter(|shard| !shard.hits.is_empty())
                .max_by_key(|shard| shard.hits[0].id);
            let Some(hit) = newest.and_then(|shard| shard.hits.pop_front()) else {
                break;
            };
            // What was handed over twice may lie in two partitions.
            if hits.last().is_none_or(|last| last.id != hit.id) {
                hits.push(hit);
            }
        }
        Ok(hits)
    }
}
