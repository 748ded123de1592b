use super::super::failover::{FailoverOptions, failover};
use super::super::latency::{LatencyOptions, latency};
use super::super::memory::{MemoryOptions, memory};
use super::super::mixed::{MixedOptions, mixed};
use super::super::outcome::{Outcome, RunError};
use super::super::place::Place;
use super::super::recovery::{RecoveryOptions, recovery};
use super::super::search::{SearchOptions, search};
use super::super::throughput::{ThroughputOptions, throughput};
use super::super::walls::{WallsOptions, walls};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// A benchmark in the form that takes seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Short {
    Batch,
    Http,
    Latency,
    Mixed,
    Failover,
    Memory,
    Recovery,
    Search,
    Walls,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Ran {
    pub report: Value,
    /// Broken promises and the missed floor; a figure that is not as good as it should be is none.
    pub complaints: Vec<String>,
}

/// PERF-1.
const FLOOR: f64 = 12_000.0;
const SECONDS: u64 = 10;
const SINGLE_CONNECTIONS: usize = 64;
const RATE: f64 = 12_000.0;
const WAITING: u64 = 500_000;
const IN_JOURNAL: u64 = 300_000;
const KILLS: u32 = 2;
const IN_HISTORY: u64 = 5_000_000;
const QUESTIONS: usize = 300;
const SEED: u64 = 1;
const WALLS: usize = 200;
const SILENCE: Duration = Duration::from_secs(10);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(15);

impl Short {
    pub const ALL: [Short; 9] = [
        Short::Batch,
        Short::Http,
        Short::Latency,
        Short::Mixed,
        Short::Failover,
        Short::Memory,
        Short::Recovery,
        Short::Search,
        Short::Walls,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Short::Batch => "batch",
            Short::Http => "http",
            Short::Latency => "latency",
            Short::Mixed => "mixed",
            Short::Failover => "failover",
            Short::Memory => "memory",
            Short::Recovery => "recovery",
            Short::Search => "search",
            Short::Walls => "walls",
        }
    }

    pub async fn run(self, place: &Place) -> Result<Ran, RunError> {
        let place = place.clone();
        match self {
            Short::Batch => {
                let report = throughput(&ThroughputOptions {
                    seconds: SECONDS,
                    place,
                    ..ThroughputOptions::default()
                })
                .await?;
                let mut complaints = of_outcome(&report.outcome);
                if report.messages_per_s < FLOOR {
                    complaints.push(format!("below the floor of {FLOOR} messages per second"));
                }
                ran(&report, complaints)
            }
            Short::Http => {
                let report = throughput(&ThroughputOptions {
                    seconds: SECONDS,
                    single: true,
                    connections: SINGLE_CONNECTIONS,
                    place,
                    ..ThroughputOptions::default()
                })
                .await?;
                ran(&report, of_outcome(&report.outcome))
            }
            Short::Latency => {
                let report = latency(&LatencyOptions {
                    rate: RATE,
                    seconds: SECONDS,
                    connections: SINGLE_CONNECTIONS,
                    receipt_ms: 0,
                    place,
                })
                .await?;
                ran(&report, of_outcome(&report.outcome))
            }
            Short::Mixed => {
                let report = mixed(&MixedOptions {
                    organisations: 20,
                    backlog: 200_000,
                    rate_per_second: 40_000,
                    window_s: 4,
                    seconds: 3,
                    singles_per_s: 10.0,
                    codes_per_s: 50.0,
                    place,
                })
                .await?;
                ran(&report, owned(report.complaints()))
            }
            Short::Failover => {
                let report = failover(&FailoverOptions {
                    rate: 5_000.0,
                    cut_only: true,
                    silence: SILENCE,
                    response_timeout: RESPONSE_TIMEOUT,
                    place,
                })
                .await?;
                ran(&report, owned(report.complaints(None)))
            }
            Short::Memory => {
                let report = memory(&MemoryOptions {
                    messages: WAITING,
                    connections: ThroughputOptions::default().connections,
                    drain: true,
                    place,
                })
                .await?;
                ran(&report, report.complaints())
            }
            Short::Recovery => {
                let report = recovery(&RecoveryOptions {
                    messages: IN_JOURNAL,
                    kills: KILLS,
                    place,
                })
                .await?;
                ran(&report, report.complaints())
            }
            Short::Search => {
                let report = search(&SearchOptions {
                    messages: IN_HISTORY,
                    questions: QUESTIONS,
                    seed: SEED,
                    place,
                })?;
                ran(&report, report.complaints())
            }
            Short::Walls => {
                let report = walls(&WallsOptions {
                    walls: WALLS,
                    rate: RATE,
                    seconds: SECONDS,
                    place,
                })
                .await?;
                let mut complaints = of_outcome(&report.outcome);
                if report.walls_lost > 0 {
                    complaints.push(format!("{} screens were lost", report.walls_lost));
                }
                ran(&report, complaints)
            }
        }
    }
}

fn ran(report: &impl Serialize, complaints: Vec<String>) -> Result<Ran, RunError> {
    Ok(Ran {
        report: serde_json::to_value(report).map_err(|error| RunError::File(error.into()))?,
        complaints,
    })
}

fn owned(complaints: Vec<&str>) -> Vec<String> {
    complaints.into_iter().map(str::to_owned).collect()
}

fn of_outcome(outcome: &Outcome) -> Vec<String> {
    match outcome.clean && outcome.judgement.ended_unsent == 0 {
        true => Vec::new(),
        false => vec![outcome.judgement.to_string()],
    }
}
