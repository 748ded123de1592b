//! How many messages a second go the whole way, and what one costs.

use super::features::{Receiver, STRATEGY};
use super::measure::{Surroundings, cpu_by_stage, process_cpu, thread_cpu};
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::judge::Tolerance;
use crate::ledger::Contract;
use crate::load::{self, LoadReport, PatternSource, Percentiles};
use crate::sim::{Behaviour, ProtocolName, Range};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct ThroughputOptions {
    pub seconds: u64,
    /// One message per request instead of batches.
    pub single: bool,
    pub lines_per_request: usize,
    /// Requests open at the same time.
    pub connections: usize,
    /// Messages per second; as fast as it goes when absent.
    pub rate: Option<f64>,
    pub protocol: ProtocolName,
    pub sessions: u32,
    pub window: u32,
    /// From response to receipt.
    pub receipt_ms: u64,
    /// Accepted and not finished at the carrier.
    pub open_max: u64,
    /// Word and black list, caps, windows, quota, webhook and fallback plans are switched on.
    pub features: bool,
    /// INTENTs beyond the free slots of the windows.
    pub look_ahead: u32,
    /// Every sync of the journal takes so much longer.
    pub added_sync: Duration,
    pub place: Place,
}

impl Default for ThroughputOptions {
    fn default() -> Self {
        ThroughputOptions {
            seconds: 60,
            single: false,
            lines_per_request: 1_000,
            connections: 4,
            rate: None,
            protocol: ProtocolName::Cmpp20,
            sessions: 4,
            window: 128,
            receipt_ms: 0,
            open_max: 50_000,
            features: false,
            look_ahead: 0,
            added_sync: Duration::ZERO,
            place: Place::default(),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ThroughputReport {
    /// Accepted durably, submitted, and the receipt acknowledged; from the first request to the last receipt.
    pub messages_per_s: f64,
    /// Processor time of the server, user and system.
    pub cpu_us_per_message: f64,
    /// The same by the server's threads: web, lane, journal, history.
    pub stages_us_per_message: BTreeMap<&'static str, f64>,
    /// Processor time of the load generator, and of the simulated carriers with the settlement.
    pub generator_us_per_message: f64,
    pub carrier_us_per_message: f64,
    pub rss_mib_max: f64,
    pub seconds: f64,
    /// From acceptance to the arrival at the carrier, in whole milliseconds.
    pub to_carrier_ms: Percentiles,
    /// From acceptance to the acknowledged receipt, in whole milliseconds.
    pub to_final_ms: Percentiles,
    /// Events that the webhook had brought at the end of the run, where there is one.
    pub webhook_events: Option<u64>,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: LoadReport,
}

/// More than any run reaches, so that only the windows bound it.
const UNLIMITED_RATE: u32 = 100_000;
const BIND_PATIENCE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn throughput(options: &ThroughputOptions) -> Result<ThroughputReport, RunError> {
    // A connection's rate is bounded by the catalog; two share the sessions so that it is no limit.
    let connections = options.sessions.clamp(1, 2);
    let contract = Contract {
        rate_per_second: UNLIMITED_RATE,
        window: options.window,
        sessions: options.sessions / connections,
    };
    let behaviour = Behaviour {
        receipt_ms: Range {
            min: options.receipt_ms,
            max: options.receipt_ms,
        },
        ..Behaviour::default()
    };
    let carriers = ["carrier-a", "carrier-b"]
        .into_iter()
        .take(connections as usize)
        .map(|name| CarrierPlan {
            name,
            protocol: options.protocol,
            contract,
            behaviour: behaviour.clone(),
            listening: true,
        })
        .collect();
    let receiver = match options.features {
        true => Some(Receiver::start().await.map_err(RunError::File)?),
        false => None,
    };
    let system = System::start(SystemPlan {
        features: receiver.as_ref().map(|receiver| receiver.address),
        environment: vec![(
            "CARILLON_JOURNAL_ADDED_SYNC_US",
            options.added_sync.as_micros().to_string(),
        )],
        look_ahead: options.look_ahead,
        ..SystemPlan::new(carriers, 1, &options.place)
    })
    .await?;
    let sessions = u64::from(contract.sessions * connections);
    system.bound(sessions, BIND_PATIENCE).await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let mut load_options = system.load_options("throughput");
    load_options.single = options.single;
    load_options.lines_per_request = options.lines_per_request;
    load_options.connections = options.connections;
    load_options.rate = options.rate;
    load_options.stop_after = Some(Duration::from_secs(options.seconds));
    load_options.limit = Some(system.open_limit(options.open_max));
    load_options.progress_bar = true;
    let strategy = options.features.then_some(STRATEGY);
    let mut source = PatternSource::with_strategy(0, u64::MAX, 0, options.lines_per_request, strategy);
    let stages_before = system.server.pid().map(cpu_by_stage).unwrap_or_default();
    let (before, process_before, own_before) = (system.usage()?, process_cpu(), thread_cpu());
    let start = Instant::now();
    let load = load::run(&load_options, &mut source, &mut system.settlement.clone()).await?;
    system.wait_closed(load.accepted, PATIENCE).await;
    let seconds = start.elapsed().as_secs_f64();
    let after = system.usage()?;
    let stages = system.server.pid().map(cpu_by_stage).unwrap_or_default();
    let own = thread_cpu() - own_before;
    let carriers = (process_cpu() - process_before).saturating_sub(own);
    let settled = system.settle(PATIENCE).await?;
    let (to_carrier, to_final) = settled.latencies();
    let judgement = settled.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    let per_message = |cpu: Duration| cpu.as_secs_f64() * 1e6 / load.accepted.max(1) as f64;
    let stages_us_per_message = stages
        .into_iter()
        .map(|(stage, cpu)| {
            (
                stage,
                per_message(cpu.saturating_sub(stages_before.get(stage).copied().unwrap_or_default())),
            )
        })
        .collect();
    Ok(ThroughputReport {
        stages_us_per_message,
        messages_per_s: load.accepted as f64 / seconds,
        cpu_us_per_message: per_message(after.cpu - before.cpu),
        generator_us_per_message: per_message(own),
        carrier_us_per_message: per_message(carriers),
        rss_mib_max: after.rss_mib_max,
        seconds,
        to_carrier_ms: to_carrier.percentiles(),
        to_final_ms: to_final.percentiles(),
        outcome: Outcome::new(judgement, surroundings),
        webhook_events: receiver.map(|receiver| receiver.events.load(Ordering::Relaxed)),
        load,
    })
}
