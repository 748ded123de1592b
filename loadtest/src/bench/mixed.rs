//! Many organisations on three connections with rate limits: one of them with a long backlog, all of them for a while with
//! more than they get (FAIR-1), and then single messages and verification codes beside the backlog. Rates are kept (RATE-1).

use super::apply::API_KEY;
use super::catalog::{Catalog, Organisation};
use super::measure::{Surroundings, Usage};
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::shares::{Claimant, Contest, contest};
use super::system::{CarrierPlan, Settled, System, SystemPlan};
use crate::judge::{RecordsReader, Tolerance};
use crate::ledger::Contract;
use crate::load::{self, LoadOptions, LoadReport, PatternSource, Percentiles};
use crate::sim::{Behaviour, ProtocolName};
use futures_util::future::{try_join, try_join_all};
use serde::Serialize;
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug)]
pub struct MixedOptions {
    /// Organisations, the one with the backlog included.
    pub organisations: usize,
    /// Messages of the first one that wait.
    pub backlog: u64,
    /// Segments per second of the three connections together.
    pub rate_per_second: u32,
    /// The width of the windows in which shares are compared, in seconds.
    pub window_s: u64,
    /// How long single messages and codes are sent, alone and then beside the backlog.
    pub seconds: u64,
    /// Single messages per second of each other organisation, and codes per second of the first one.
    pub singles_per_s: f64,
    pub codes_per_s: f64,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct MixedReport {
    /// From the first message of the backlog to the last receipt.
    pub messages_per_s: f64,
    pub cpu_us_per_message: f64,
    pub rss_mib_max: f64,
    /// From acceptance to the carrier, in ms: single messages of the other organisations beside the backlog; the same as
    /// `beside_ms`.
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// The same messages while nobody else sends …
    pub alone_ms: Percentiles,
    /// … and beside the backlog.
    pub beside_ms: Percentiles,
    /// Codes of the organisation that has the backlog, beside it.
    pub codes_ms: Percentiles,
    /// What of the backlog waited when the single messages ended.
    pub backlog_last: u64,
    /// All organisations have more waiting than they get.
    pub contest: Contest,
    pub connections: Vec<Kept>,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// RATE-1 and WIN-1 by the carrier's own ledger.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    pub name: String,
    pub rate_per_second: u32,
    /// Most segments in any sliding second, and most unanswered requests on a session.
    pub peak_per_second: u32,
    pub peak_in_flight: u32,
    pub segments: u64,
}

/// FAIR-1.
const SHARE_LEAST: f64 = 0.9;
const SESSIONS: u32 = 2;
const WINDOW: u32 = 128;
/// The rates of the three connections are to one another as these.
const RATES: [(&str, ProtocolName, u32); 3] = [
    ("mobile", ProtocolName::Cmpp20, 2),
    ("unicom", ProtocolName::Cmpp30, 1),
    ("abroad", ProtocolName::Smpp34, 1),
];
const WEIGHTS: [u16; 3] = [1, 2, 4];
/// Seconds of the contest beyond its windows: for the time until everybody has handed in, and for a second to spare.
const CONTEST_SPARE_S: u64 = 4;
const BIND_PATIENCE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);
/// Nothing is written to a carrier in the first second after a start (RATE-1 over a restart); that is not measured here.
const QUIET: Duration = Duration::from_millis(1_500);
const LINES_PER_REQUEST: usize = 1_000;

pub async fn mixed(options: &MixedOptions) -> Result<MixedReport, RunError> {
    let tenants = tenants(options);
    let system = System::start(SystemPlan {
        catalog: Some(Catalog {
            organisations: tenants.iter().skip(1).map(Tenant::organisation).collect(),
            ..Catalog::default()
        }),
        ..SystemPlan::new(carriers(options.rate_per_second), 1, &options.place)
    })
    .await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    system
        .bound(u64::from(SESSIONS) * RATES.len() as u64, BIND_PATIENCE)
        .await?;
    system.settlement.0.lock().keep_times();
    tokio::time::sleep(QUIET).await;

    let mut run = Run {
        system,
        tenants,
        options,
        next_marker: 0,
        accepted: 0,
    };
    let alone = run.reserve_singles();
    run.accepted += run.send_singles(&alone, "alone").await?;
    let (before, start, accepted_before) = (run.system.usage()?, Instant::now(), run.accepted);
    let backlog = run.backlog().await?;
    let (contest_from_us, claimants) = run.contest(&backlog).await?;
    let (beside, codes) = (run.reserve_singles(), run.reserve_codes());
    let (singles, high) =
        try_join(run.send_singles(&beside, "beside"), run.send_codes(codes.clone())).await?;
    run.accepted += singles + high;
    let backlog_last = run.waiting(&backlog);
    run.system.wait_closed(run.accepted, PATIENCE).await;
    let (seconds, after) = (start.elapsed().as_secs_f64(), run.system.usage()?);
    let messages = run.accepted - accepted_before;
    let (alone_ms, beside_ms) = (run.latencies(&whole(&alone)), run.latencies(&whole(&beside)));
    let codes_ms = run.latencies(&codes);
    let settled = run.settle().await?;
    let contest = settled.times(|since_us, times| {
        let moment = |us: u32| if us == 0 { 0 } else { since_us + u64::from(us) };
        let arrived: Vec<u64> = times.iter().map(|times| moment(times.arrived_us)).collect();
        contest(&arrived, &claimants, contest_from_us, options.window_s as usize)
    });
    let judgement = settled.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    let kept = judgement.accounts.iter().filter_map(|account| {
        let header = account.header.as_ref()?;
        Some(Kept {
            name: header.carrier.to_string(),
            rate_per_second: header.contract?.rate_per_second,
            peak_per_second: account.summary.peak_per_second,
            peak_in_flight: account.summary.peak_in_flight,
            segments: account.summary.segments,
        })
    });
    Ok(MixedReport {
        messages_per_s: messages as f64 / seconds,
        cpu_us_per_message: cpu_us(before, after) / messages.max(1) as f64,
        rss_mib_max: after.rss_mib_max,
        p50_ms: beside_ms.p50,
        p99_ms: beside_ms.p99,
        alone_ms,
        beside_ms,
        codes_ms,
        backlog_last,
        contest,
        connections: kept.collect(),
        outcome: Outcome::new(judgement, surroundings),
    })
}

