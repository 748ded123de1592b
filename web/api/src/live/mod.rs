//! What travels over `/v1/live`: a snapshot of everything a screen shows, then what changed, twice a second.

mod alarm;
mod frame;
mod health;
mod panels;
mod state;

pub use alarm::{AlarmRule, AlarmState, AlarmView, AlarmsPage, Severity, ShelveRequest};
pub use frame::{LiveEnd, LiveMessage, LiveRequest, Place};
pub use health::Health;
pub use panels::{
    AccountsPanel, AlarmsPanel, BacklogPanel, CampaignRow, CampaignsPanel, ConnectionRow, ConnectionsPanel,
    HostRow, HostsPanel, KindRow, LatencyPanel, LatencyPoint, OverviewPanel, Panel, PanelChange, Panels,
    PanelsChange, ProvinceRow, ProvincesPanel, RatePoint, Rates, RatesPanel, StoreRow, TotalsPanel,
};
pub use state::{LiveState, OutOfStep, POINTS_MAX};
