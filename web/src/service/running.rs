use super::await_store::await_store;
use super::catalog_place::open_catalog;
use super::claim::Claim;
use super::files::{check_catalog, data_folder, number_ranges, shared_folder};
use super::first_operator::first_operator;
use super::keep_going::keep_going;
use super::mail_key::mail_key;
use super::{CatalogKeeper, Failed, server};
use crate::alarm::{AlarmDesk, AlarmSources, Disks};
use crate::config::Config;
use crate::endpoint;
use crate::http::HttpMetrics;
use crate::live::{Activity, Hosts, LiveHub, Seats, SocketTimes, Sources};
use crate::login::LoginKeeper;
use crate::pages::Pages;
use crate::probe::HostFigures;
use crate::right::Nonces;
use crate::state::AppState;
use crate::upstream::{Taker, Upstream, UpstreamFigures};
use crate::webhook::{AddressGuard, CallTimes, Caller, SystemLookup, Webhooks, connector};
use actix_web::dev::ServerHandle;
use actix_web::rt::task::JoinHandle;
use actix_web::web;
use carillon_actors::mail::{MailOptions, ReturnPaths};
use carillon_actors::status::Readiness;
use carillon_actors::{LaneHandle, NodeOptions, StopReport, start_node};
use carillon_catalog::SqlCatalog;
use carillon_domain::number_range::NumberRanges;
use carillon_embedded::blobs::EmbeddedFiles;
use carillon_embedded::files::RealFiles;
use carillon_embedded::history::EmbeddedHistory;
use carillon_embedded::journal::EmbeddedJournal;
use carillon_scylla::ScyllaHistory;
use carillon_storage::catalog::Catalog;
use carillon_storage::files::Files;
use carillon_storage::history::History;
use carillon_storage::journal::Journal;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Tests of connections at the same time.
const TESTS_MAX: usize = 4;

/// How long a lane that stops waits for brokers to hear of it.
const SIGN_OFF_MAX: Duration = Duration::from_secs(2);

/// A service that takes requests.
pub struct Service {
    pub lane: LaneHandle,
    pub address: SocketAddr,
    /// The operator's password, when it may be shown: at the first start, or from its file.
    pub password: Option<String>,
    /// Of a lane that others may want.
    claim: Option<Claim>,
    /// Take over what others store.
    watches: Vec<JoinHandle<()>>,
    /// Stores alarms.
    alarm_watch: JoinHandle<()>,
    alarms: Arc<AlarmDesk>,
    logins: Arc<LoginKeeper>,
    webhooks: Arc<Webhooks>,
    upstream: Option<Arc<Upstream>>,
    live: Arc<LiveHub>,
    journal: Arc<dyn Journal>,
    server: ServerHandle,
    server_ended: JoinHandle<io::Result<()>>,
}

