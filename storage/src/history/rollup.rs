use carillon_domain::catalog::Carrier;
use carillon_domain::fact::StatusCode;
use carillon_domain::ids::{AccountId, ConnectionId, TenantId};
use carillon_domain::plan::ChannelKind;
use carillon_domain::province::Province;
use carillon_domain::tally::{Counts, LATENCY_BUCKETS, Measure};
use carillon_domain::time::UnixMs;

/// Rows one query gives at most; what has more is refused, because part of a sum is no sum.
pub const ROLLUP_ROWS_MAX: usize = 100_000;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// China's time is the same the whole year.
const OFFSET_MS: u64 = 8 * HOUR_MS;

/// The length of a rollup's buckets. Days begin at midnight of UTC+8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resolution {
    Minute,
    Hour,
    Day,
}

impl Resolution {
    pub const ALL: [Resolution; 3] = [Resolution::Minute, Resolution::Hour, Resolution::Day];

    /// The beginning of the bucket in which a moment lies.
    pub fn begin(self, at: UnixMs) -> UnixMs {
        match self {
            Resolution::Minute => UnixMs(at.0 - at.0 % 60_000),
            Resolution::Hour => UnixMs(at.0 - at.0 % HOUR_MS),
            Resolution::Day => {
                let into_the_day = (at.0 % DAY_MS + OFFSET_MS) % DAY_MS;
                UnixMs(at.0.saturating_sub(into_the_day))
            }
        }
    }
}

/// By what figures are told apart; they are added up over everything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupBy {
    /// One row per bucket; otherwise one for the whole time.
    pub time: bool,
    pub tenant: bool,
    pub account: bool,
    pub kind: bool,
    pub connection: bool,
    pub carrier: bool,
    pub province: bool,
}

/// Sums over messages that have ended and are stored, by the times of what happened to them (STAT-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollupQuery {
    pub resolution: Resolution,
    /// The bucket in which this moment lies, and later ones.
    pub from: UnixMs,
    /// Buckets that begin before this moment.
    pub until: UnixMs,
    pub tenant: Option<TenantId>,
    pub account: Option<AccountId>,
    pub group_by: GroupBy,
}

/// What is not grouped by is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollupRow {
    /// The beginning of the bucket.
    pub at: Option<UnixMs>,
    pub tenant: Option<TenantId>,
    pub account: Option<AccountId>,
    pub kind: Option<ChannelKind>,
    /// `Some(None)`: counted by message, or never written.
    pub connection: Option<Option<ConnectionId>>,
    pub carrier: Option<Carrier>,
    pub province: Option<Province>,
    pub counts: Counts,
}

/// What carriers said and how long they took, of all organisations together: refusals and definite receipts by code, deliveries
/// by the time from response to receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarrierQuery {
    pub resolution: Resolution,
    /// The bucket in which this moment lies, and later ones.
    pub from: UnixMs,
    /// Buckets that begin before this moment.
    pub until: UnixMs,
    /// One row per bucket; otherwise one for the whole time.
    pub by_time: bool,
}

/// How often carriers said a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// The beginning of the bucket, when asked by time.
    pub at: Option<UnixMs>,
    pub connection: Option<ConnectionId>,
    pub kind: ChannelKind,
    /// Segments refused, delivered or failed.
    pub measure: Measure,
    /// [`OTHER_CODES`] stands for those that were too many.
    pub code: StatusCode,
    pub count: i64,
}

/// Stands for the codes of a bucket beyond what is told apart.
pub const OTHER_CODES: &str = "*";

/// How long deliveries took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyRow {
    /// The beginning of the bucket, when asked by time.
    pub at: Option<UnixMs>,
    pub connection: Option<ConnectionId>,
    pub kind: ChannelKind,
    /// By [`LatencyBucket::index`](carillon_domain::tally::LatencyBucket::index).
    pub histogram: Box<[u64; LATENCY_BUCKETS]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_in_china() {
        // 2026-01-31 20:34:56.789 UTC is the first of February in China.
        let at = UnixMs(1_769_891_696_789);
        let cases = [
            (Resolution::Minute, 1_769_891_640_000),
            (Resolution::Hour, 1_769_889_600_000),
            (Resolution::Day, 1_769_875_200_000),
        ];
        for (resolution, begin) in cases {
            assert_eq!(resolution.begin(at), UnixMs(begin), "{resolution:?}");
            assert_eq!(resolution.begin(UnixMs(begin)), UnixMs(begin));
            assert!(resolution.begin(UnixMs(begin - 1)) < UnixMs(begin));
            assert_eq!(resolution.begin(UnixMs(0)), UnixMs(0));
            assert!(resolution.begin(UnixMs(u64::MAX)) < UnixMs(u64::MAX));
        }
    }
}
