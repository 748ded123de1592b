//! Thousands of screens that never read: what is refused, what they cost, and what becomes of them.

use super::measure::{Surroundings, kernel_socket_bytes};
use super::metrics::Metrics;
use super::open_files;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::system::System;
use super::walls_phase::{Phase, phase, start};
use super::walls_watch::{Seen, Watch, subscribed};
use crate::judge::Tolerance;
use crate::live::{LiveError, LiveSocket};
use crate::load::{LoadReport, PatternSource, Percentiles};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct IdleWallsOptions {
    /// Screens that never read.
    pub sockets: usize,
    /// Messages per second.
    pub rate: f64,
    /// How long it is measured without them, and then with them.
    pub seconds: u64,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct IdleWallsReport {
    pub sockets: usize,
    /// Of sockets tried at a server with the default settings: opened, answered with 503, and refused by its own count.
    pub default_opened: usize,
    pub default_refused: usize,
    pub default_refused_counted: u64,
    /// With settings that allow them.
    pub opened: usize,
    pub open_s: f64,
    /// Still open at the end of the load.
    pub open_at_end: u64,
    /// Growth of the server's memory by opening them and by the load beside them, of each.
    pub process_kib_per_socket: f64,
    /// The system's memory for both ends, of each.
    pub kernel_kib_per_socket: f64,
    pub cpu_percent_without: f64,
    pub cpu_percent_with: f64,
    pub messages_per_s_without: f64,
    pub messages_per_s_with: f64,
    /// Of one screen that reads; see [`Seen::delays`].
    pub event_to_frame_ms_without: Percentiles,
    pub event_to_frame_ms_with: Percentiles,
    /// That screen was closed.
    pub walls_lost: usize,
    /// Counted by the server: those that were sent no more, and those that were closed because they did not read.
    pub held_back: u64,
    pub closed_silent: u64,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: [LoadReport; 2],
}

/// Tried at a server with the default settings: more than it takes from one address.
const DEFAULT_TRIED: usize = 600;
const DEFAULT_OPENED: usize = 500;
/// Handshakes at the same time.
const OPENED_AT_ONCE: usize = 64;
/// How long after the load, and how many times its length, screens may be silent: all of them are open while it is measured.
const SILENT_S: u64 = 5;
const PROCESS_KIB_MAX: f64 = 64.0;
const KERNEL_KIB_MAX: f64 = 128.0;
/// Figures may be so many times worse with the silent screens than without.
const TIMES_WORSE_MAX: f64 = 2.0;
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

pub async fn idle_walls(options: &IdleWallsOptions) -> Result<IdleWallsReport, RunError> {
    open_files::allow(options.sockets)?;
    let mut system = start(&options.place).await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let address = system.server.address();
    let headers = system.server.operator_headers().await?;
    let by_default = open(DEFAULT_TRIED, address, &headers).await?;
    let default_refused_counted = figures(address).await?.refused;
    let (default_opened, default_refused) = (by_default.sockets.len(), by_default.refused);
    drop(by_default);

    system.server.stop().await?;
    let silence_s = SILENT_S + 2 * options.seconds;
    system
        .server
        .set_environment(settings(options.sockets, silence_s));
    system.server.start_again().await?;
    let mut source = PatternSource::new(0, u64::MAX, 0, 1_000);
    let (without, seen_without) = watched(&mut system, options, "without", &mut source).await?;
    let (rss_before, kernel_before, started) =
        (system.usage()?.rss_mib, kernel_socket_bytes(), Instant::now());
    let idle = open(options.sockets, address, &headers).await?;
    let open_s = started.elapsed().as_secs_f64();
    let (with, seen_with) = watched(&mut system, options, "with", &mut source).await?;
    let (rss_after, kernel_after) = (system.usage()?.rss_mib, kernel_socket_bytes());
    let open_at_end = figures(address).await?.open;
    let ended = closed_by_server(address, Duration::from_secs(silence_s) + PATIENCE).await?;
    let opened = idle.sockets.len();
    drop(idle);

    system
        .wait_closed(without.load.accepted + with.load.accepted, PATIENCE)
        .await;
    let judgement = system.settle(PATIENCE).await?.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    let each = |total: f64| total / opened.max(1) as f64;
    Ok(IdleWallsReport {
        sockets: options.sockets,
        default_opened,
        default_refused,
        default_refused_counted,
        opened,
        open_s,
        open_at_end,
        process_kib_per_socket: each((rss_after - rss_before) * 1_024.0),
        kernel_kib_per_socket: each(kernel_after.saturating_sub(kernel_before) as f64 / 1_024.0),
        cpu_percent_without: without.cpu_percent,
        cpu_percent_with: with.cpu_percent,
        messages_per_s_without: without.load.accepted_per_s,
        messages_per_s_with: with.load.accepted_per_s,
        event_to_frame_ms_without: seen_without.delays.percentiles(),
        event_to_frame_ms_with: seen_with.delays.percentiles(),
        walls_lost: seen_without.lost + seen_with.lost,
        held_back: ended.held_back,
        closed_silent: ended.closed_silent,
        outcome: Outcome::new(judgement, surroundings),
        load: [without.load, with.load],
    })
}

impl IdleWallsReport {
    /// What is not as it should be.
    pub fn complaints(&self) -> Vec<String> {
        let most = |without: f64| without * TIMES_WORSE_MAX;
        let (delay, delay_before) = (self.event_to_frame_ms_with, self.event_to_frame_ms_without);
        let default_refused = DEFAULT_TRIED - DEFAULT_OPENED;
        let checks = [
            (self.outcome.clean, "messages were lost or doubled"),
            (
                self.default_opened == DEFAULT_OPENED
                    && self.default_refused == default_refused
                    && self.default_refused_counted == default_refused as u64,
                "a server with default settings refused others than it should, or did not count them",
            ),
            (self.opened == self.sockets, "not all sockets could be opened"),
            (
                self.open_at_end >= self.sockets as u64,
                "sockets were closed before the end of the load",
            ),
            (
                self.process_kib_per_socket <= PROCESS_KIB_MAX
                    && self.kernel_kib_per_socket <= KERNEL_KIB_MAX,
                "a silent socket takes too much memory",
            ),
            (
                most(self.messages_per_s_with) >= self.messages_per_s_without,
                "messages went half as fast, or slower",
            ),
            (
                delay.count > 0 && delay.p99 <= most(delay_before.p99),
                "the screen that reads was told twice as late, or later",
            ),
            (self.walls_lost == 0, "the screen that reads was closed"),
            (
                self.held_back >= self.sockets as u64 && self.closed_silent == self.sockets as u64,
                "silent sockets were not held back and closed, or not counted",
            ),
        ];
        checks
            .into_iter()
            .filter(|(holds, _)| !holds)
            .map(|(_, complaint)| complaint.to_owned())
            .collect()
    }
}

/// Everything is allowed that the run needs, and silence for so long.
fn settings(sockets: usize, silence_s: u64) -> Vec<(&'static str, String)> {
    let most = sockets + OPENED_AT_ONCE;
    vec![
        ("CARILLON_LIMITS_SCREENS_MAX", most.to_string()),
        ("CARILLON_LIMITS_SCREENS_PER_SOURCE_MAX", most.to_string()),
        ("CARILLON_LIMITS_SCREEN_TIMEOUT_S", silence_s.to_string()),
        ("CARILLON_HTTP_CONNECTIONS_MAX", (2 * most).to_string()),
    ]
}

/// The load beside one screen that reads.
async fn watched(
    system: &mut System,
    options: &IdleWallsOptions,
    name: &str,
    source: &mut PatternSource,
) -> Result<(Phase, Seen), RunError> {
    let headers = system.server.operator_headers().await?;
    let watch =
        Watch::start(1, system.server.address(), headers, system.progress()).map_err(RunError::File)?;
    let phase = phase(system, options.rate, options.seconds, name, source).await;
    let seen = watch.end();
    Ok((phase?, seen))
}

/// Screens that have said what they want to see, and are never read.
struct Idle {
    sockets: Vec<LiveSocket>,
    /// Answered with 503.
    refused: usize,
}

async fn open(count: usize, address: SocketAddr, headers: &str) -> Result<Idle, RunError> {
    let mut idle = Idle {
        sockets: Vec::with_capacity(count),
        refused: 0,
    };
    let mut opening = stream::iter(0..count)
        .map(|_| subscribed(address, headers))
        .buffer_unordered(OPENED_AT_ONCE);
    while let Some(opened) = opening.next().await {
        match opened {
            Ok(socket) => idle.sockets.push(socket),
            Err(LiveError::Overloaded) => idle.refused += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(idle)
}

/// What the server counts of its sockets.
struct SocketFigures {
    open: u64,
    refused: u64,
    held_back: u64,
    closed_silent: u64,
}

async fn figures(address: SocketAddr) -> Result<SocketFigures, RunError> {
    let metrics = Metrics::read(address).await?;
    Ok(SocketFigures {
        open: metrics.figure("carillon_live_sockets")?,
        refused: metrics.figure("carillon_live_sockets_refused_total")?,
        held_back: metrics.figure("carillon_live_sockets_held_back_total")?,
        closed_silent: metrics.figure("carillon_live_sockets_closed_total{reason=\"silent\"}")?,
    })
}

/// Waits until the server has closed all.
async fn closed_by_server(address: SocketAddr, patience: Duration) -> Result<SocketFigures, RunError> {
    let start = Instant::now();
    loop {
        let now = figures(address).await?;
        if now.open == 0 || start.elapsed() > patience {
            return Ok(now);
        }
        tokio::time::sleep(POLL).await;
    }
}
