//! How long one message takes at a steady rate, counted from when it was due: a request that could not be sent in time because
//! others were slow is slow as well.

use super::measure::{Surroundings, Usage};
use super::outcome::{Outcome, RunError};
use super::sync_probe::SyncProbe;
use super::system::{CarrierPlan, System, SystemError, SystemPlan};
use crate::judge::{Times, Tolerance};
use crate::ledger::Contract;
use crate::load::{
    self, Acknowledgement, AcknowledgementError, AcknowledgementSink, Latencies, LoadReport, PatternSource,
    Percentiles,
};
use crate::sim::{Behaviour, ProtocolName, Range};
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug)]
pub struct LatencyOptions {
    /// Messages per second, each a request.
    pub rate: f64,
    pub seconds: u64,
    /// Requests open at the same time.
    pub connections: usize,
    /// From response to receipt.
    pub receipt_ms: u64,
    pub program: Option<PathBuf>,
    pub folder: Option<PathBuf>,
    pub keep: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct LatencyReport {
    pub messages_per_s: f64,
    pub cpu_us_per_message: f64,
    pub rss_mib_max: f64,
    /// From when the request was due to its answer.
    pub to_answer_ms: Percentiles,
    /// To the arrival of the first segment at the carrier.
    pub to_carrier_ms: Percentiles,
    /// To the last acknowledged receipt.
    pub to_receipt_ms: Percentiles,
    /// `fdatasync` of 4 KiB in the run's folder while the load ran.
    pub sync_beside_ms: Percentiles,
    /// The p99 to the carrier in p99s of that.
    pub syncs_to_carrier: f64,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: LoadReport,
}

/// Nothing is written to a carrier in the first second after a start (RATE-1 over a restart); that is not measured here.
const QUIET: Duration = Duration::from_millis(1_500);
const BIND_PATIENCE_S: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(30);
const CONTRACT: Contract = Contract {
    rate_per_second: 100_000,
    window: 128,
    sessions: 2,
};

pub async fn latency(options: &LatencyOptions) -> Result<LatencyReport, RunError> {
    let behaviour = Behaviour {
        receipt_ms: Range {
            min: options.receipt_ms,
            max: options.receipt_ms,
        },
        ..Behaviour::default()
    };
    let carriers = ["carrier-a", "carrier-b"].map(|name| CarrierPlan {
        name,
        protocol: ProtocolName::Cmpp20,
        contract: CONTRACT,
        behaviour: behaviour.clone(),
        listening: true,
    });
    let sessions = u64::from(CONTRACT.sessions) * carriers.len() as u64;
    let system = System::start(SystemPlan {
        carriers: carriers.to_vec(),
        seed: 1,
        unknown: Vec::new(),
        features: None,
        first_marker: 0,
        program: options.program.clone(),
        folder: options.folder.clone(),
        keep: options.keep,
    })
    .await?;
    if !system
        .wait_bound(sessions, Duration::from_secs(BIND_PATIENCE_S))
        .await
    {
        return Err(RunError::NotBound(BIND_PATIENCE_S));
    }
    tokio::time::sleep(QUIET).await;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let usage = || system.server.pid().and_then(Usage::of).ok_or(SystemError::Usage);
    system.settlement.0.lock().keep_times();
    let mut load_options = system.load_options("latency");
    load_options.single = true;
    load_options.connections = options.connections;
    load_options.rate = Some(options.rate);
    load_options.stop_after = Some(Duration::from_secs(options.seconds));
    load_options.progress_bar = true;
    let before = usage()?;
    let probe = SyncProbe::start(system.folder()).map_err(RunError::Measure)?;
    let mut answers = Answers {
        schedule: Schedule {
            start_us: now_us(),
            rate: options.rate,
        },
        latencies: Latencies::default(),
        next: system.settlement.clone(),
    };
    let mut source = PatternSource::new(0, u64::MAX, 0, 1);
    let load = load::run(&load_options, &mut source, &mut answers).await?;
    let sync_beside_ms = probe.end().map_err(RunError::Measure)?;
    system.wait_closed(load.accepted, PATIENCE).await;
    let after = usage()?;
    let schedule = answers.schedule;
    let settled = system.settle(PATIENCE).await?;
    let (to_carrier, to_receipt) = settled.times(|start_us, times| schedule.latencies(start_us, times));
    let judgement = settled.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    let to_carrier_ms = to_carrier.percentiles();
    Ok(LatencyReport {
        messages_per_s: load.accepted_per_s,
        cpu_us_per_message: (after.cpu - before.cpu).as_secs_f64() * 1e6 / load.accepted.max(1) as f64,
        rss_mib_max: after.rss_mib_max,
        to_answer_ms: answers.latencies.percentiles(),
        to_carrier_ms,
        to_receipt_ms: to_receipt.percentiles(),
        syncs_to_carrier: to_carrier_ms.p99 / sync_beside_ms.p99.max(f64::MIN_POSITIVE),
        sync_beside_ms,
        outcome: Outcome::new(judgement, surroundings),
        load,
    })
}

/// When each message is due, by its marker.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    /// µs since the Unix epoch.
    start_us: u64,
    rate: f64,
}

impl Schedule {
    fn due_us(&self, marker: u64) -> u64 {
        self.start_us + (marker as f64 * 1e6 / self.rate) as u64
    }

    /// To the arrival and to the receipt; `times` count from `since_us`.
    fn latencies(&self, since_us: u64, times: &[Times]) -> (Latencies, Latencies) {
        let (mut arrival, mut receipt) = (Latencies::default(), Latencies::default());
        for (marker, times) in (0..).zip(times) {
            let due_us = self.due_us(marker);
            for (latencies, at_us) in [
                (&mut arrival, times.arrived_us),
                (&mut receipt, times.receipted_us),
            ] {
                if at_us > 0 {
                    latencies.count_us((since_us + u64::from(at_us)).saturating_sub(due_us));
                }
            }
        }
        (arrival, receipt)
    }
}

/// Counts what answers took, and passes them on.
struct Answers<S> {
    schedule: Schedule,
    latencies: Latencies,
    next: S,
}

impl<S: AcknowledgementSink> AcknowledgementSink for Answers<S> {
    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), AcknowledgementError> {
        if let Some(marker) = acknowledgement.marker {
            let due_us = self.schedule.due_us(marker);
            self.latencies.count_us(now_us().saturating_sub(due_us));
        }
        self.next.acknowledge(acknowledgement)
    }

    fn flush(&mut self) -> Result<(), AcknowledgementError> {
        self.next.flush()
    }
}

fn now_us() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.unwrap_or_default().as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_late_is_counted_from_when_it_was_due() {
        let schedule = Schedule {
            start_us: 5_000_000,
            rate: 1_000.0,
        };
        let times = |arrived_us, receipted_us| Times {
            arrived_us,
            receipted_us,
        };
        // Due at 0, 1 and 2 ms after the schedule's start, which is a second after the settlement's.
        let seen = [times(1_000_500, 1_001_000), times(1_009_000, 0), times(0, 0)];
        let (arrival, receipt) = schedule.latencies(4_000_000, &seen);
        assert_eq!(arrival.percentiles().count, 2);
        assert_eq!(arrival.percentiles().p50, 0.5);
        assert!((arrival.percentiles().max - 8.0).abs() < 0.01);
        assert_eq!((receipt.percentiles().count, receipt.percentiles().max), (1, 1.0));
    }
}
