//! A primary connection that goes away under load, in the two ways it can: cut, and silent. How soon the backup carries on,
//! and that nothing is lost or doubled on the way (MSG-1, DUP-1, UNC-1).

use super::catalog::Catalog;
use super::measure::Surroundings;
use super::metrics::Metrics;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::judge::Tolerance;
use crate::ledger::Contract;
use crate::load::{self, LoadReport, PatternSource, Percentiles};
use crate::sim::{Behaviour, Order, Orders, Progress, ProtocolName, Range};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct FailoverOptions {
    /// Messages per second while everything happens.
    pub rate: f64,
    /// The primary is only cut, and not silent afterwards.
    pub cut_only: bool,
    /// A connection without an answer for so long is no longer used …
    pub silence: Duration,
    /// … and after this its requests are given up.
    pub response_timeout: Duration,
    pub place: Place,
}

/// The way to the backup and back.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Turn {
    /// From the moment when the primary stopped to the first segment at the backup. `None`: there never was one.
    pub to_backup_ms: Option<f64>,
    /// From the moment when it came back to the first new segment there.
    pub to_primary_ms: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FailoverReport {
    pub messages_per_s: f64,
    pub rss_mib_max: f64,
    /// Every session is reset and new ones are refused.
    pub cut: Turn,
    /// Everything is taken and nothing is answered.
    pub silent: Option<Turn>,
    /// Of the silence, what was waited beyond the time after which it counts as one.
    pub silent_after_detection_ms: Option<f64>,
    /// Segments at the backup while the primary was well: none is right.
    pub backup_unneeded: u64,
    /// From acceptance to the carrier, failovers included.
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub to_carrier_ms: Percentiles,
    /// Segments whose outcome was unknown for a while; UNC-1 allows the primary's windows, once for each way.
    pub uncertain_once: u64,
    pub uncertain_allowed: u64,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: LoadReport,
}

const PRIMARY: &str = "primary";
const BACKUP: &str = "backup";
const CONTRACT: Contract = Contract {
    rate_per_second: 50_000,
    window: 64,
    sessions: 2,
};
const WINDOWS: u64 = CONTRACT.window as u64 * CONTRACT.sessions as u64;
/// Messages that wait while the primary is silent, and some more.
const OPEN_MAX: u64 = 500_000;
const LINES_PER_REQUEST: usize = 20;
/// Every tenth message has two segments: they stay together.
const LONG_EVERY: u64 = 10;
/// Nothing is written to a carrier in the first second after a start (RATE-1 over a restart); that is not measured here.
const QUIET: Duration = Duration::from_millis(1_500);
const WARM: Duration = Duration::from_secs(2);
const AWAY: Duration = Duration::from_secs(2);
/// A backup without a segment for so long is no longer used.
const STILL: Duration = Duration::from_millis(500);
/// A connection that was refused for long waits before its next try.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(1);

pub async fn failover(options: &FailoverOptions) -> Result<FailoverReport, RunError> {
    let system = System::start(SystemPlan {
        catalog: Some(Catalog {
            strategy: "primary_backup",
            silence_s: options.silence.as_secs() as u16,
            response_timeout_s: options.response_timeout.as_secs() as u16,
            ..Catalog::default()
        }),
        ..SystemPlan::new(carriers(), 1, &options.place)
    })
    .await?;
    system.bound(2 * u64::from(CONTRACT.sessions), PATIENCE).await?;
    tokio::time::sleep(QUIET).await;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let mut load_options = system.load_options("failover");
    load_options.rate = Some(options.rate);
    load_options.lines_per_request = LINES_PER_REQUEST;
    load_options.limit = Some(system.open_limit(OPEN_MAX));
    let stop = Arc::clone(&load_options.stop);
    let mut source = PatternSource::new(0, u64::MAX, LONG_EVERY, LINES_PER_REQUEST);
    let mut sink = system.settlement.clone();
    let turns = async {
        let turns = Peers::of(&system).turns(options).await;
        stop.store(true, Ordering::Relaxed);
        turns
    };
    let loading = async {
        load::run(&load_options, &mut source, &mut sink)
            .await
            .map_err(RunError::from)
    };
    let (turns, load) = futures_util::future::try_join(turns, loading).await?;
    let segments = load.accepted + load.accepted / LONG_EVERY;
    system.wait_closed(segments, STILL * 4).await;
    let metrics = Metrics::read(system.server.address()).await?;
    let uncertain_once = metrics.figure("carillon_segments_uncertain_total")?;
    let usage = system.usage()?;
    let settled = system.settle(PATIENCE).await?;
    let to_carrier_ms = settled.latencies().0.percentiles();
    let uncertain_allowed = WINDOWS * if options.cut_only { 1 } else { 2 };
    let judgement = settled.judge(Tolerance {
        uncertain_max: Some(uncertain_allowed),
        ..Tolerance::default()
    });
    let found = turns.silent.and_then(|turn| turn.to_backup_ms);
    Ok(FailoverReport {
        messages_per_s: load.accepted_per_s,
        rss_mib_max: usage.rss_mib_max,
        cut: turns.cut,
        silent: turns.silent,
        silent_after_detection_ms: found.map(|ms| ms - options.silence.as_secs_f64() * 1e3),
        backup_unneeded: turns.backup_unneeded,
        p50_ms: to_carrier_ms.p50,
        p99_ms: to_carrier_ms.p99,
        to_carrier_ms,
        uncertain_once,
        uncertain_allowed,
        outcome: Outcome::new(judgement, surroundings),
        load,
    })
}

