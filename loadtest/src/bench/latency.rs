//! How long one message takes at a steady rate. A request that could not be sent when it was due because others were slow is
//! slow as well.

use super::measure::Surroundings;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::sync_probe::SyncProbe;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::judge::{Times, Tolerance};
use crate::ledger::Contract;
use crate::load::{
    self, Acknowledgement, AcknowledgementError, AcknowledgementSink, Latencies, LineKey, LoadReport,
    PatternSource, Percentiles,
};
use crate::sim::{Behaviour, ProtocolName, Range};
use serde::Serialize;
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
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct LatencyReport {
    pub messages_per_s: f64,
    pub cpu_us_per_message: f64,
    pub rss_mib_max: f64,
    /// Of the way to the carrier.
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// From when the request was sent, or should have been, to its answer.
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
const BIND_PATIENCE: Duration = Duration::from_secs(20);
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
    let system = System::start(SystemPlan::new(carriers.to_vec(), 1, &options.place)).await?;
    system.bound(sessions, BIND_PATIENCE).await?;
    tokio::time::sleep(QUIET).await;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    system.settlement.0.lock().keep_times();
    let mut load_options = system.load_options("latency");
    load_options.single = true;
    load_options.connections = options.connections;
    load_options.rate = Some(options.rate);
    load_options.stop_after = Some(Duration::from_secs(options.seconds));
    load_options.progress_bar = true;
    let before = system.usage()?;
    let probe = SyncProbe::start(system.folder()).map_err(RunError::Measure)?;
    let mut answers = Answers {
        begun_us: Vec::new(),
        latencies: Latencies::default(),
        next: system.settlement.clone(),
    };
    let mut source = PatternSource::new(0, u64::MAX, 0, 1);
    let load = load::run(&load_options, &mut source, &mut answers).await?;
    let sync_beside_ms = probe.end().map_err(RunError::Measure)?;
    system.wait_closed(load.accepted, PATIENCE).await;
    let after = system.usage()?;
    let settled = system.settle(PATIENCE).await?;
    let (to_carrier, to_receipt) = settled.times(|since_us, times| answers.later(since_us, times));
    let judgement = settled.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    let to_carrier_ms = to_carrier.percentiles();
    Ok(LatencyReport {
        messages_per_s: load.accepted_per_s,
        cpu_us_per_message: (after.cpu - before.cpu).as_secs_f64() * 1e6 / load.accepted.max(1) as f64,
        rss_mib_max: after.rss_mib_max,
        p50_ms: to_carrier_ms.p50,
        p99_ms: to_carrier_ms.p99,
        to_answer_ms: answers.latencies.percentiles(),
        to_carrier_ms,
        to_receipt_ms: to_receipt.percentiles(),
        syncs_to_carrier: to_carrier_ms.p99 / sync_beside_ms.p99.max(f64::MIN_POSITIVE),
        sync_beside_ms,
        outcome: Outcome::new(judgement, surroundings),
        load,
    })
}

/// Counts what answers took, and passes them on.
struct Answers<S> {
    /// When each message began, by its marker; µs since the Unix epoch, 0 for not yet.
    begun_us: Vec<u64>,
    latencies: Latencies,
    next: S,
}

impl<S> Answers<S> {
    /// To the arrival and to the receipt; `times` count from `since_us`.
    fn later(&self, since_us: u64, times: &[Times]) -> (Latencies, Latencies) {
        let (mut arrival, mut receipt) = (Latencies::default(), Latencies::default());
        for (begun_us, times) in self.begun_us.iter().zip(times) {
            for (latencies, at_us) in [
                (&mut arrival, times.arrived_us),
                (&mut receipt, times.receipted_us),
            ] {
                if at_us > 0 {
                    latencies.count_us((since_us + u64::from(at_us)).saturating_sub(*begun_us));
                }
            }
        }
        (arrival, receipt)
    }
}

impl<S: AcknowledgementSink> AcknowledgementSink for Answers<S> {
    fn begun(&mut self, lines: &[LineKey], at: SystemTime) {
        for marker in lines.iter().filter_map(|line| line.marker) {
            let place = marker as usize;
            if place >= self.begun_us.len() {
                self.begun_us.resize(place + 1, 0);
            }
            self.begun_us[place] = us(at);
        }
        self.next.begun(lines, at);
    }

    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), AcknowledgementError> {
        let begun_us = acknowledgement
            .marker
            .and_then(|marker| self.begun_us.get(marker as usize));
        if let Some(begun_us) = begun_us {
            self.latencies
                .count_us(us(SystemTime::now()).saturating_sub(*begun_us));
        }
        self.next.acknowledge(acknowledgement)
    }

    fn flush(&mut self) -> Result<(), AcknowledgementError> {
        self.next.flush()
    }
}

fn us(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Discard, phone_of};

    #[test]
    fn each_message_is_counted_from_its_own_begin() {
        let mut answers = Answers {
            begun_us: Vec::new(),
            latencies: Latencies::default(),
            next: Discard,
        };
        // At 0, 1 and 2 ms after a moment that is a second after the settlement's start.
        for marker in 0..3 {
            let line = LineKey {
                line: marker + 1,
                marker: Some(marker),
                phone: phone_of(marker),
            };
            answers.begun(
                &[line],
                UNIX_EPOCH + Duration::from_micros(5_000_000 + marker * 1_000),
            );
        }
        let times = |arrived_us, receipted_us| Times {
            arrived_us,
            receipted_us,
        };
        let seen = [times(1_000_500, 1_001_000), times(1_009_000, 0), times(0, 0)];
        let (arrival, receipt) = answers.later(4_000_000, &seen);
        let (arrival, receipt) = (arrival.percentiles(), receipt.percentiles());
        assert_eq!((arrival.count, arrival.p50), (2, 0.5));
        assert!((arrival.max - 8.0).abs() < 0.01, "{arrival:?}");
        assert_eq!((receipt.count, receipt.max), (1, 1.0));
    }
}