impl MixedReport {
    /// What is not as it should be.
    pub fn complaints(&self) -> Vec<&'static str> {
        let checks = [
            (self.outcome.clean, "a promise was broken"),
            (
                self.outcome.judgement.ended_unsent == 0,
                "messages ended without being sent",
            ),
            (
                self.contest.least.is_some_and(|least| least >= SHARE_LEAST),
                "an organisation with a backlog got less than 0.9 of its share, or the contest was too short to say",
            ),
            (
                self.backlog_last > 0,
                "the backlog was over before the single messages: take a longer one",
            ),
        ];
        let broken = checks.into_iter().filter(|(holds, _)| !holds);
        broken.map(|(_, complaint)| complaint).collect()
    }
}

/// Markers that were reserved one after the other.
fn whole(ranges: &[Range<u64>]) -> Range<u64> {
    let (first, last) = (ranges.first(), ranges.last());
    first.map_or(0, |first| first.start)..last.map_or(0, |last| last.end)
}

fn cpu_us(before: Usage, after: Usage) -> f64 {
    (after.cpu - before.cpu).as_secs_f64() * 1e6
}

/// An organisation as the run knows it.
struct Tenant {
    name: String,
    weight: u16,
    api_key: String,
}

impl Tenant {
    fn organisation(&self) -> Organisation {
        Organisation {
            name: self.name.clone(),
            weight: self.weight,
            api_key: self.api_key.clone(),
        }
    }
}

/// The first one is that of every run, and has the weight 1.
fn tenants(options: &MixedOptions) -> Vec<Tenant> {
    let numbers = 0..options.organisations.max(2);
    let tenant = |number: usize| Tenant {
        name: format!("clinic-{number:02}"),
        weight: WEIGHTS[number % WEIGHTS.len()],
        api_key: match number {
            0 => API_KEY.to_owned(),
            _ => format!("loadtest-clinic-key-{number:04}"),
        },
    };
    numbers.map(tenant).collect()
}

fn carriers(rate_per_second: u32) -> Vec<CarrierPlan> {
    let parts: u32 = RATES.iter().map(|(.., part)| part).sum();
    RATES
        .map(|(name, protocol, part)| CarrierPlan {
            name,
            protocol,
            contract: Contract {
                rate_per_second: (rate_per_second * part / parts).max(1),
                window: WINDOW,
                sessions: SESSIONS,
            },
            behaviour: Behaviour::default(),
            listening: true,
        })
        .to_vec()
}

/// A run that is under way.
struct Run<'o> {
    system: System,
    tenants: Vec<Tenant>,
    options: &'o MixedOptions,
    next_marker: u64,
    accepted: u64,
}