impl FailoverReport {
    /// What is not as it should be. Without `within` it does not matter how soon the backup carried on.
    pub fn complaints(&self, within: Option<Duration>) -> Vec<&'static str> {
        let turns = [Some(self.cut), self.silent];
        let there_and_back = |turn: &Turn| turn.to_backup_ms.is_some() && turn.to_primary_ms.is_some();
        let late = |ms: Option<f64>| {
            within.is_some_and(|within| ms.is_none_or(|ms| ms > within.as_secs_f64() * 1e3))
        };
        let checks = [
            (self.outcome.clean, "messages were lost or doubled"),
            (
                turns.iter().flatten().all(there_and_back),
                "the backup did not carry on, or the primary was not used again",
            ),
            (
                self.backup_unneeded == 0,
                "the backup was used while the primary was well",
            ),
            (
                self.uncertain_once <= self.uncertain_allowed,
                "more segments were uncertain than the windows hold",
            ),
            (
                !late(self.cut.to_backup_ms),
                "the backup carried on too late after the cut",
            ),
            (
                self.silent.is_none() || !late(self.silent_after_detection_ms),
                "the backup carried on too late after the silence",
            ),
        ];
        let broken = checks.into_iter().filter(|(holds, _)| !holds);
        broken.map(|(_, complaint)| complaint).collect()
    }
}

fn carriers() -> Vec<CarrierPlan> {
    let behaviour = Behaviour {
        response_ms: Range { min: 0, max: 5 },
        receipt_ms: Range { min: 0, max: 100 },
        ..Behaviour::default()
    };
    let plan = |name, protocol| CarrierPlan {
        name,
        protocol,
        contract: CONTRACT,
        behaviour: behaviour.clone(),
        listening: true,
    };
    vec![
        plan(PRIMARY, ProtocolName::Cmpp20),
        plan(BACKUP, ProtocolName::Smpp34),
    ]
}

struct Turns {
    cut: Turn,
    silent: Option<Turn>,
    backup_unneeded: u64,
}

/// The two carriers, from outside.
struct Peers {
    orders: Orders,
    primary: Arc<Progress>,
    backup: Arc<Progress>,
}

impl Peers {
    fn of(system: &System) -> Self {
        let [primary, backup] = &system.host.carriers[..] else {
            unreachable!("the plan has two carriers");
        };
        Peers {
            orders: system.host.orders(),
            primary: Arc::clone(&primary.progress),
            backup: Arc::clone(&backup.progress),
        }
    }

    async fn turns(&self, options: &FailoverOptions) -> Result<Turns, RunError> {
        tokio::time::sleep(WARM).await;
        let mut backup_unneeded = segments(&self.backup);
        let cut = self.turn(Order::Down, Order::Accept, AWAY).await?;
        if options.cut_only {
            return Ok(Turns {
                cut,
                silent: None,
                backup_unneeded,
            });
        }
        self.backup_is_still().await;
        let before = segments(&self.backup);
        tokio::time::sleep(WARM).await;
        backup_unneeded += segments(&self.backup) - before;
        // So long that its requests are given up while it is silent.
        let away = options.response_timeout.saturating_sub(options.silence) + AWAY;
        let silent = self.turn(Order::Silent(true), Order::Silent(false), away).await?;
        Ok(Turns {
            cut,
            silent: Some(silent),
            backup_unneeded,
        })
    }

    /// Stops the primary, lets the backup carry on for `away`, and lets the primary come back.
    async fn turn(&self, stop: Order, back: Order, away: Duration) -> Result<Turn, RunError> {
        let (before, stopped) = (segments(&self.backup), Instant::now());
        self.orders.give(PRIMARY, stop).await?;
        let to_backup_ms = first_after(&self.backup, before, stopped).await;
        tokio::time::sleep(away).await;
        let (before, returned) = (segments(&self.primary), Instant::now());
        self.orders.give(PRIMARY, back).await?;
        Ok(Turn {
            to_backup_ms,
            to_primary_ms: first_after(&self.primary, before, returned).await,
        })
    }

    async fn backup_is_still(&self) {
        let start = Instant::now();
        let mut last = (segments(&self.backup), Instant::now());
        while last.1.elapsed() < STILL && start.elapsed() < PATIENCE {
            tokio::time::sleep(POLL).await;
            let now = segments(&self.backup);
            if now != last.0 {
                last = (now, Instant::now());
            }
        }
    }
}

fn segments(progress: &Progress) -> u64 {
    progress.segments.load(Ordering::Relaxed)
}

/// Milliseconds since `start` when there are more segments than `before`, to about a millisecond.
async fn first_after(progress: &Progress, before: u64, start: Instant) -> Option<f64> {
    while segments(progress) == before {
        if start.elapsed() > PATIENCE {
            return None;
        }
        tokio::time::sleep(POLL).await;
    }
    Some(start.elapsed().as_secs_f64() * 1e3)
}
