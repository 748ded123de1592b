use super::sample::ranges;
use crate::history::{CarrierQuery, CodeRow, History, LatencyRow, RollupQuery, RollupRow};
use carillon_domain::journey::{Amendment, Journey, MessageState};
use carillon_domain::tally::{Contribution, Counts, Dimensions, LATENCY_BUCKETS, contributions, corrections};
use std::fmt::Debug;

/// Everything that was counted, one by one, as slowly and plainly as it can be.
pub(super) struct Recount<'j>(Vec<Contribution<'j>>);

impl<'j> Recount<'j> {
    /// Messages as they were stored, with the correction that counts.
    pub fn of(messages: impl IntoIterator<Item = (&'j Journey, Option<&'j Amendment>)>) -> Self {
        let ranges = ranges();
        let mut all = Vec::new();
        for (journey, amendment) in messages {
            contributions(journey, &ranges, |contribution| all.push(contribution));
            let (Some(amendment), Some(first), MessageState::Final(before)) =
                (amendment, journey.attempts.first(), journey.state)
            else {
                continue;
            };
            let message =
                Dimensions::of_message(journey.tenant, journey.account, first.kind, journey.to, &ranges);
            corrections(message, before, amendment, |contribution| all.push(contribution));
        }
        Recount(all)
    }

    pub fn agrees(&self, history: &impl History, query: &RollupQuery) {
        let found = history.rollup(query).unwrap();
        assert!(found.windows(2).all(|pair| pair[0].at <= pair[1].at), "{query:?}");
        assert_same(found, self.rollup(query), query);
    }

    pub fn agrees_on_carriers(&self, history: &impl History, query: &CarrierQuery) {
        assert_same(history.codes(query).unwrap(), self.codes(query), query);
        assert_same(history.latencies(query).unwrap(), self.latencies(query), query);
    }

    fn rollup(&self, query: &RollupQuery) -> Vec<RollupRow> {
        let by = query.group_by;
        let mut rows: Vec<RollupRow> = Vec::new();
        for counted in &self.0 {
            let begin = query.resolution.begin(counted.at);
            let of = counted.dimensions;
            let is_asked_for = query.resolution.begin(query.from) <= begin
                && begin < query.until
                && query.tenant.is_none_or(|tenant| of.tenant == tenant)
                && query.account.is_none_or(|account| of.account == account);
            if !is_asked_for {
                continue;
            }
            let mut row = RollupRow {
                at: by.time.then_some(begin),
                tenant: by.tenant.then_some(of.tenant),
                account: by.account.then_some(of.account),
                kind: by.kind.then_some(of.kind),
                connection: by.connection.then_some(of.connection),
                carrier: by.carrier.then_some(of.carrier),
                province: by.province.then_some(of.province),
                counts: Counts::default(),
            };
            let known = rows.iter_mut().find(|known| {
                row.counts = known.counts;
                **known == row
            });
            match known {
                Some(known) => known.counts[counted.measure] += counted.by,
                None => {
                    row.counts = Counts::default();
                    row.counts[counted.measure] += counted.by;
                    rows.push(row);
                }
            }
        }
        rows.retain(|row| !row.counts.is_zero());
        rows
    }

    fn codes(&self, query: &CarrierQuery) -> Vec<CodeRow> {
        let mut rows: Vec<CodeRow> = Vec::new();
        for counted in self.of_carriers(query) {
            let Some(code) = counted.code else { continue };
            let mut row = CodeRow {
                at: query.by_time.then(|| query.resolution.begin(counted.at)),
                connection: counted.dimensions.connection,
                kind: counted.dimensions.kind,
                measure: counted.measure,
                code: code.clone(),
                count: 0,
            };
            let known = rows.iter_mut().find(|known| {
                row.count = known.count;
                **known == row
            });
            match known {
                Some(known) => known.count += counted.by,
                None => rows.push(CodeRow {
                    count: counted.by,
                    ..row
                }),
            }
        }
        rows
    }

    fn latencies(&self, query: &CarrierQuery) -> Vec<LatencyRow> {
        let mut rows: Vec<LatencyRow> = Vec::new();
        for counted in self.of_carriers(query) {
            let Some(latency) = counted.latency else { continue };
            let key = (
                query.by_time.then(|| query.resolution.begin(counted.at)),
                counted.dimensions.connection,
                counted.dimensions.kind,
            );
            let known = rows
                .iter()
                .position(|row| (row.at, row.connection, row.kind) == key);
            let place = known.unwrap_or_else(|| {
                rows.push(LatencyRow {
                    at: key.0,
                    connection: key.1,
                    kind: key.2,
                    histogram: Box::new([0; LATENCY_BUCKETS]),
                });
                rows.len() - 1
            });
            rows[place].histogram[latency.index()] += 1;
        }
        rows
    }

    fn of_carriers(&self, query: &CarrierQuery) -> impl Iterator<Item = &Contribution<'j>> {
        let (resolution, from, until) = (query.resolution, query.from, query.until);
        self.0.iter().filter(move |counted| {
            let begin = resolution.begin(counted.at);
            resolution.begin(from) <= begin && begin < until
        })
    }
}

/// The same rows, in whatever order.
fn assert_same<T: Debug>(found: Vec<T>, wanted: Vec<T>, query: &impl Debug) {
    let sorted = |rows: Vec<T>| {
        let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows
    };
    assert_eq!(sorted(found), sorted(wanted), "{query:?}");
}
