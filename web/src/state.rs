use crate::alarm::AlarmDesk;
use crate::config::Limits;
use crate::live::{Activity, LiveHub};
use crate::login::LoginKeeper;
use crate::pages::Pages;
use crate::right::Nonces;
use crate::service::CatalogKeeper;
use crate::upstream::UpstreamFigures;
use crate::webhook::Webhooks;
use carillon_actors::LaneHandle;
use carillon_domain::catalog::LanePlace;
use carillon_domain::number_range::NumberRanges;
use carillon_storage::files::Files;
use ipnet::IpNet;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What every handler works on; one for all threads.
pub struct AppState {
    pub lane: LaneHandle,
    /// Which lane it is: accounts of others are not answered here.
    pub place: LanePlace,
    pub ranges: Arc<NumberRanges>,
    pub logins: Arc<LoginKeeper>,
    /// Proxies of our own, which are believed whom they were called by.
    pub proxies: Vec<IpNet>,
    /// Attachments of mails, recipients of campaigns.
    pub files: Arc<dyn Files>,
    /// With less free on the disk no file is taken: what is left belongs to the journal.
    pub disk_free_bytes_min: u64,
    pub limits: Limits,
    /// The data folder.
    pub data: PathBuf,
    pub catalog: Arc<CatalogKeeper>,
    /// Tests of connections that may run at the same time.
    pub tests: Semaphore,
    pub webhooks: Arc<Webhooks>,
    pub nonces: Nonces,
    pub pages: Pages,
    pub live: Arc<LiveHub>,
    pub activity: Arc<Activity>,
    pub alarms: Arc<AlarmDesk>,
    pub upstream: Arc<UpstreamFigures>,
}
