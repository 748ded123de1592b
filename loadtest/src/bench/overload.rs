//! More than the carriers take, for as long as wanted: what is refused and how, what the server takes meanwhile, what screens
//! tell of it, and how soon everything is as before.

use super::live_backlog::{LiveBacklog, Told};
use super::measure::Surroundings;
use super::metrics::Metrics;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::samples::{Sample, Sampler, slope, unstored_mib};
use super::slow_readers::{SlowReadersReport, slow_readers};
use super::system::{CarrierPlan, System, SystemError, SystemPlan};
use crate::judge::Tolerance;
use crate::ledger::Contract;
use crate::load::{self, LoadReport, PatternSource, Percentiles};
use crate::sim::{Behaviour, ProtocolName};
use serde::Serialize;
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug)]
pub struct OverloadOptions {
    /// Segments per second that the carriers take together.
    pub rate_per_second: u32,
    /// How many times that is offered.
    pub times: f64,
    pub seconds: u64,
    /// How long half of what the carriers take is offered before and afterwards.
    pub calm_seconds: u64,
    pub after_seconds: u64,
    /// How long each phase with and without slow readers is; none when 0.
    pub slow_seconds: u64,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct OverloadReport {
    pub offered_per_s: f64,
    /// Accepted while too much was offered.
    pub messages_per_s: f64,
    pub rss_mib_calm: f64,
    pub rss_mib_max: f64,
    /// Over the second half of the overload, as a straight line fits best.
    pub rss_mib_per_minute: f64,
    /// The most messages that may be open, which bounds what waits.
    pub open_max: u64,
    /// Requests answered with 429 or 503, as callers and as the server counted them, and those without `Retry-After`.
    pub turned_away: u64,
    pub turned_away_by_server: u64,
    pub turned_away_without_time: u64,
    /// From acceptance to the carrier, of what was accepted while too much was offered …
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// … and of what was accepted before.
    pub calm_ms: Percentiles,
    /// The last message that took clearly longer than before was accepted so long after the end of the overload.
    pub normal_after_s: f64,
    pub told: Told,
    pub slow_readers: Option<SlowReadersReport>,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: [LoadReport; 3],
    #[serde(skip)]
    after: Duration,
}

const CARRIERS: [&str; 2] = ["carrier-a", "carrier-b"];
const SESSIONS: u32 = 2;
const WINDOW: u32 = 64;
const LINES_PER_REQUEST: usize = 10;
const CONNECTIONS: usize = 16;
/// Part of what the carriers take that is offered before and afterwards.
const CALM: f64 = 0.5;
/// The limit of open messages cannot be set lower.
const OPEN_MAX_LEAST: u64 = 1_000;
/// A message is slow when it takes this many times the p99 of before, or so much more.
const SLOW_TIMES: f64 = 2.0;
const SLOW_MS_MORE: f64 = 50.0;
/// What an open message and its answers may take in memory at the most, and what a server takes besides.
const BYTES_PER_OPEN: f64 = 2_048.0;
const RSS_MIB_MORE: f64 = 64.0;
const BIND_PATIENCE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_millis(200);
/// Nothing is written to a carrier in the first second after a start (RATE-1 over a restart); that is not measured here.
const QUIET: Duration = Duration::from_millis(1_500);

pub async fn overload(options: &OverloadOptions) -> Result<OverloadReport, RunError> {
    let slow_readers = match options.slow_seconds {
        0 => None,
        seconds => Some(slow_readers(seconds, &options.place).await?),
    };
    // What waits fits into a second of the carriers, so that its way through is short.
    let open_max = u64::from(options.rate_per_second).max(OPEN_MAX_LEAST);
    let mut system = System::start(SystemPlan {
        environment: settings(open_max),
        ..SystemPlan::new(carriers(options.rate_per_second), 1, &options.place)
    })
    .await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let sessions = u64::from(SESSIONS) * CARRIERS.len() as u64;
    system.bound(sessions, BIND_PATIENCE).await?;
    tokio::time::sleep(QUIET).await;
    let headers = system.server.operator_headers().await?;
    let live = LiveBacklog::watch(system.server.address(), headers);
    let counted = || async { turned_away(&system).await };
    let counted_before = counted().await?;

    let rate = f64::from(options.rate_per_second);
    let mut phases = Phases {
        system: &system,
        next: 0,
    };
    let calm = phases.run("calm", rate * CALM, options.calm_seconds).await?;
    let rss_mib_calm = system.usage()?.rss_mib;
    let pid = system.server.pid().ok_or(SystemError::Usage)?;
    let sampler = Sampler::start(pid, system.server.data(), EVERY).map_err(RunError::Measure)?;
    let began = Instant::now();
    let over = phases.run("over", rate * options.times, options.seconds).await?;
    let (samples, ended) = (sampler.end(), Instant::now());
    let ended_ms = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis() as u64;
    let after = phases.run("after", rate * CALM, options.after_seconds).await?;
    let told = live.end(began, ended).await;
    let load = [calm.load, over.load, after.load];
    let accepted: u64 = load.iter().map(|load| load.accepted).sum();
    system.wait_closed(accepted, PATIENCE).await;
    let turned_away_by_server = counted().await? - counted_before;
    let rss_mib_max = system.usage()?.rss_mib_max;
    let (calm_ms, over_ms, slow_ms) = {
        let settlement = system.settlement.0.lock();
        let calm_ms = settlement.arrival_latencies(calm.markers).percentiles();
        let bound_ms = (calm_ms.p99 * SLOW_TIMES).max(calm_ms.p99 + SLOW_MS_MORE);
        let slow = settlement
            .delays(after.markers)
            .filter(|(_, us)| *us as f64 > bound_ms * 1e3);
        let slow_ms = slow.map(|(accepted_ms, _)| accepted_ms).max();
        let over_ms = settlement.arrival_latencies(over.markers).percentiles();
        (calm_ms, over_ms, slow_ms)
    };
    let judgement = system.settle(PATIENCE).await?.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    let second_half = samples.iter().skip(samples.len() / 2);
    let rss = |sample: &Sample| (sample.at, sample.rss_mib);
    Ok(OverloadReport {
        offered_per_s: load[1].lines as f64 / load[1].seconds,
        messages_per_s: load[1].accepted_per_s,
        rss_mib_calm,
        rss_mib_max,
        rss_mib_per_minute: slope(second_half.map(rss)) * 60.0,
        open_max,
        turned_away: load.iter().map(|load| load.turned_away).sum(),
        turned_away_by_server,
        turned_away_without_time: load.iter().map(|load| load.turned_away_without_time).sum(),
        p50_ms: over_ms.p50,
        p99_ms: over_ms.p99,
        calm_ms,
        normal_after_s: slow_ms.map_or(0.0, |at| at.saturating_sub(ended_ms) as f64 / 1e3),
        told,
        slow_readers,
        outcome: Outcome::new(judgement, surroundings),
        load,
        after: Duration::from_secs(options.after_seconds),
    })
}

impl OverloadReport {
    /// What is not as it should be.
    pub fn complaints(&self) -> Vec<&'static str> {
        let judgement = &self.outcome.judgement;
        let open_mib = self.open_max as f64 * BYTES_PER_OPEN / 1_048_576.0;
        let rss_mib_allowed = self.rss_mib_calm + open_mib + unstored_mib(self.messages_per_s) + RSS_MIB_MORE;
        let checks = [
            (
                self.outcome.clean && judgement.ended_unsent == 0 && judgement.unanswered == 0,
                "what was accepted did not arrive, or what was refused did",
            ),
            (self.turned_away > 0, "nothing was refused: offer more"),
            (
                self.turned_away == self.turned_away_by_server,
                "the server counted other refusals than its callers",
            ),
            (
                self.turned_away_without_time == 0,
                "a refusal did not say when to come back",
            ),
            (
                self.rss_mib_max <= rss_mib_allowed,
                "the server's memory is not bounded by what may be open",
            ),
            (
                self.told.waiting_most >= self.open_max / 2,
                "screens did not tell of what waits",
            ),
            (
                self.normal_after_s < self.after.as_secs_f64() * 0.8,
                "messages were still slow at the end",
            ),
            (
                self.slow_readers.as_ref().is_none_or(SlowReadersReport::is_good),
                "slow readers cost others something",
            ),
        ];
        let broken = checks.into_iter().filter(|(holds, _)| !holds);
        broken.map(|(_, complaint)| complaint).collect()
    }
}

