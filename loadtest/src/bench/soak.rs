//! An hour's share of a day's messages in minutes, at a steady rate and with small retention: what grows that should not.

use super::apply::API_KEY;
use super::measure::Surroundings;
use super::metrics::Metrics;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::samples::{Sample, Sampler, slope, unstored_mib};
use super::system::{CarrierPlan, System, SystemError, SystemPlan};
use crate::judge::{RecordsReader, Tolerance};
use crate::ledger::Contract;
use crate::load::{self, LoadReport, PatternSource, Percentiles};
use crate::sim::{Behaviour, ProtocolName, Range};
use carillon_api::ReceiptEvent;
use futures_util::future::try_join;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct SoakOptions {
    /// Of which an hour's share is sent.
    pub messages_per_day: u64,
    pub seconds: u64,
    pub lines_per_request: usize,
    pub place: Place,
}

/// A third of the run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Third {
    /// The mean.
    pub rss_mib: f64,
    /// The most.
    pub descriptors: u64,
    pub journal_files: u64,
    pub journal_bytes: u64,
    pub history_files: u64,
    pub history_bytes: u64,
    /// From acceptance to the carrier.
    pub p50_ms: f64,
    pub p99_ms: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct SoakReport {
    pub messages_per_s: f64,
    pub cpu_us_per_message: f64,
    pub rss_mib_max: f64,
    /// Over the second half of the run, as a straight line fits best.
    pub rss_mib_per_minute: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub first_third: Third,
    pub last_third: Third,
    /// Written to the journal in all, and the most that retention allows to lie there.
    pub journal_bytes_written: u64,
    pub journal_bytes_allowed: u64,
    /// What the history grew by, per message.
    pub history_bytes_per_message: f64,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: LoadReport,
}

const SESSIONS: u32 = 2;
/// Every second message has two segments.
const LONG_EVERY: u64 = 2;
const HOURS_PER_DAY: u64 = 24;
const MIB: u64 = 1 << 20;
/// Small, so that space is returned within the run.
const VOLUME_BYTES: u64 = MIB;
const CHECKPOINT_BYTES: u64 = 4 * MIB;
const KEEP_BYTES: u64 = 64 * MIB;
/// Volumes that are written, prepared, or wait for the history.
const VOLUMES_BESIDE: u64 = 12;
/// What is kept for feeds, what came since the last checkpoint and while the next one is taken, and some volumes and checkpoints.
const JOURNAL_BYTES_ALLOWED: u64 = KEEP_BYTES + 2 * CHECKPOINT_BYTES + VOLUMES_BESIDE * VOLUME_BYTES;
const EVERY: Duration = Duration::from_millis(500);
const FEED_EVERY: Duration = Duration::from_millis(200);
const BIND_PATIENCE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing is written to a carrier in the first second after a start (RATE-1 over a restart); that is not measured here.
const QUIET: Duration = Duration::from_millis(1_500);
/// What the last third may take more than the first: caches fill, and idempotency keys are remembered for a day (IDEM-1).
const RSS_MIB_MORE: f64 = 24.0;
const RSS_TIMES: f64 = 1.15;
const DESCRIPTORS_MORE: u64 = 8;
const P99_TIMES: f64 = 2.0;
const P99_MS_MORE: f64 = 50.0;

pub async fn soak(options: &SoakOptions) -> Result<SoakReport, RunError> {
    let messages = options.messages_per_day / HOURS_PER_DAY;
    let rate = messages as f64 / options.seconds.max(1) as f64;
    let system = System::start(SystemPlan {
        environment: settings(),
        ..SystemPlan::new(vec![carrier()], 1, &options.place)
    })
    .await?;
    system.bound(SESSIONS.into(), BIND_PATIENCE).await?;
    tokio::time::sleep(QUIET).await;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let mut load_options = system.load_options("soak");
    load_options.rate = Some(rate);
    load_options.lines_per_request = options.lines_per_request;
    load_options.progress_bar = true;
    let mut source = PatternSource::new(0, messages, LONG_EVERY, options.lines_per_request);
    let before = system.usage()?;
    let pid = system.server.pid().ok_or(SystemError::Usage)?;
    let sampler = Sampler::start(pid, system.server.data(), EVERY).map_err(RunError::Measure)?;
    let over = AtomicBool::new(false);
    let loading = async {
        let mut sink = system.settlement.clone();
        let load = load::run(&load_options, &mut source, &mut sink).await?;
        let segments = load.accepted + load.accepted / LONG_EVERY;
        system.wait_closed(segments, PATIENCE).await;
        over.store(true, Ordering::Relaxed);
        Ok::<_, RunError>(load)
    };
    // Events are gone after a while, as they are for any caller that does not read them.
    let mut records = RecordsReader::new(system.server.address(), API_KEY);
    let (load, events) = try_join(loading, follow(&mut records, &over)).await?;
    let samples = sampler.end();
    let after = system.usage()?;
    let metrics = Metrics::read(system.server.address()).await?;
    let journal_bytes_written = metrics.figure("carillon_journal_bytes_total")?;
    let thirds = {
        let mut settlement = system.settlement.0.lock();
        settlement.index();
        settlement.told_ends(&events);
        let part = messages / 3;
        [0..part, messages - part..messages]
            .map(|markers| settlement.arrival_latencies(markers).percentiles())
    };
    let settled = system.settle_by(records, PATIENCE).await?;
    let latencies = settled.latencies().0.percentiles();
    let judgement = settled.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    let part = samples.len() / 3;
    let second_half = samples.iter().skip(samples.len() / 2);
    let grown = |bytes: fn(&Sample) -> u64| {
        let (first, last) = (samples.first().map_or(0, bytes), samples.last().map_or(0, bytes));
        last.saturating_sub(first) as f64
    };
    Ok(SoakReport {
        messages_per_s: load.accepted_per_s,
        cpu_us_per_message: (after.cpu - before.cpu).as_secs_f64() * 1e6 / load.accepted.max(1) as f64,
        rss_mib_max: after.rss_mib_max,
        rss_mib_per_minute: slope(second_half.map(|sample| (sample.at, sample.rss_mib))) * 60.0,
        p50_ms: latencies.p50,
        p99_ms: latencies.p99,
        first_third: third(&samples[..part], thirds[0]),
        last_third: third(&samples[samples.len() - part..], thirds[1]),
        journal_bytes_written,
        journal_bytes_allowed: JOURNAL_BYTES_ALLOWED,
        history_bytes_per_message: grown(|sample| sample.history.bytes) / load.accepted.max(1) as f64,
        outcome: Outcome::new(judgement, surroundings),
        load,
    })
}

