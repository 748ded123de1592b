use super::latency;
use crate::columns::{Histogram, Tally};
use carillon_domain::ids::{ConnectionId, TenantId};
use carillon_domain::tally::{Counts, Dimensions, LATENCY_BUCKETS, MEASURES, Measure};
use std::collections::BTreeMap;

/// What was counted since the start of the process, for metrics: it only grows.
#[derive(Debug, Default)]
pub struct Totals {
    connections: BTreeMap<ConnectionId, ConnectionTotals>,
    tenants: BTreeMap<TenantId, [u64; MEASURES]>,
}

#[derive(Debug)]
pub struct ConnectionTotals {
    counts: [u64; MEASURES],
    /// From the carrier's response to its receipt, of deliveries.
    pub latency: Box<Histogram>,
}

impl Default for ConnectionTotals {
    fn default() -> Self {
        ConnectionTotals {
            counts: [0; MEASURES],
            latency: Box::new([0; LATENCY_BUCKETS]),
        }
    }
}

impl ConnectionTotals {
    pub fn count(&self, measure: Measure) -> u64 {
        self.counts[measure as usize]
    }
}

impl Totals {
    pub fn connections(&self) -> impl Iterator<Item = (ConnectionId, &ConnectionTotals)> {
        self.connections.iter().map(|(id, totals)| (*id, totals))
    }

    /// Organisations and their messages by measure.
    pub fn tenants(&self) -> impl Iterator<Item = (TenantId, impl Fn(Measure) -> u64)> {
        self.tenants
            .iter()
            .map(|(id, counts)| (*id, |measure| counts[measure as usize]))
    }

    pub(super) fn fold(&mut self, tally: &Tally) {
        for day in tally.days() {
            tally
                .of_day(day)
                .for_each(|(dimensions, counts)| self.add(dimensions, counts));
        }
        for (_, connection, histogram) in tally.latencies() {
            let totals = self.connections.entry(connection).or_default();
            latency::add(&mut totals.latency, histogram);
        }
    }

    fn add(&mut self, dimensions: &Dimensions, counts: &Counts) {
        let sums = match dimensions.connection {
            Some(connection) => &mut self.connections.entry(connection).or_default().counts,
            None => self.tenants.entry(dimensions.tenant).or_insert([0; MEASURES]),
        };
        for (sum, measure) in sums.iter_mut().zip(Measure::ALL) {
            *sum += u64::try_from(counts[measure]).unwrap_or(0);
        }
    }
}
