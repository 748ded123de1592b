//! Counting what happens, at the moment a fact is applied (STAT-1, MON-1): the live side of [`carillon_domain::tally`].

use super::row::{Row, Segment};
use super::{Columns, Map};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{ConnectionId, MessageId, TenantId};
use carillon_domain::journey::Amendment;
use carillon_domain::quota::day_utc8;
use carillon_domain::state::SegmentState;
use carillon_domain::tally::{
    Contribution, Counts, Dimensions, LATENCY_BUCKETS, Measure, SegmentContribution, corrections,
    decided_by_receipt, segment_contributions, written_to,
};
use carillon_domain::time::UnixMs;

pub type Histogram = [u64; LATENCY_BUCKETS];

/// Sums of what happened. What it grows with is bounded: one cell for each combination that facts really have.
#[derive(Debug, Default)]
pub struct Tally {
    /// By the day (UTC+8) on which it happened; nearly always the last one.
    days: Vec<(u32, Map<Dimensions, Counts>)>,
    latencies: Map<(TenantId, ConnectionId), Box<Histogram>>,
    /// Nothing is counted: whatever is applied was counted before.
    muted: bool,
}

impl Tally {
    pub fn count(&mut self, at: UnixMs, dimensions: Dimensions, measure: Measure, by: i64) {
        if self.muted {
            return;
        }
        let day = day_utc8(at);
        let place = match self.days.last() {
            Some((last, _)) if *last == day => self.days.len() - 1,
            _ => self.place_of(day),
        };
        self.days[place].1.entry(dimensions).or_default()[measure] += by;
    }

    pub fn add(&mut self, contribution: &Contribution<'_>) {
        self.count(
            contribution.at,
            contribution.dimensions,
            contribution.measure,
            contribution.by,
        );
    }

    /// What a correction of `before` moves.
    pub fn correct(&mut self, message: Dimensions, before: FinalState, amendment: &Amendment) {
        corrections(message, before, amendment, |contribution| self.add(&contribution));
    }

    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// What happened on one day (UTC+8). Single sums may be zero, or negative for a day that was counted before.
    pub fn of_day(&self, day: u32) -> impl Iterator<Item = (&Dimensions, &Counts)> {
        self.days
            .iter()
            .filter(move |(known, _)| *known == day)
            .flat_map(|(_, cells)| cells)
    }

    /// The days on which something happened.
    pub fn days(&self) -> impl Iterator<Item = u32> {
        self.days.iter().map(|(day, _)| *day)
    }

    /// From a carrier's response to its receipt, of deliveries, by the bucket of
    /// [`carillon_domain::tally::LatencyBucket`].
    pub fn latencies(&self) -> impl Iterator<Item = (TenantId, ConnectionId, &Histogram)> {
        self.latencies
            .iter()
            .map(|((tenant, connection), histogram)| (*tenant, *connection, &**histogram))
    }

    fn place_of(&mut self, day: u32) -> usize {
        let known = self.days.binary_search_by_key(&day, |(known, _)| *known);
        known.unwrap_or_else(|place| {
            self.days.insert(place, (day, Map::default()));
            place
        })
    }

    fn part(&mut self, message: Dimensions, row: &Row, part: &SegmentContribution<'_>) {
        let dimensions = message.of_segment(row.kind, part.connection);
        self.count(part.at, dimensions, part.measure, 1);
        if let (Some(latency), Some(connection)) = (part.latency, part.connection)
            && !self.muted
        {
            let histogram = self.latencies.entry((message.tenant, connection));
            histogram.or_insert_with(|| Box::new([0; LATENCY_BUCKETS]))[latency.index()] += 1;
        }
    }

    /// What a segment's step counts for by itself.
    pub(super) fn step(&mut self, row: &Row, segment: &Segment, at: UnixMs, measure: Measure) {
        let connection = written_to(&segment.steps).or(row.connection);
        let dimensions = row.dimensions().of_segment(row.kind, connection);
        self.count(at, dimensions, measure, 1);
    }

    /// What a segment's receipts count for, instead of what they did `before`.
    pub(super) fn decided(&mut self, row: &Row, segment: &Segment, before: Option<Decided>) {
        let message = row.dimensions();
        if let Some(Decided { at, connection }) = before {
            let dimensions = message.of_segment(row.kind, connection);
            self.count(at, dimensions, Measure::SegmentsFailed, -1);
        }
        if let Some(now) = segment.decided(row.connection) {
            self.part(message, row, &now);
        }
    }
}

/// What a segment counted for as failed before another receipt came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    at: UnixMs,
    connection: Option<ConnectionId>,
}

impl Segment {
    /// Only what a receipt called expired may still be called something else.
    pub(super) fn decided_so_far(&self, connection: Option<ConnectionId>) -> Option<Decided> {
        if self.state != SegmentState::Expired {
            return None;
        }
        self.decided(connection).map(|part| Decided {
            at: part.at,
            connection: part.connection,
        })
    }

    fn decided(&self, connection: Option<ConnectionId>) -> Option<SegmentContribution<'_>> {
        decided_by_receipt(&self.steps, self.state.into(), connection)
    }
}

impl Row {
    /// Those of its message, by the kind of this attempt.
    pub fn dimensions(&self) -> Dimensions {
        Dimensions {
            tenant: self.tenant,
            account: self.account,
            kind: self.kind,
            connection: None,
            carrier: self.carrier,
            province: self.province,
        }
    }
}

/// Messages of an organisation as they stand now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Accepted and not ended.
    pub open: u64,
    /// Segments of unknown outcome (UNC-1).
    pub uncertain: u64,
}

/// [`Standing`] by organisation.
pub type Standings = Map<TenantId, Standing>;

impl Columns {
    /// Lets facts be applied without being counted, until [`Columns::take_tally`].
    pub fn mute_tally(&mut self) {
        self.tally = Tally {
            muted: true,
            ..Tally::default()
        };
    }

    /// What happened since the last call.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    pub fn standings(&self) -> &Standings {
        &self.standings
    }

    /// Everything that open messages count for, as if it happened again.
    pub fn tally_of_open(&self, tally: &mut Tally) {
        for (_, row) in self.rows.iter() {
            let message = row.dimensions();
            if row.attempt == 0 {
                tally.count(UnixMs(row.id.unix_ms()), message, Measure::Accepted, 1);
            }
            if let Some(at) = self.fallback_at(row) {
                tally.count(at, message, Measure::Fallbacks, 1);
            }
            for segment in &row.segments {
                let state = segment.state.into();
                segment_contributions(&segment.steps, state, row.connection, |part| {
                    tally.part(message, row, &part);
                });
            }
        }
    }

    /// The dimensions of an ended message and how it ended, when a correction of it is to be counted.
    pub fn ended_as(&self, message: MessageId) -> Option<(Dimensions, FinalState)> {
        self.amendable.ended_as(message)
    }

    /// When the row's attempt was started by a fallback.
    fn fallback_at(&self, row: &Row) -> Option<UnixMs> {
        let started = self.plan(row)?.started.get(usize::from(row.attempt))?;
        started.fallback.as_ref().map(|(_, at)| *at)
    }

    pub(super) fn standing(&mut self, tenant: TenantId) -> &mut Standing {
        self.standings.entry(tenant).or_default()
    }
}