impl SoakReport {
    /// What grew that should not have, and what else is not as it should be.
    pub fn complaints(&self) -> Vec<&'static str> {
        let (first, last) = (&self.first_third, &self.last_third);
        let checks = [
            (
                self.outcome.clean && self.outcome.judgement.ended_unsent == 0,
                "messages were lost, doubled or never sent",
            ),
            (
                last.rss_mib <= first.rss_mib * RSS_TIMES + RSS_MIB_MORE + unstored_mib(self.messages_per_s),
                "the server's memory grew",
            ),
            (
                last.descriptors <= first.descriptors + DESCRIPTORS_MORE,
                "the server holds more and more files or sockets open",
            ),
            (
                last.p99_ms <= (first.p99_ms * P99_TIMES).max(first.p99_ms + P99_MS_MORE),
                "messages became slower",
            ),
            (
                last.journal_bytes <= self.journal_bytes_allowed,
                "the journal keeps more than retention allows",
            ),
            (
                self.journal_bytes_written > self.journal_bytes_allowed,
                "too few messages to show that space is returned: send more",
            ),
        ];
        let broken = checks.into_iter().filter(|(holds, _)| !holds);
        broken.map(|(_, complaint)| complaint).collect()
    }
}

/// Reads the feed on until it is over and read to its end.
async fn follow(records: &mut RecordsReader, over: &AtomicBool) -> Result<Vec<ReceiptEvent>, RunError> {
    let mut events = Vec::new();
    loop {
        let last = over.load(Ordering::Relaxed);
        loop {
            let page = records.next_page().await?;
            events.extend(page.events);
            if !page.more {
                break;
            }
        }
        if last {
            return Ok(events);
        }
        tokio::time::sleep(FEED_EVERY).await;
    }
}

fn third(samples: &[Sample], latency: Percentiles) -> Third {
    let most = |figure: fn(&Sample) -> u64| samples.iter().map(figure).max().unwrap_or_default();
    let rss: f64 = samples.iter().map(|sample| sample.rss_mib).sum();
    Third {
        rss_mib: rss / samples.len().max(1) as f64,
        descriptors: most(|sample| sample.descriptors),
        journal_files: most(|sample| sample.journal.files),
        journal_bytes: most(|sample| sample.journal.bytes),
        history_files: most(|sample| sample.history.files),
        history_bytes: most(|sample| sample.history.bytes),
        p50_ms: latency.p50,
        p99_ms: latency.p99,
    }
}

fn settings() -> Vec<(&'static str, String)> {
    vec![
        ("CARILLON_JOURNAL_VOLUME_BYTES", VOLUME_BYTES.to_string()),
        ("CARILLON_JOURNAL_CHECKPOINT_BYTES", CHECKPOINT_BYTES.to_string()),
        ("CARILLON_JOURNAL_KEEP_BYTES_MAX", KEEP_BYTES.to_string()),
        ("CARILLON_JOURNAL_KEEP_SECONDS_MIN", "1".to_owned()),
        ("CARILLON_HISTORY_KEEP_DAYS", "1".to_owned()),
    ]
}

fn carrier() -> CarrierPlan {
    CarrierPlan {
        name: "carrier",
        protocol: ProtocolName::Cmpp20,
        contract: Contract {
            rate_per_second: 50_000,
            window: 128,
            sessions: SESSIONS,
        },
        behaviour: Behaviour {
            response_ms: Range { min: 0, max: 5 },
            receipt_ms: Range { min: 50, max: 1_000 },
            ..Behaviour::default()
        },
        listening: true,
    }
}
