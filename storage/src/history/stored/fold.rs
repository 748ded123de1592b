use super::key::{CodeKey, LatencyKey, Link, Place};
use crate::history::Resolution;
use carillon_domain::journey::{Amendment, Journey, MessageState};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::tally::{Contribution, Counts, Dimensions, contributions, corrections};
use hashbrown::HashMap;
use std::hash::Hash;

/// Rows of one bucket; what would be one more loses its carrier and province, so that the sums stay right.
pub fn cells_max(resolution: Resolution) -> usize {
    match resolution {
        Resolution::Minute => 4_096,
        Resolution::Hour => 16_384,
        Resolution::Day => 65_536,
    }
}

/// Codes of one bucket told apart; carriers may send anything.
pub const CODES_MAX: usize = 1_024;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// What messages change the rollups by, minute by minute.
#[derive(Debug, Default)]
pub struct Fold {
    cells: Map<(u64, Place), Counts>,
    codes: Map<CodeKey, i64>,
    latencies: Map<LatencyKey, i64>,
}

impl Fold {
    /// A message that is stored now, with the correction that counts.
    pub fn add(&mut self, journey: &Journey, amendment: Option<&Amendment>, ranges: &NumberRanges) {
        self.take(journey, amendment, ranges, 1);
    }

    /// A message that is not stored so any more.
    pub fn remove(&mut self, journey: &Journey, amendment: Option<&Amendment>, ranges: &NumberRanges) {
        self.take(journey, amendment, ranges, -1);
    }

    fn take(&mut self, journey: &Journey, amendment: Option<&Amendment>, ranges: &NumberRanges, sign: i64) {
        contributions(journey, ranges, |contribution| self.count(contribution, sign));
        let (Some(amendment), Some(first), MessageState::Final(before)) =
            (amendment, journey.attempts.first(), journey.state)
        else {
            return;
        };
        let message = Dimensions::of_message(journey.tenant, journey.account, first.kind, journey.to, ranges);
        corrections(message, before, amendment, |contribution| {
            self.count(contribution, sign);
        });
    }

    fn count(&mut self, contribution: Contribution<'_>, sign: i64) {
        let Contribution {
            at,
            dimensions,
            measure,
            by,
            code,
            latency,
        } = contribution;
        let (at, by) = (Resolution::Minute.begin(at).0, by * sign);
        self.cells.entry((at, Place::of(dimensions))).or_default()[measure] += by;
        let link = Link::of(dimensions);
        if let Some(code) = code {
            let key = CodeKey {
                at,
                link,
                measure: measure as u8,
                code: code.clone(),
            };
            *self.codes.entry(key).or_default() += by;
        }
        if let Some(bucket) = latency {
            *self.latencies.entry(LatencyKey { at, link, bucket }).or_default() += by;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// How many sums it holds.
    pub fn len(&self) -> usize {
        self.cells.len() + self.codes.len() + self.latencies.len()
    }

    /// The same in buckets of another length.
    pub fn in_resolution(&self, resolution: Resolution) -> Fold {
        let begin = |at: u64| resolution.begin(carillon_domain::time::UnixMs(at)).0;
        let mut coarse = Fold::default();
        for ((at, place), counts) in &self.cells {
            coarse.cells.entry((begin(*at), *place)).or_default().add(counts);
        }
        for (key, count) in &self.codes {
            let key = CodeKey {
                at: begin(key.at),
                ..key.clone()
            };
            *coarse.codes.entry(key).or_default() += count;
        }
        for (key, count) in &self.latencies {
            let key = LatencyKey {
                at: begin(key.at),
                ..*key
            };
            *coarse.latencies.entry(key).or_default() += count;
        }
        coarse
    }

    /// What changes, in the order of the table.
    pub fn cells(&self) -> Vec<((u64, Place), &Counts)> {
        sorted(&self.cells, |counts| !counts.is_zero())
    }

    pub fn codes(&self) -> Vec<(CodeKey, &i64)> {
        sorted(&self.codes, |count| *count != 0)
    }

    pub fn latencies(&self) -> Vec<(LatencyKey, &i64)> {
        sorted(&self.latencies, |count| *count != 0)
    }
}

fn sorted<K: Clone + Ord + Hash, V>(map: &Map<K, V>, changes: impl Fn(&V) -> bool) -> Vec<(K, &V)> {
    let mut found: Vec<_> = map
        .iter()
        .filter(|(_, value)| changes(value))
        .map(|(key, value)| (key.clone(), value))
        .collect();
    found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    found
}