async fn turned_away(system: &System) -> Result<u64, RunError> {
    let metrics = Metrics::read(system.server.address()).await?;
    metrics.figure("carillon_requests_overloaded_total")
}

/// What screens call a backlog here is what a second of the carriers is.
fn settings(open_max: u64) -> Vec<(&'static str, String)> {
    vec![
        ("CARILLON_LIMITS_MESSAGES_OPEN_MAX", open_max.to_string()),
        ("CARILLON_ALARMS_BACKLOG_MESSAGES_MIN", (open_max / 4).to_string()),
        ("CARILLON_ALARMS_BACKLOG_WARNING_S", "1".to_owned()),
        ("CARILLON_ALARMS_BACKLOG_CRITICAL_S", "60".to_owned()),
    ]
}

fn carriers(rate_per_second: u32) -> Vec<CarrierPlan> {
    let plan = |name| CarrierPlan {
        name,
        protocol: ProtocolName::Cmpp20,
        contract: Contract {
            rate_per_second: (rate_per_second / CARRIERS.len() as u32).max(1),
            window: WINDOW,
            sessions: SESSIONS,
        },
        behaviour: Behaviour::default(),
        listening: true,
    };
    CARRIERS.map(plan).to_vec()
}

/// One load after the other; nobody comes back who was refused.
struct Phases<'s> {
    system: &'s System,
    next: u64,
}

struct Phase {
    markers: Range<u64>,
    load: LoadReport,
}

impl Phases<'_> {
    async fn run(&mut self, name: &str, rate: f64, seconds: u64) -> Result<Phase, RunError> {
        let count = (rate * seconds as f64).ceil() as u64;
        let markers = self.next..self.next + count;
        self.next = markers.end;
        let mut options = self.system.load_options(name);
        options.rate = Some(rate);
        options.connections = CONNECTIONS;
        options.lines_per_request = LINES_PER_REQUEST;
        options.takes_no = true;
        let mut source = PatternSource::new(markers.start, markers.end, 0, LINES_PER_REQUEST);
        let load = load::run(&options, &mut source, &mut self.system.settlement.clone()).await?;
        Ok(Phase { markers, load })
    }
}
