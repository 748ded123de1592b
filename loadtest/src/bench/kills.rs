//! The server is killed while it works, again and again, and nothing may be lost or doubled (MSG-1, DUP-1, IDEM-1, UNC-1).

use super::measure::Surroundings;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::judge::Tolerance;
use crate::ledger::Contract;
use crate::load::{self, LoadReport, PatternSource};
use crate::sim::{Behaviour, ProtocolName, Range, WeightedStatus};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct KillsOptions {
    pub times: u32,
    pub seed: u64,
    /// Messages per second while the server lives.
    pub rate: f64,
    /// The server lives this long at most between two kills.
    pub alive_ms_max: u64,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct KillsReport {
    pub seed: u64,
    pub kills: u32,
    /// From the start of the process to its readiness.
    pub restart_ms_max: u64,
    /// UNC-1: windows of all sessions, once per kill.
    pub uncertain_allowed: u64,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: LoadReport,
}

const ALIVE_MS_MIN: u64 = 200;
const DOWN_MS_MAX: u64 = 500;
const OPEN_MAX: u64 = 100_000;
const PATIENCE: Duration = Duration::from_secs(60);
/// Every tenth message has two segments: they die together or not at all.
const LONG_EVERY: u64 = 10;

pub async fn kills(options: &KillsOptions) -> Result<KillsReport, RunError> {
    let mut random = SmallRng::seed_from_u64(options.seed);
    let carriers = carriers();
    let windows: u64 = carriers
        .iter()
        .map(|carrier| u64::from(carrier.contract.window * carrier.contract.sessions))
        .sum();
    let mut system = System::start(SystemPlan::new(carriers, options.seed, &options.place)).await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let mut load_options = system.load_options(&format!("kills-{}", options.seed));
    load_options.rate = Some(options.rate);
    load_options.lines_per_request = 200;
    load_options.limit = Some(system.open_limit(OPEN_MAX));
    let stop = std::sync::Arc::clone(&load_options.stop);
    let mut source = PatternSource::new(0, u64::MAX, LONG_EVERY, load_options.lines_per_request);
    let mut sink = system.settlement.clone();
    let killing = async {
        let mut restart_max = Duration::ZERO;
        for _ in 0..options.times {
            let alive = random.random_range(ALIVE_MS_MIN..=options.alive_ms_max.max(ALIVE_MS_MIN));
            tokio::time::sleep(Duration::from_millis(alive)).await;
            system.server.kill()?;
            let down = random.random_range(0..=DOWN_MS_MAX);
            tokio::time::sleep(Duration::from_millis(down)).await;
            restart_max = restart_max.max(system.server.start_again().await?);
        }
        stop.store(true, Ordering::Relaxed);
        Ok::<_, RunError>(restart_max)
    };
    let loading = async {
        load::run(&load_options, &mut source, &mut sink)
            .await
            .map_err(RunError::from)
    };
    let (restart_max, load) = futures_util::future::try_join(killing, loading).await?;
    let uncertain_allowed = windows * u64::from(options.times);
    let settled = system.settle(PATIENCE).await?;
    let tolerance = Tolerance {
        uncertain_max: Some(uncertain_allowed),
        ..Tolerance::default()
    };
    let judgement = settled.judge(tolerance);
    Ok(KillsReport {
        seed: options.seed,
        kills: options.times,
        restart_ms_max: restart_max.as_millis() as u64,
        uncertain_allowed,
        outcome: Outcome::new(judgement, surroundings),
        load,
    })
}

/// Two carriers with everything that makes matching hard: slow answers, receipts first, doubled, by other sessions.
fn carriers() -> Vec<CarrierPlan> {
    let status = |status: &str, weight| WeightedStatus {
        status: status.into(),
        error: "000".into(),
        weight,
    };
    let behaviour = Behaviour {
        response_ms: Range { min: 0, max: 5 },
        receipt_ms: Range { min: 0, max: 300 },
        receipts: vec![status("DELIVRD", 97), status("UNDELIV", 2), status("MA:0001", 1)],
        receipt_first_share: 0.1,
        doubled_share: 0.05,
        other_session_share: 0.2,
        ..Behaviour::default()
    };
    let plan = |name, protocol| CarrierPlan {
        name,
        protocol,
        contract: Contract {
            rate_per_second: 50_000,
            window: 64,
            sessions: 2,
        },
        behaviour: behaviour.clone(),
        listening: true,
    };
    vec![
        plan("carrier-a", ProtocolName::Cmpp20),
        plan("carrier-b", ProtocolName::Smpp34),
    ]
}