impl Service {
    /// Opens everything in `data` and replays the journal, which blocks the thread; must be called inside an actix system.
    pub async fn start(
        data: &Path,
        config: &Config,
        password_file: Option<&Path>,
    ) -> Result<Service, Failed> {
        let ranges = Arc::new(number_ranges(&config.numbers)?);
        // Before the journal: a taken port is told at once, not after a long replay.
        let listener = server::listen(&config.http)?;
        let address = listener.local_addr().map_err(Failed::Web)?;
        data_folder(data)?;
        if config.catalog.url.is_empty() {
            check_catalog(data)?;
        }
        let catalog = Arc::new(await_store("its catalog", async || open_catalog(data, config).await).await?);
        let shared = shared_folder(data, config)?;
        let files = EmbeddedFiles::open(&shared.join("files"), Arc::new(RealFiles)).map_err(Failed::Files)?;
        let files: Arc<dyn Files> = Arc::new(files);
        let (lane, journal, claim) =
            open_lane(data, &shared, config, &catalog, ranges.clone(), files.clone()).await?;
        if let Readiness::Failed { reason } = lane.started().await {
            return Err(claim.map_or(Failed::Service(reason.clone()), |claim| claim.failed(reason)));
        }
        // Not before the lane works: a new password is shown once, by a start that succeeded.
        let password = first_operator(&*catalog, password_file).await?;
        let logins = LoginKeeper::open(catalog.clone()).await.map_err(Failed::Logins)?;
        let logins = Arc::new(logins);
        let webhooks = Arc::new(start_webhooks(lane.clone(), config)?);
        let alarm_sources = AlarmSources {
            lane: lane.clone(),
            webhooks: webhooks.clone(),
            disks: Disks::new(data, config.journal.disk_free_bytes_min),
        };
        let alarms = AlarmDesk::open(alarm_sources, catalog.clone(), config.alarms).await?;
        let alarms = Arc::new(alarms);
        let keeper = Arc::new(CatalogKeeper::new(catalog, lane.clone(), config.place()));
        let activity = Arc::new(Activity::new());
        let times = SocketTimes::new(Duration::from_secs(config.limits.screen_timeout_s.into()));
        let sources = Sources {
            lane: lane.clone(),
            logins: logins.clone(),
            activity: activity.clone(),
            alarms: alarms.clone(),
            hosts: Arc::new(Hosts::new(HostFigures::new(data), data.to_owned())),
            seats: Arc::new(Seats::new(
                config.limits.screens_max,
                config.limits.screens_per_source_max,
            )),
        };
        let live = LiveHub::start(sources, times);
        let upstream_figures = Arc::new(UpstreamFigures::default());
        let state = web::Data::new(AppState {
            lane: lane.clone(),
            place: config.place(),
            ranges: ranges.clone(),
            logins: logins.clone(),
            proxies: config.http.proxies.clone(),
            files: files.clone(),
            disk_free_bytes_min: config.journal.disk_free_bytes_min,
            limits: config.limits.clone(),
            data: data.to_owned(),
            catalog: keeper.clone(),
            tests: Semaphore::new(TESTS_MAX),
            webhooks: webhooks.clone(),
            nonces: Nonces::new(),
            pages: Pages::open(&config.pages.dir),
            live: live.clone(),
            activity: activity.clone(),
            alarms: alarms.clone(),
            upstream: upstream_figures.clone(),
        });
        let metrics = web::Data::new(HttpMetrics::new().map_err(Failed::Metrics)?);
        let configure = move |service: &mut web::ServiceConfig| {
            service.app_data(state.clone()).configure(endpoint::configure);
        };
        let server = server::start(listener, &config.http, metrics, configure).map_err(Failed::Web)?;
        let taker = Taker {
            lane: lane.clone(),
            place: config.place(),
            ranges,
            files,
            limits: config.limits.clone(),
            activity,
            accounts: config.upstream.accounts.clone(),
        };
        let upstream = config
            .upstream_options()
            .map(|options| Upstream::start(options, taker, upstream_figures).map(Arc::new))
            .transpose()
            .map_err(Failed::Web)?;
        let handle = server.handle();
        let server_ended = actix_web::rt::spawn(server);
        let watched = logins.clone();
        let watches = vec![
            keep_going("catalog", lane.clone(), move || {
                let keeper = keeper.clone();
                async move { keeper.watch().await }
            }),
            keep_going("logins", lane.clone(), move || {
                let logins = watched.clone();
                async move { logins.watch().await }
            }),
        ];
        let watched = alarms.clone();
        let alarm_watch = keep_going("alarms", lane.clone(), move || {
            let alarms = watched.clone();
            async move { alarms.watch().await }
        });
        if let Some(claim) = &claim {
            claim.announce(Some(address)).await?;
        }
        Ok(Service {
            claim,
            watches,
            alarm_watch,
            alarms,
            logins,
            lane,
            address,
            password,
            webhooks,
            upstream,
            live,
            journal,
            server: handle,
            server_ended,
        })
    }

    /// Why the service ends whose lane failed.
    pub fn failed(&self, reason: String) -> Failed {
        match &self.claim {
            Some(claim) => claim.failed(reason),
            None => Failed::Service(reason),
        }
    }

    /// Stops intake, waits for the carriers' answers until the deadline, stores the state. Requests are still answered.
    pub async fn stop(&self, deadline: Duration) -> Option<StopReport> {
        self.watches.iter().for_each(JoinHandle::abort);
        let ((), report) = tokio::join!(self.sign_off(), self.stop_lane(deadline));
        report
    }

