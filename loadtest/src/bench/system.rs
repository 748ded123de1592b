//! Carriers, server and settlement of one run, in a folder of their own.

use super::apply::{API_KEY, ConnectionPlan};
use super::catalog::Catalog;
use super::features::configuration;
use super::folder::Folder;
use super::measure::Usage;
use super::place::Place;
use super::server::{Server, ServerError};
use crate::judge::{Judgement, RecordsError, RecordsReader, Settlement, Shared, Times, Tolerance};
use crate::ledger::Contract;
use crate::load::{Latencies, LoadOptions, OpenLimit};
use crate::sim::{
    AccountConfig, Behaviour, CarrierConfig, CarrierStart, Host, HostError, Progress, ProtocolName,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One carrier with the server's connection to it.
#[derive(Clone, Debug)]
pub struct CarrierPlan {
    pub name: &'static str,
    pub protocol: ProtocolName,
    pub contract: Contract,
    pub behaviour: Behaviour,
    pub listening: bool,
}

#[derive(Clone, Debug)]
pub struct SystemPlan {
    pub carriers: Vec<CarrierPlan>,
    /// Names of carriers that the server does not know at its start.
    pub unknown: Vec<&'static str>,
    /// Everything is switched on, and this is where the webhook calls.
    pub features: Option<SocketAddr>,
    /// What the server is configured with instead of the plain apply file.
    pub catalog: Option<Catalog>,
    pub seed: u64,
    /// Settings of the server, as its environment has them.
    pub environment: Vec<(&'static str, String)>,
    /// Of every connection.
    pub look_ahead: u32,
    /// The lowest marker of the run.
    pub first_marker: u64,
    pub place: Place,
}

impl SystemPlan {
    /// With all carriers known, nothing else switched on, and markers from 0.
    pub fn new(carriers: Vec<CarrierPlan>, seed: u64, place: &Place) -> Self {
        SystemPlan {
            carriers,
            unknown: Vec::new(),
            features: None,
            catalog: None,
            seed,
            environment: Vec::new(),
            look_ahead: 0,
            first_marker: 0,
            place: place.clone(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    #[error("cannot make the run's folder")]
    Folder(#[source] std::io::Error),
    #[error(transparent)]
    Carriers(#[from] HostError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Records(#[from] RecordsError),
    #[error("the connections were not bound within {} s", .0.as_secs())]
    NotBound(Duration),
    #[error("the server has no processor time to read: it has ended")]
    Usage,
}

const LOGIN: &str = "900001";
const PASSWORD: &str = "secret1";
const POLL: Duration = Duration::from_millis(5);

pub struct System {
    /// How the server reaches each carrier, also those that it does not know yet.
    pub connections: Vec<ConnectionPlan>,
    pub host: Host,
    pub server: Server,
    pub settlement: Shared,
    folder: Folder,
}

impl System {
    pub async fn start(plan: SystemPlan) -> Result<Self, SystemError> {
        let folder = Folder::make(&plan.place).map_err(SystemError::Folder)?;
        let now_us = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_micros() as u64;
        let settlement = Shared::new(Settlement::new(plan.first_marker, now_us));
        let starts = plan
            .carriers
            .iter()
            .map(|carrier| start_of(carrier, plan.seed, &settlement));
        let host = Host::start(starts.collect())?;
        let mut connections: Vec<_> = plan
            .carriers
            .iter()
            .zip(&host.carriers)
            .map(|(carrier, running)| ConnectionPlan {
                name: carrier.name.to_owned(),
                protocol: carrier.protocol,
                address: running.address,
                login: LOGIN.to_owned(),
                password: PASSWORD.to_owned(),
                sessions: carrier.contract.sessions,
                window: carrier.contract.window,
                rate_per_second: carrier.contract.rate_per_second,
                look_ahead: plan.look_ahead,
            })
            .collect();
        let all = connections.clone();
        connections.retain(|connection| !plan.unknown.contains(&connection.name.as_str()));
        let apply_file = match &plan.catalog {
            Some(catalog) => catalog.file(&connections),
            None => configuration(&connections, plan.features),
        };
        let server = Server::start_with(
            folder.path(),
            &apply_file,
            plan.place.program.as_deref(),
            plan.environment,
        )
        .await?;
        Ok(System {
            connections: all,
            host,
            server,
            settlement,
            folder,
        })
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn load_options(&self, run: &str) -> LoadOptions {
        LoadOptions::new(self.server.address(), API_KEY, run)
    }

    pub fn open_limit(&self, open_max: u64) -> OpenLimit {
        OpenLimit {
            open_max,
            carriers: self.progress(),
        }
    }

    pub fn progress(&self) -> Vec<Arc<Progress>> {
        self.host
            .carriers
            .iter()
            .map(|carrier| Arc::clone(&carrier.progress))
            .collect()
    }

    fn sum(&self, counter: impl Fn(&Progress) -> &AtomicU64) -> u64 {
        self.host
            .carriers
            .iter()
            .map(|carrier| counter(&carrier.progress).load(Ordering::Relaxed))
            .sum()
    }

    /// Segments that arrived.
    pub fn segments(&self) -> u64 {
        self.sum(|progress| &progress.segments)
    }

    /// Segments to which nothing more will happen.
    pub fn closed(&self) -> u64 {
        self.sum(|progress| &progress.closed)
    }

    /// Waits until the carriers have closed this many segments, or nothing has moved for `patience`.
    pub async fn wait_closed(&self, segments: u64, patience: Duration) -> bool {
        let mut last = (0, Instant::now());
        loop {
            let closed = self.closed();
            if closed >= segments {
                return true;
            }
            if closed != last.0 {
                last = (closed, Instant::now());
            } else if last.1.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until every connection has all its sessions.
    pub async fn wait_bound(&self, sessions: u64, patience: Duration) -> bool {
        let start = Instant::now();
        while self.sum(|progress| &progress.sessions) < sessions {
            if start.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    /// Waits until the connections have this many sessions.
    pub async fn bound(&self, sessions: u64, patience: Duration) -> Result<(), SystemError> {
        match self.wait_bound(sessions, patience).await {
            true => Ok(()),
            false => Err(SystemError::NotBound(patience)),
        }
    }

    /// What the server has taken so far.
    pub fn usage(&self) -> Result<Usage, SystemError> {
        self.server.pid().and_then(Usage::of).ok_or(SystemError::Usage)
    }

    /// Ends everything without a settlement; a clean run leaves nothing behind.
    pub fn end(mut self, clean: bool) -> Result<(), SystemError> {
        self.server.kill()?;
        self.host.stop()?;
        self.folder.finish(clean);
        Ok(())
    }

    /// Reads our records, ends everything and closes the ledgers. The settlement then knows all there is to know.
    pub async fn settle(self, patience: Duration) -> Result<Settled, SystemError> {
        let records = RecordsReader::new(self.server.address(), API_KEY);
        self.settle_by(records, patience).await
    }

    /// The same; what the reader has read before is known to the settlement already.
    pub async fn settle_by(
        mut self,
        mut records: RecordsReader,
        patience: Duration,
    ) -> Result<Settled, SystemError> {
        records.follow(&self.settlement, patience).await?;
        self.server.stop().await?;
        self.host.stop()?;
        self.settlement.0.lock().join_orphans(marker_of);
        Ok(Settled {
            settlement: self.settlement,
            folder: self.folder,
        })
    }
}

/// A run that has ended and is to be judged.
pub struct Settled {
    settlement: Shared,
    folder: Folder,
}

impl Settled {
    /// From acceptance to the first segment's arrival, and to the last acknowledged receipt.
    pub fn latencies(&self) -> (Latencies, Latencies) {
        self.settlement.0.lock().latencies()
    }

    /// What `read` makes of the kept times and of the moment they count from, µs since the Unix epoch.
    pub fn times<T>(&self, read: impl FnOnce(u64, &[Times]) -> T) -> T {
        let settlement = self.settlement.0.lock();
        read(settlement.start_us(), settlement.times())
    }

    pub fn judge(self, tolerance: Tolerance) -> Judgement {
        let judgement = self.settlement.0.lock().judge(tolerance);
        self.folder.finish(judgement.is_clean());
        judgement
    }
}

/// Generated phones name their marker as long as a run has at most ten million messages.
fn marker_of(phone: &str) -> Option<u64> {
    let national = phone.strip_prefix("86").unwrap_or(phone);
    national.strip_prefix(crate::load::PHONE_PREFIX)?.parse().ok()
}

fn start_of(carrier: &CarrierPlan, seed: u64, settlement: &Shared) -> CarrierStart {
    let account = AccountConfig {
        login: LOGIN.into(),
        password: PASSWORD.into(),
        sessions: carrier.contract.sessions,
        rate_per_second: None,
        contract: Some(carrier.contract),
    };
    let config = CarrierConfig {
        name: carrier.name.into(),
        protocol: carrier.protocol,
        port: 0,
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        seed,
        keep_texts: false,
        accounts: vec![account],
        behaviour: carrier.behaviour.clone(),
    };
    CarrierStart {
        config,
        sink: Box::new(settlement.clone()),
        listening: carrier.listening,
    }
}