impl Run<'_> {
    fn markers(&mut self, count: u64) -> Range<u64> {
        let first = self.next_marker;
        self.next_marker += count;
        first..self.next_marker
    }

    fn options_of(&self, tenant: usize, run: &str) -> LoadOptions {
        let tenant = &self.tenants[tenant];
        let name = format!("{run}-{}", tenant.name);
        LoadOptions::new(self.system.server.address(), &tenant.api_key, &name)
    }

    async fn load(
        &self,
        options: LoadOptions,
        markers: Range<u64>,
        priority: &str,
    ) -> Result<LoadReport, RunError> {
        let lines = if options.single {
            1
        } else {
            options.lines_per_request
        };
        let fields = |_| format!(",\"priority\":\"{priority}\"");
        let mut source = PatternSource::with_fields(markers.start, markers.end, 0, lines, fields);
        Ok(load::run(&options, &mut source, &mut self.system.settlement.clone()).await?)
    }

    /// The long backlog of the first organisation. Its markers.
    async fn backlog(&mut self) -> Result<Range<u64>, RunError> {
        let markers = self.markers(self.options.backlog);
        let options = LoadOptions {
            progress_bar: true,
            ..self.options_of(0, "backlog")
        };
        self.accepted += self.load(options, markers.clone(), "low").await?.accepted;
        Ok(markers)
    }

    /// Everybody hands in more than there is room for, and waits until all but the backlog has gone. Since when everybody had
    /// something waiting (µs since the Unix epoch), and who took part.
    async fn contest(&mut self, backlog: &Range<u64>) -> Result<(u64, Vec<Claimant>), RunError> {
        let weights: u64 = self.tenants.iter().map(|tenant| u64::from(tenant.weight)).sum();
        let seconds = self.options.window_s + CONTEST_SPARE_S;
        let segments = u64::from(self.options.rate_per_second) * seconds;
        let mut claims = vec![backlog.clone()];
        for tenant in 1..self.tenants.len() {
            let share = segments * u64::from(self.tenants[tenant].weight) / weights;
            claims.push(self.markers(share.max(1)));
        }
        let loads = claims.iter().enumerate().skip(1).map(|(tenant, markers)| {
            let options = LoadOptions {
                connections: 1,
                lines_per_request: LINES_PER_REQUEST,
                ..self.options_of(tenant, "contest")
            };
            self.load(options, markers.clone(), "low")
        });
        let loads = try_join_all(loads).await?;
        self.accepted += loads.iter().map(|load| load.accepted).sum::<u64>();
        let from_us = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_micros() as u64;
        let end = Instant::now() + Duration::from_secs(seconds) + PATIENCE;
        let others = backlog.end..self.next_marker;
        while self.waiting(&others) > 0 && Instant::now() < end {
            tokio::time::sleep(POLL).await;
        }
        let claimants = self.tenants.iter().zip(claims).map(|(tenant, markers)| Claimant {
            name: tenant.name.clone(),
            weight: tenant.weight,
            messages: markers.start as usize..markers.end as usize,
        });
        Ok((from_us, claimants.collect()))
    }

    /// How many of these messages have not been at a carrier, as far as the ledgers are closed.
    fn waiting(&self, markers: &Range<u64>) -> u64 {
        let settlement = self.system.settlement.0.lock();
        let times = settlement.times();
        let end = times.len().min(markers.end as usize);
        let known = times.get(markers.start as usize..end).unwrap_or_default();
        let arrived = known.iter().filter(|times| times.arrived_us > 0).count() as u64;
        markers.end - markers.start - arrived
    }

    /// Markers of the single messages of everybody but the first organisation.
    fn reserve_singles(&mut self) -> Vec<Range<u64>> {
        let count = (self.options.singles_per_s * self.options.seconds as f64).ceil() as u64;
        (1..self.tenants.len()).map(|_| self.markers(count)).collect()
    }

    fn reserve_codes(&mut self) -> Range<u64> {
        let count = (self.options.codes_per_s * self.options.seconds as f64).ceil() as u64;
        self.markers(count)
    }

    /// How many were accepted.
    async fn send_singles(&self, ranges: &[Range<u64>], run: &str) -> Result<u64, RunError> {
        let loads = (1..).zip(ranges).map(|(tenant, markers)| {
            let options = self.paced(tenant, run, self.options.singles_per_s);
            self.load(options, markers.clone(), "medium")
        });
        let loads = try_join_all(loads).await?;
        Ok(loads.iter().map(|load| load.accepted).sum())
    }

    /// Of the first organisation. How many were accepted.
    async fn send_codes(&self, markers: Range<u64>) -> Result<u64, RunError> {
        let options = self.paced(0, "codes", self.options.codes_per_s);
        Ok(self.load(options, markers, "high").await?.accepted)
    }

    fn paced(&self, tenant: usize, run: &str, rate: f64) -> LoadOptions {
        LoadOptions {
            single: true,
            connections: 2,
            rate: Some(rate),
            ..self.options_of(tenant, run)
        }
    }

    fn latencies(&self, markers: &Range<u64>) -> Percentiles {
        let settlement = self.system.settlement.0.lock();
        settlement.arrival_latencies(markers.clone()).percentiles()
    }

    async fn settle(self) -> Result<Settled, RunError> {
        // The carriers have the acknowledgement of every receipt, so everybody's feed has every end.
        self.system.settlement.0.lock().index();
        for tenant in self.tenants.iter().skip(1) {
            let mut records = RecordsReader::new(self.system.server.address(), &tenant.api_key);
            records.catch_up(&self.system.settlement).await?;
        }
        Ok(self.system.settle(PATIENCE).await?)
    }
}
