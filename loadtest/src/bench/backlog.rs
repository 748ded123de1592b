//! A carrier that is down while messages come in, and what is left over when it is back.

use super::measure::Surroundings;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::judge::Tolerance;
use crate::ledger::Contract;
use crate::load::{self, LoadReport, PatternSource};
use crate::sim::{Behaviour, Order, ProtocolName};
use serde::Serialize;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct BacklogOptions {
    pub messages: u64,
    pub connections: usize,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct BacklogReport {
    pub accepted_per_s: f64,
    /// Of the server, before the first message and with all of them waiting.
    pub rss_mib_empty: f64,
    pub rss_mib: f64,
    pub bytes_per_message: f64,
    /// From the carrier's return to the last receipt.
    pub drain_seconds: f64,
    pub drained_per_s: f64,
    pub rss_mib_max: f64,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: LoadReport,
}

const CARRIER: &str = "carrier";
/// A connection that was refused for long waits before its next try.
const PATIENCE: Duration = Duration::from_secs(90);

pub async fn backlog(options: &BacklogOptions) -> Result<BacklogReport, RunError> {
    let carrier = CarrierPlan {
        name: CARRIER,
        protocol: ProtocolName::Cmpp20,
        contract: Contract {
            rate_per_second: 100_000,
            window: 128,
            sessions: 4,
        },
        behaviour: Behaviour::default(),
        listening: false,
    };
    let system = System::start(SystemPlan::new(vec![carrier], 1, &options.place)).await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let rss_mib_empty = system.usage()?.rss_mib;
    let mut load_options = system.load_options("backlog");
    load_options.connections = options.connections;
    load_options.progress_bar = true;
    let mut source = PatternSource::new(0, options.messages, 0, load_options.lines_per_request);
    let load = load::run(&load_options, &mut source, &mut system.settlement.clone()).await?;
    let rss_mib = system.usage()?.rss_mib;
    let back = Instant::now();
    system.host.orders().give(CARRIER, Order::Accept).await?;
    system.wait_closed(load.accepted, PATIENCE).await;
    let drain_seconds = back.elapsed().as_secs_f64();
    let rss_mib_max = system.usage()?.rss_mib_max;
    let settled = system.settle(PATIENCE).await?;
    let tolerance = Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    };
    let judgement = settled.judge(tolerance);
    let messages = load.accepted.max(1) as f64;
    Ok(BacklogReport {
        accepted_per_s: load.accepted_per_s,
        rss_mib_empty,
        rss_mib,
        bytes_per_message: (rss_mib - rss_mib_empty) * 1_048_576.0 / messages,
        drain_seconds,
        drained_per_s: load.accepted as f64 / drain_seconds,
        rss_mib_max,
        outcome: Outcome::new(judgement, surroundings),
        load,
    })
}