    /// Lets the nodes know that the lane takes nothing more. They would find out, but by asking.
    async fn sign_off(&self) {
        let Some(claim) = &self.claim else { return };
        match tokio::time::timeout(SIGN_OFF_MAX, claim.announce(None)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "nodes go on asking a lane that stops"),
            Err(_) => tracing::warn!("nodes go on asking a lane that stops: no broker answers"),
        }
    }

    async fn stop_lane(&self, deadline: Duration) -> Option<StopReport> {
        self.live.stop();
        self.webhooks.stop().await;
        if let Some(upstream) = self.upstream.clone() {
            let stopped = web::block(move || upstream.stop()).await;
            if let Err(error) = stopped {
                tracing::warn!(%error, "upstream systems on Kafka may be told again what they were told already");
            }
        }
        self.lane.stop(deadline).await
    }

    /// After [`Service::stop`]: ends the web server, and then the journal, so that the next start knows it was in order.
    pub async fn end(self) -> Result<(), Failed> {
        self.server.stop(true).await;
        if let Err(error) = self.logins.store_uses().await {
            tracing::warn!(%error, "when sessions were last used is not stored");
        }
        self.alarm_watch.abort();
        if let Err(error) = self.alarms.close().await {
            tracing::warn!(%error, "the newest changes of alarms are not stored");
        }
        let journal = self.journal;
        web::block(move || journal.close())
            .await
            .map_err(|error| Failed::Web(io::Error::other(error)))?
            .map_err(Failed::Journal)?;
        self.server_ended
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(Failed::Web)
    }
}

fn start_webhooks(lane: LaneHandle, config: &Config) -> Result<Webhooks, Failed> {
    let section = &config.webhooks;
    let ca_file = (!section.ca_file.as_os_str().is_empty()).then_some(section.ca_file.as_path());
    let caller = Caller {
        guard: AddressGuard::new(section.allow.clone()),
        tls: connector(ca_file),
        lookup: Arc::new(SystemLookup),
        times: CallTimes::default(),
    };
    let off_after = Duration::from_secs(u64::from(section.off_after_hours) * 3600);
    Webhooks::start(lane, caller, off_after).map_err(Failed::Web)
}

async fn open_lane(
    data: &Path,
    shared: &Path,
    config: &Config,
    catalog: &SqlCatalog,
    ranges: Arc<NumberRanges>,
    files: Arc<dyn Files>,
) -> Result<(LaneHandle, Arc<dyn Journal>, Option<Claim>), Failed> {
    let snapshot = catalog.snapshot().await?.at(config.place());
    let (journal, claim) = open_journal(data, config).await?;
    let history = open_history(data, config, ranges.clone()).await?;
    let options = NodeOptions {
        lane: config.lane_options(),
        mail: MailOptions {
            files: Some(files),
            return_paths: ReturnPaths::new(mail_key(shared)?),
            bounces: config.mail_bounces.listen.0,
        },
        ranges,
    };
    let (lane, report) = start_node(options, snapshot, journal.clone(), history).map_err(Failed::Start)?;
    tracing::info!(
        messages_open = report.messages_open,
        facts_replayed = report.facts_replayed,
        bounces = report.bounces.map(tracing::field::display),
        "lane started"
    );
    Ok((lane, journal, claim))
}

async fn open_history(
    data: &Path,
    config: &Config,
    ranges: Arc<NumberRanges>,
) -> Result<Arc<dyn History>, Failed> {
    let Some(options) = config.scylla_options(ranges.clone())? else {
        let history = EmbeddedHistory::open(&data.join("history"), config.history_options(ranges));
        return Ok(Arc::new(history.map_err(Failed::History)?));
    };
    await_store("its history", async || {
        let options = options.clone();
        // It waits for its own threads.
        let opened = actix_web::rt::task::spawn_blocking(move || ScyllaHistory::open(options));
        let opened = opened.await.expect("opening does not panic");
        Ok(Arc::new(opened.map_err(Failed::History)?) as Arc<dyn History>)
    })
    .await
}

/// The journal, and the claim to it where others may want it.
async fn open_journal(data: &Path, config: &Config) -> Result<(Arc<dyn Journal>, Option<Claim>), Failed> {
    if let Some(options) = config.kafka_options() {
        let claim = await_store("its journal", async || {
            Claim::take(options.clone(), config.place().lane).await
        })
        .await?;
        return Ok((claim.journal(), Some(claim)));
    }
    let (dir, options) = (data.join("journal"), config.journal_options());
    let journal = EmbeddedJournal::open(&dir, options, Arc::new(RealFiles)).map_err(Failed::Journal)?;
    Ok((Arc::new(journal), None))
}
