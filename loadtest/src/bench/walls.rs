//! What screens cost: the same load without them and with them, and how soon they tell what happens.

use super::measure::{Surroundings, Usage, cpu_by_stage};
use super::outcome::{Outcome, RunError};
use super::system::{CarrierPlan, System, SystemError, SystemPlan};
use crate::judge::Tolerance;
use crate::ledger::Contract;
use crate::live::{LiveError, LiveSocket};
use crate::load::{self, Latencies, LoadReport, PatternSource, Percentiles};
use crate::sim::{Behaviour, Progress, ProtocolName};
use carillon_api::live::{LiveMessage, LiveRequest, LiveState};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct WallsOptions {
    pub walls: usize,
    /// Messages per second.
    pub rate: f64,
    /// How long it is measured without walls, and then with them.
    pub seconds: u64,
    pub program: Option<PathBuf>,
    pub folder: Option<PathBuf>,
    pub keep: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct WallsReport {
    pub walls: usize,
    /// Of the server, in per cent of one core.
    pub cpu_percent_without: f64,
    pub cpu_percent_with: f64,
    /// The difference.
    pub cpu_percent_of_walls: f64,
    /// The same by the server's threads.
    pub stages_percent_without: BTreeMap<&'static str, f64>,
    pub stages_percent_with: BTreeMap<&'static str, f64>,
    /// From a segment's arrival at the carrier to the frame that counts it as submitted: the oldest of each frame.
    pub event_to_frame_ms: Percentiles,
    pub frames: u64,
    pub bytes_per_frame: f64,
    /// Walls that were closed by the server, or heard nothing.
    pub walls_lost: usize,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: [LoadReport; 2],
}

const SESSIONS: u32 = 4;
const WINDOW: u32 = 128;
const BIND_PATIENCE_S: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(30);
const OPEN_MAX: u64 = 50_000;
/// More than any run reaches.
const UNLIMITED_RATE: u32 = 100_000;

pub async fn walls(options: &WallsOptions) -> Result<WallsReport, RunError> {
    let contract = Contract {
        rate_per_second: UNLIMITED_RATE,
        window: WINDOW,
        sessions: SESSIONS,
    };
    let mut system = System::start(SystemPlan {
        carriers: vec![CarrierPlan {
            name: "carrier-a",
            protocol: ProtocolName::Cmpp20,
            contract,
            behaviour: Behaviour::default(),
            listening: true,
        }],
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
        .wait_bound(SESSIONS.into(), Duration::from_secs(BIND_PATIENCE_S))
        .await
    {
        return Err(RunError::NotBound(BIND_PATIENCE_S));
    }
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let mut source = PatternSource::new(0, u64::MAX, 0, 1_000);
    let without = phase(&system, options, "without", &mut source).await?;
    let watch = Watch::start(
        options.walls,
        system.server.address(),
        system.server.operator_headers().await?,
        system.progress(),
    )
    .map_err(RunError::File)?;
    let with = phase(&system, options, "with", &mut source).await?;
    let seen = watch.end();
    system
        .wait_closed(without.load.accepted + with.load.accepted, PATIENCE)
        .await;
    let judgement = system.settle(PATIENCE).await?.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    Ok(WallsReport {
        walls: options.walls,
        cpu_percent_without: without.cpu_percent,
        cpu_percent_with: with.cpu_percent,
        cpu_percent_of_walls: with.cpu_percent - without.cpu_percent,
        stages_percent_without: without.stages_percent,
        stages_percent_with: with.stages_percent,
        event_to_frame_ms: seen.delays.percentiles(),
        frames: seen.frames,
        bytes_per_frame: seen.bytes as f64 / seen.frames.max(1) as f64,
        walls_lost: seen.lost,
        outcome: Outcome::new(judgement, surroundings),
        load: [without.load, with.load],
    })
}

struct Phase {
    cpu_percent: f64,
    stages_percent: BTreeMap<&'static str, f64>,
    load: LoadReport,
}

async fn phase(
    system: &System,
    options: &WallsOptions,
    name: &str,
    source: &mut PatternSource,
) -> Result<Phase, RunError> {
    let mut load_options = system.load_options(name);
    load_options.rate = Some(options.rate);
    load_options.stop_after = Some(Duration::from_secs(options.seconds));
    load_options.limit = Some(system.open_limit(OPEN_MAX));
    let pid = system.server.pid().ok_or(SystemError::Usage)?;
    let usage = || Usage::of(pid).ok_or(SystemError::Usage);
    let (before, stages_before, start) = (usage()?, cpu_by_stage(pid), Instant::now());
    let load = load::run(&load_options, source, &mut system.settlement.clone()).await?;
    let seconds = start.elapsed().as_secs_f64();
    let percent = |cpu: Duration| cpu.as_secs_f64() * 100.0 / seconds;
    let stages = cpu_by_stage(pid).into_iter().map(|(stage, cpu)| {
        let before = stages_before.get(stage).copied().unwrap_or_default();
        (stage, percent(cpu.saturating_sub(before)))
    });
    Ok(Phase {
        cpu_percent: percent(usage()?.cpu - before.cpu),
        stages_percent: stages.collect(),
        load,
    })
}

/// Walls on a thread of their own.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

#[derive(Default)]
struct Seen {
    delays: Latencies,
    frames: u64,
    bytes: u64,
    lost: usize,
}

#[derive(Default)]
struct Heard {
    frames: AtomicU64,
    bytes: AtomicU64,
}

impl Watch {
    fn start(
        walls: usize,
        address: SocketAddr,
        headers: String,
        carriers: Vec<Arc<Progress>>,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new().name("walls".into()).spawn(move || {
            runtime.block_on(async {
                let heard = Arc::new(Heard::default());
                let others: Vec<_> = (1..walls)
                    .map(|_| tokio::spawn(hear(address, headers.clone(), heard.clone())))
                    .collect();
                let mut seen = Seen::default();
                let looked = look(address, &headers, &carriers, &stopping, &mut seen).await;
                if let Err(error) = looked {
                    eprintln!("a wall was lost: {error}");
                    seen.lost += 1;
                }
                seen.lost += others.iter().filter(|wall| wall.is_finished()).count();
                seen.frames += heard.frames.load(Ordering::Relaxed);
                seen.bytes += heard.bytes.load(Ordering::Relaxed);
                seen
            })
        })?;
        Ok(Watch { stop, thread })
    }

    fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// A wall that only counts what it hears.
async fn hear(address: SocketAddr, headers: String, heard: Arc<Heard>) -> Result<(), LiveError> {
    let mut socket = subscribed(address, &headers).await?;
    while let Some(text) = socket.next().await? {
        heard.frames.fetch_add(1, Ordering::Relaxed);
        heard.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}

async fn subscribed(address: SocketAddr, headers: &str) -> Result<LiveSocket, LiveError> {
    let mut socket = LiveSocket::open(address, headers).await?;
    let request = LiveRequest::Subscribe {
        scope: None,
        resume: None,
    };
    socket.send(&request).await?;
    Ok(socket)
}

const SAMPLE_EVERY: Duration = Duration::from_millis(5);

/// A wall that reads every figure, and compares it with what the carriers saw when.
async fn look(
    address: SocketAddr,
    headers: &str,
    carriers: &[Arc<Progress>],
    stop: &AtomicBool,
    seen: &mut Seen,
) -> Result<(), LiveError> {
    let mut socket = subscribed(address, headers).await?;
    let mut state = LiveState::default();
    let arrived = || -> u64 {
        let segments = carriers
            .iter()
            .map(|carrier| carrier.segments.load(Ordering::Relaxed));
        segments.sum()
    };
    // When how many had arrived, oldest first.
    let mut samples = VecDeque::from([(Instant::now(), arrived())]);
    let mut timer = tokio::time::interval(SAMPLE_EVERY);
    let mut counted = None;
    while !stop.load(Ordering::Relaxed) {
        let text = tokio::select! {
            _ = timer.tick() => {
                samples.push_back((Instant::now(), arrived()));
                continue;
            }
            text = socket.next() => text?,
        };
        let Some(text) = text else {
            return Err(LiveError::Refused("the server closed the link".to_owned()));
        };
        seen.frames += 1;
        seen.bytes += text.len() as u64;
        let message: LiveMessage = serde_json::from_slice(&text)?;
        state
            .apply(message)
            .map_err(|_| LiveError::Refused("a change that does not follow".to_owned()))?;
        let submitted = state.panels.totals.data.segments_submitted;
        if let Some(before) = counted.replace(submitted).filter(|before| *before < submitted) {
            while samples.get(1).is_some_and(|(_, arrived)| *arrived <= before) {
                samples.pop_front();
            }
            // The first one that the frame before did not count arrived after this.
            if let Some((since, _)) = samples.front() {
                seen.delays.count(since.elapsed());
            }
        }
    }
    Ok(())
}
