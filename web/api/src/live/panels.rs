use super::alarm::AlarmView;
use super::health::Health;
use serde::{Deserialize, Serialize};

/// A panel of a screen and how old it is. Zero is never "no data": what is not known is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Panel<T> {
    /// When its source last spoke, in Unix milliseconds; 0: never.
    pub at_ms: u64,
    pub data: T,
}

/// A change of a panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PanelChange<T> {
    pub at_ms: u64,
    /// `None`: as it was.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub data: Option<T>,
}

/// Declares all panels in one place: whole, and as a change of them.
macro_rules! panels {
    ($($name:ident: $data:ty,)+) => {
        /// Everything a screen shows.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct Panels {
            $(pub $name: Panel<$data>,)+
        }

        /// What changed. Points of curves are those to append; everything else stands for itself.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct PanelsChange {
            $(
                /// Absent when its source said nothing.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $name: Option<PanelChange<$data>>,
            )+
        }

        impl Panels {
            /// What leads from `before` to these panels; [`super::LiveState::apply`] is the other direction.
            pub fn change_since(&self, before: &Panels) -> PanelsChange {
                PanelsChange {
                    $($name: (self.$name != before.$name).then(|| PanelChange {
                        at_ms: self.$name.at_ms,
                        data: super::state::Changing::change_since(&self.$name.data, &before.$name.data),
                    }),)+
                }
            }

            pub(super) fn apply(&mut self, change: PanelsChange) {
                $(if let Some(change) = change.$name {
                    self.$name.at_ms = change.at_ms;
                    if let Some(data) = change.data {
                        super::state::Changing::apply(&mut self.$name.data, data);
                    }
                })+
            }
        }
    };
}

panels! {
    overview: OverviewPanel,
    rates: RatesPanel,
    backlog: BacklogPanel,
    totals: TotalsPanel,
    provinces: ProvincesPanel,
    connections: ConnectionsPanel,
    latency: LatencyPanel,
    campaigns: CampaignsPanel,
    alarms: AlarmsPanel,
    hosts: HostsPanel,
    accounts: AccountsPanel,
}

/// The head of the screen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OverviewPanel {
    pub health: Health,
    /// Since when it is so.
    pub since_ms: u64,
    /// Alarms that stand, shelved ones not counted.
    pub critical: u32,
    pub warning: u32,
}

/// Events a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Messages.
    pub accepted: f64,
    /// Segments.
    pub submitted: f64,
    /// Segments.
    pub receipts: f64,
}

/// The mean of 15 seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RatePoint {
    /// The end of the 15 seconds.
    pub at_ms: u64,
    /// `None`: nobody counted.
    pub now: Option<Rates>,
    /// At the same time of the day before.
    pub yesterday: Option<Rates>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RatesPanel {
    /// The mean of the last few seconds.
    pub now: Rates,
    /// At this minute of the day before.
    pub yesterday: Option<Rates>,
    /// The last 30 minutes, oldest first.
    pub points: Vec<RatePoint>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BacklogPanel {
    /// Messages that are queued.
    pub waiting: u64,
    /// Accepted and not ended.
    pub open: u64,
    /// Seconds until the queues are empty at the present rate; `None` when they do not shrink.
    pub drain_s: Option<u64>,
    /// Segments of which nobody knows whether the carrier has them.
    pub uncertain: u64,
}

/// Today, since midnight (UTC+8).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TotalsPanel {
    /// Messages.
    pub accepted: u64,
    pub delivered: u64,
    pub failed: u64,
    /// Segments.
    pub segments_submitted: u64,
    pub segments_delivered: u64,
    pub segments_failed: u64,
    /// Delivered of those whose outcome is known, in per cent; `None` when none is.
    pub delivery_rate: Option<f64>,
    pub kinds: Vec<KindRow>,
}

