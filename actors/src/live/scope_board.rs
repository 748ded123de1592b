use super::connection_board::ConnectionBoard;
use super::curve::{Curve, CurvePoint};
use super::day_sums::Days;
use super::ghost::Ghost;
use super::latency::Percentiles;
use super::rate::{Drain, EventCount, Rate, Speed};
use crate::columns::{Histogram, Standing};
use carillon_domain::ids::{ConnectionId, TenantId};
use carillon_domain::plan::ChannelKind;
use carillon_domain::province::Province;
use carillon_domain::tally::{Counts, Dimensions, LATENCY_BUCKETS};
use carillon_domain::time::{Now, UnixMs};
use std::collections::BTreeMap;
use std::time::Duration;

/// The figures of one organisation, or of all together.
#[derive(Debug, Default)]
pub struct ScopeBoard {
    days: Days,
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
        &self.days.shown.all
    }

    /// Today, by channel kind; of messages that of their first attempt.
    pub fn kinds(&self) -> impl Iterator<Item = (ChannelKind, &Counts)> {
        let kinds = self.days.shown.kinds.iter();
        kinds.map(|(kind, counts)| (*kind, counts))
    }

    /// Today.
    pub fn provinces(&self) -> impl Iterator<Item = (Province, &Counts)> {
        let provinces = self.days.shown.provinces.iter();
        provinces.map(|(province, counts)| (*province, counts))
    }

    /// What went by a connection since midnight (UTC+8).
    pub fn today_by(&self, connection: ConnectionId) -> Counts {
        let connections = &self.days.shown.connections;
        connections.get(&connection).copied().unwrap_or_default()
    }

    /// A connection by which something went within the hour.
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

    /// Another day is shown from now on.
    pub(super) fn turn_day(&mut self, from: u32, to: u32) {
        self.days.turn(from, to);
    }

    /// What counts for the day that is shown.
    pub(super) fn add_today(&mut self, dimensions: &Dimensions, counts: &Counts) {
        self.days.shown.add(dimensions, counts);
    }

    /// What counts for another day.
    pub(super) fn add_elsewhere(&mut self, day: u32, dimensions: &Dimensions, counts: &Counts) {
        self.days.add_elsewhere(day, dimensions, counts);
    }

    /// Whether nothing was heard of it since the day before the one that is shown, and nothing waits.
    pub(super) fn is_forgotten(&self) -> bool {
        self.days.is_empty() && self.waiting == 0 && self.standing == Standing::default()
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
        self.connections.retain(|_, connection| {
            connection.tick(now);
            !connection.is_silent()
        });
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
