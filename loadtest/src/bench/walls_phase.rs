//! What runs with screens measure: one carrier without limits, a steady load, and what the server takes for it.

use super::measure::cpu_by_stage;
use super::outcome::RunError;
use super::place::Place;
use super::system::{CarrierPlan, System, SystemError, SystemPlan};
use crate::ledger::Contract;
use crate::load::{self, LoadReport, PatternSource};
use crate::sim::{Behaviour, ProtocolName};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const SESSIONS: u32 = 4;
const WINDOW: u32 = 128;
const BIND_PATIENCE: Duration = Duration::from_secs(20);
const OPEN_MAX: u64 = 50_000;
/// More than any run reaches.
const UNLIMITED_RATE: u32 = 100_000;

/// A server that is bound to its one carrier.
pub async fn start(place: &Place) -> Result<System, RunError> {
    let contract = Contract {
        rate_per_second: UNLIMITED_RATE,
        window: WINDOW,
        sessions: SESSIONS,
    };
    let system = System::start(SystemPlan::new(
        vec![CarrierPlan {
            name: "carrier-a",
            protocol: ProtocolName::Cmpp20,
            contract,
            behaviour: Behaviour::default(),
            listening: true,
        }],
        1,
        place,
    ))
    .await?;
    system.bound(SESSIONS.into(), BIND_PATIENCE).await?;
    Ok(system)
}

/// A while of steady load.
pub struct Phase {
    /// Of the server, in per cent of one core.
    pub cpu_percent: f64,
    /// The same by the server's threads.
    pub stages_percent: BTreeMap<&'static str, f64>,
    pub load: LoadReport,
}

/// `rate` messages per second, `seconds` long.
pub async fn phase(
    system: &System,
    rate: f64,
    seconds: u64,
    name: &str,
    source: &mut PatternSource,
) -> Result<Phase, RunError> {
    let mut load_options = system.load_options(name);
    load_options.rate = Some(rate);
    load_options.stop_after = Some(Duration::from_secs(seconds));
    load_options.limit = Some(system.open_limit(OPEN_MAX));
    let pid = system.server.pid().ok_or(SystemError::Usage)?;
    let (before, stages_before, start) = (system.usage()?, cpu_by_stage(pid), Instant::now());
    let load = load::run(&load_options, source, &mut system.settlement.clone()).await?;
    let seconds = start.elapsed().as_secs_f64();
    let percent = |cpu: Duration| cpu.as_secs_f64() * 100.0 / seconds;
    let stages = cpu_by_stage(pid).into_iter().map(|(stage, cpu)| {
        let before = stages_before.get(stage).copied().unwrap_or_default();
        (stage, percent(cpu.saturating_sub(before)))
    });
    Ok(Phase {
        cpu_percent: percent(system.usage()?.cpu - before.cpu),
        stages_percent: stages.collect(),
        load,
    })
}