/// A channel kind today.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KindRow {
    /// The word of a channel kind: `sms`, `mail` …
    pub kind: String,
    /// Messages whose plan begins with it.
    pub accepted: u64,
    pub segments_submitted: u64,
    pub segments_delivered: u64,
    pub segments_failed: u64,
    pub delivery_rate: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProvincesPanel {
    /// Most messages first; together they are all of today.
    pub provinces: Vec<ProvinceRow>,
}

/// A province today.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProvinceRow {
    /// e.g. `广东`; empty for numbers whose range is unknown, and for mail.
    pub province: String,
    pub accepted: u64,
    pub segments_delivered: u64,
    pub segments_failed: u64,
    pub delivery_rate: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectionsPanel {
    /// In the order of their names. In a change only rows that differ.
    pub connections: Vec<ConnectionRow>,
    /// Only in a change: names that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectionRow {
    pub name: String,
    pub kind: String,
    pub protocol: String,
    pub health: Health,
    /// The state's word in the API.
    pub state: String,
    /// Since when its health is so.
    pub since_ms: u64,
    /// Segments written in the last second.
    pub rate: u32,
    pub rate_limit: u32,
    /// Of the last hour, in per cent.
    pub delivery_rate: Option<f64>,
    /// Of the last five minutes: from the carrier's response to its receipt.
    pub p99_ms: Option<u64>,
    pub sessions_bound: u32,
    pub sessions_wanted: u32,
    pub in_flight: u32,
    /// Today.
    pub segments_submitted: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_error: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyPoint {
    pub at_ms: u64,
    /// `None`: nothing was delivered.
    pub p50_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    pub p99_ms: Option<u64>,
}

/// From the carrier's response to its receipt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyPanel {
    /// Of the last five minutes.
    pub now: LatencyPoint,
    /// The last 30 minutes by 15 seconds, oldest first.
    pub points: Vec<LatencyPoint>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CampaignsPanel {
    /// Those that run or are paused.
    pub campaigns: Vec<CampaignRow>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CampaignRow {
    pub id: String,
    pub name: String,
    pub organisation: String,
    /// The state's word in the API.
    pub state: String,
    /// Lines that are sent.
    pub total: u64,
    /// Of them: handed to a connection.
    pub written: u64,
    pub delivered: u64,
    pub failed: u64,
    /// Messages a second now.
    pub rate: f64,
    /// When it is expected to end.
    pub ends_at_ms: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmsPanel {
    /// Those that stand, returned ones that nobody acknowledged, and shelved ones; most urgent first.
    pub alarms: Vec<AlarmView>,
    /// The last one that is over.
    pub last: Option<AlarmView>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostsPanel {
    pub hosts: Vec<HostRow>,
    pub stores: Vec<StoreRow>,
}

/// Shares are 0 to 1; `None` where the system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostRow {
    pub name: String,
    pub health: Health,
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
    pub disk: Option<f64>,
    /// Of the fastest interface's speed, where that is known.
    pub network: Option<f64>,
    pub received_bytes_per_s: Option<u64>,
    pub sent_bytes_per_s: Option<u64>,
    /// This process.
    pub process_cpu: Option<f64>,
    pub process_memory_bytes: Option<u64>,
}

/// A store of ours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoreRow {
    /// `journal`, `history` or `catalog`.
    pub store: String,
    pub health: Health,
    pub bytes: u64,
    pub free_bytes: Option<u64>,
    /// Messages or bytes that wait to be stored.
    pub behind: u64,
    /// Of the journal: how long a sync takes.
    pub sync_ms: Option<f64>,
    /// At the growth of the last day.
    pub days_left: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountsPanel {
    /// Accounts that may send.
    pub enabled: u32,
    /// Accounts that asked something in the last 15 minutes.
    pub active: u32,
    /// By intake protocol (`rest`), how many of them were active.
    pub protocols: Vec<(String, u32)>,
    /// Operators that are logged in, and screens that look on.
    pub operators: u32,
    pub walls: u32,
}
