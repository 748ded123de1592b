use super::connection_board::ConnectionBoard;
use super::curve::{Curve, CurvePoint};
use super::ghost::Ghost;
use super::latency::Percentiles;
use super::rate::{Drain, EventCount, Rate, Speed};
use crate::columns::{Histogram, Standing};
use carillon_domain::ids::{ConnectionId, TenantId};
use carillon_domain::plan::ChannelKind;
use carillon_domain::province::Province;
use carillon_domain::tally::{Counts, Dimensions, LATENCY_BUCKETS};
use carillon_domain::time::{Now, UnixMs};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// The figures of one organisation, or of all together.
#[derive(Debug, Default)]
pub struct ScopeBoard {
    today: Counts,
    kinds: HashMap<ChannelKind, Counts>,
    provinces: BTreeMap<Province, Counts>,
    connections: BTreeMap<ConnectionId, ConnectionBoard>,
    pub(super) standing: Standing,
    waiting: u64,
    speed: Speed,
    drain: Drain,
    curve: Curve,
    /// Counted since the last look.
    fresh: EventCount,
}

impl ScopeBoard {
    /// Since midnight (UTC+8).
    pub fn today(&self) -> &Counts {
        &self.today
    }

    /// Today, by channel kind; of messages that of their first attempt.
    pub fn kinds(&self) -> impl Iterator<Item = (ChannelKind, &Counts)> {
        self.kinds.iter().map(|(kind, counts)| (*kind, counts))
    }

    /// Today.
    pub fn provinces(&self) -> impl Iterator<Item = (Province, &Counts)> {
        self.provinces
            .iter()
            .map(|(province, counts)| (*province, counts))
    }

    /// A connection by which something went since the start.
    pub fn connection(&self, id: ConnectionId) -> Option<&ConnectionBoard> {
        self.connections.get(&id)
    }

    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Messages in queues.
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Until the queues are empty; `None` when they do not shrink.
    pub fn drain(&self) -> Option<Duration> {
        self.drain.left()
    }

    /// The mean of the last few seconds.
    pub fn rate(&self) -> Rate {
        self.speed.now()
    }

    /// The last half hour, oldest first.
    pub fn curve(&self) -> impl Iterator<Item = &CurvePoint> {
        self.curve.points()
    }

    /// Of the last five minutes; `None` when nothing was delivered.
    pub fn latency(&self) -> Option<Percentiles> {
        let mut sum = [0; LATENCY_BUCKETS];
        for connection in self.connections.values() {
            connection.latency.add_to(&mut sum);
        }
        Percentiles::of(&sum)
    }

    /// A new day begins.
    pub(super) fn turn_day(&mut self) {
        self.today = Counts::default();
        self.kinds.clear();
        self.provinces.clear();
        for connection in self.connections.values_mut() {
            connection.today = Counts::default();
        }
    }

    /// What counts for today.
    pub(super) fn add_today(&mut self, dimensions: &Dimensions, counts: &Counts) {
        self.today.add(counts);
        self.kinds.entry(dimensions.kind).or_default().add(counts);
        self.provinces.entry(dimensions.province).or_default().add(counts);
        if let Some(connection) = dimensions.connection {
            self.connections.entry(connection).or_default().today.add(counts);
        }
    }

    /// What happened just now, on whatever day it counts.
    pub(super) fn note(&mut self, dimensions: &Dimensions, counts: &Counts, now: UnixMs) {
        self.fresh += EventCount::of(counts);
        if let Some(connection) = dimensions.connection {
            self.connections.entry(connection).or_default().note(counts, now);
        }
    }

    pub(super) fn note_latency(&mut self, connection: ConnectionId, histogram: &Histogram, now: UnixMs) {
        self.curve.add_latency(histogram);
        let connection = self.connections.entry(connection).or_default();
        connection.add_latency(histogram, now);
    }

    pub(super) fn begin_look(&mut self, now: UnixMs) {
        self.connections
            .values_mut()
            .for_each(|connection| connection.tick(now));
    }

    /// Closes a look: `time` is that since the one before.
    pub(super) fn end_look(
        &mut self,
        waiting: u64,
        time: Duration,
        now: Now,
        scope: Option<TenantId>,
        ghost: &Ghost,
    ) {
        let mut count = std::mem::take(&mut self.fresh);
        if time.is_zero() {
            // The first look: nobody knows in how much time it came.
            count = EventCount::default();
        }
        self.waiting = waiting;
        self.drain.note(waiting, now.monotonic);
        self.speed.note(count, time, now.monotonic);
        self.curve
            .note(count, time, now.unix, |end| ghost.rate(scope, UnixMs(end.0 - 1)));
    }
}
