//! What an organisation with a long backlog leaves to another one that sends single messages (FAIR-1).

use super::apply::OTHER_API_KEY;
use super::measure::Surroundings;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::judge::{RecordsReader, Tolerance};
use crate::ledger::Contract;
use crate::load::{self, LoadOptions, LoadReport, PatternSource, Percentiles};
use crate::sim::{Behaviour, ProtocolName};
use serde::Serialize;
use std::ops::Range;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct FairnessOptions {
    /// Messages of the first organisation that wait.
    pub backlog: u64,
    /// Single messages of the second one: per second, and for how long.
    pub singles_per_s: f64,
    pub seconds: u64,
    /// Segments per second that the carrier takes.
    pub carrier_rate: u32,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct FairnessReport {
    /// From acceptance to the first byte at the carrier, in ms: single messages while nobody else sends …
    pub alone_ms: Percentiles,
    /// … and beside the backlog.
    pub beside_ms: Percentiles,
    /// Of the single messages beside the backlog.
    pub beside_accepted_per_s: f64,
    /// What waited when the single messages began, and when they ended.
    pub backlog_first: u64,
    pub backlog_last: u64,
    pub rss_mib_max: f64,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub backlog_load: LoadReport,
    pub alone_load: LoadReport,
    pub beside_load: LoadReport,
}

const CARRIER: &str = "carrier";
const SESSIONS: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(60);
const SINGLE_CONNECTIONS: usize = 16;
const BATCH_CONNECTIONS: usize = 4;

pub async fn fairness(options: &FairnessOptions) -> Result<FairnessReport, RunError> {
    let carrier = CarrierPlan {
        name: CARRIER,
        protocol: ProtocolName::Cmpp20,
        contract: Contract {
            rate_per_second: options.carrier_rate,
            window: 128,
            sessions: SESSIONS,
        },
        behaviour: Behaviour::default(),
        listening: true,
    };
    let system = System::start(SystemPlan::new(vec![carrier], 1, &options.place)).await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    system.bound(SESSIONS.into(), PATIENCE).await?;
    let singles = (options.singles_per_s * options.seconds as f64).ceil() as u64;
    let alone = 0..singles;
    let waiting = alone.end..alone.end + options.backlog;
    let beside = waiting.end..waiting.end + singles;
    let alone_load = send_singles(&system, options, "alone", &alone).await?;
    let backlog_load = send_backlog(&system, &waiting).await?;
    let written = |sent: u64| sent.saturating_sub(system.segments());
    let backlog_first = written(alone.end + options.backlog);
    let beside_load = send_singles(&system, options, "beside", &beside).await?;
    let backlog_last = written(beside.end);
    system.wait_closed(beside.end, PATIENCE).await;
    let usage = system.usage()?;
    // The carrier has the acknowledgement of every receipt, so the second organisation's feed has every end.
    system.settlement.0.lock().index();
    let mut others = RecordsReader::new(system.server.address(), OTHER_API_KEY);
    others.catch_up(&system.settlement).await?;
    let latencies = |markers| {
        system
            .settlement
            .0
            .lock()
            .arrival_latencies(markers)
            .percentiles()
    };
    let (alone_ms, beside_ms) = (latencies(alone), latencies(beside));
    let judgement = system.settle(PATIENCE).await?.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    Ok(FairnessReport {
        alone_ms,
        beside_ms,
        beside_accepted_per_s: beside_load.accepted_per_s,
        backlog_first,
        backlog_last,
        rss_mib_max: usage.rss_mib_max,
        outcome: Outcome::new(judgement, surroundings),
        backlog_load,
        alone_load,
        beside_load,
    })
}

/// The second organisation's messages, one a request.
async fn send_singles(
    system: &System,
    options: &FairnessOptions,
    run: &str,
    markers: &Range<u64>,
) -> Result<LoadReport, RunError> {
    let load_options = LoadOptions {
        single: true,
        connections: SINGLE_CONNECTIONS,
        rate: Some(options.singles_per_s),
        ..LoadOptions::new(system.server.address(), OTHER_API_KEY, run)
    };
    let mut source = PatternSource::new(markers.start, markers.end, 0, 1);
    Ok(load::run(&load_options, &mut source, &mut system.settlement.clone()).await?)
}

async fn send_backlog(system: &System, markers: &Range<u64>) -> Result<LoadReport, RunError> {
    let load_options = LoadOptions {
        connections: BATCH_CONNECTIONS,
        progress_bar: true,
        ..system.load_options("backlog")
    };
    let mut source = PatternSource::new(markers.start, markers.end, 0, load_options.lines_per_request);
    Ok(load::run(&load_options, &mut source, &mut system.settlement.clone()).await?)
}
