use crate::cluster::{Cluster, Sized_};
use crate::place::{Kind, Under};
use carillon_storage::history::HistoryError;
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// Rows of one partition before the next one is begun.
const SHARD_ROWS_MAX: u32 = 100_000;
/// Spans remembered; what is forgotten is read again.
const KNOWN_MAX: usize = 100_000;

/// kind, key, span, shard, TTL
pub(crate) type SpanRow = (i8, i64, i64, i32, i32);

impl Sized_ for SpanRow {
    fn bytes(&self) -> usize {
        48
    }
}

/// Which partitions there are, as the one who writes them knows.
#[derive(Default)]
pub(crate) struct Directory {
    known: HashMap<(Under, i64), Shard>,
}

/// The partition that is being filled.
#[derive(Clone, Copy, Debug)]
struct Shard {
    number: i32,
    rows: u32,
    /// The directory has it.
    is_listed: bool,
}

impl Directory {
    /// Learns of spans that are to be written in.
    pub async fn learn(
        &mut self,
        cluster: &Cluster,
        spans: impl Iterator<Item = (Under, i64)>,
    ) -> Result<(), HistoryError> {
        if self.known.len() > KNOWN_MAX {
            self.known.clear();
        }
        for (under, span) in spans {
            let under = under.listed();
            if self.known.contains_key(&(under, span)) {
                continue;
            }
            let last = listed(cluster, under, span..=span).await?;
            let last = last.iter().map(|(_, shard)| *shard).max();
            let shard = Shard {
                number: last.unwrap_or(0),
                rows: 0,
                is_listed: last.is_some(),
            };
            self.known.insert((under, span), shard);
        }
        Ok(())
    }

    /// The partition for one row more of a span that was learnt of.
    pub fn take(&mut self, under: Under, span: i64) -> i32 {
        let shard = self
            .known
            .get_mut(&(under.listed(), span))
            .expect("it was learnt of");
        if under.is_sharded() {
            if shard.rows >= SHARD_ROWS_MAX {
                *shard = Shard {
                    number: shard.number + 1,
                    rows: 0,
                    is_listed: false,
                };
            }
            shard.rows += 1;
        }
        shard.number
    }

    /// What the directory does not have yet. After it was written, [`Directory::listed`]. `ttl` is that of messages.
    pub fn unlisted(&self, ttl: i32) -> Vec<SpanRow> {
        let unlisted = self.known.iter().filter(|(_, shard)| !shard.is_listed);
        unlisted
            .map(|((under, span), shard)| {
                let ttl = if under.kind == Kind::Figures { 0 } else { ttl };
                (under.kind as i8, under.key, *span, shard.number, ttl)
            })
            .collect()
    }

    pub fn listed(&mut self) {
        self.known.values_mut().for_each(|shard| shard.is_listed = true);
    }
}

/// Spans with their partitions, newest first.
pub(crate) async fn listed(
    cluster: &Cluster,
    under: Under,
    spans: RangeInclusive<i64>,
) -> Result<Vec<(i64, i32)>, HistoryError> {
    let operation = "reading the directory";
    let mut found = Vec::new();
    let values = (under.kind as i8, under.key, *spans.start(), *spans.end());
    cluster
        .each_row(operation, &cluster.statements.spans, values, |row: (i64, i32)| {
            found.push(row);
            Ok(())
        })
        .await?;
    Ok(found)
}

/// The key of a table of figures in the directory.
pub(crate) fn of_figures(lane: i32, kind: i8, resolution: i8) -> Under {
    Under {
        kind: Kind::Figures,
        key: i64::from(lane) << 16 | i64::from(kind) << 8 | i64::from(resolution),
    }
}
