use carillon_domain::catalog::Carrier;
use carillon_domain::ids::{AccountId, ConnectionId, TenantId};
use carillon_domain::plan::ChannelKind;
use carillon_domain::province::Province;
use carillon_domain::tally::Counts;
use carillon_domain::time::UnixMs;

/// The length of a rollup's buckets. Days begin at midnight of UTC+8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resolution {
    Minute,
    Hour,
    Day,
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
