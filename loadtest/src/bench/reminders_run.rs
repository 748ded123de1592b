//! A hospital's reminders over three connections, of which one is cut in the middle and comes back.

use super::measure::Surroundings;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::judge::{Expectations, Tolerance};
use crate::ledger::Contract;
use crate::load::{self, FileSource, LoadReport, Tee};
use crate::reminders::Reminders;
use crate::sim::{Behaviour, HostError, Order, Progress, ProtocolName, Range, WeightedStatus};
use serde::Serialize;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct RemindersOptions {
    pub count: u64,
    pub seed: u64,
    pub broken_share: f64,
    /// Of each connection.
    pub rate_per_second: u32,
    /// How long the cut carrier stays away.
    pub down: Duration,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct RemindersReport {
    pub seed: u64,
    pub seconds: f64,
    pub segments: u64,
    /// Segments that had arrived when the carrier was cut, and while it was away.
    pub segments_before_cut: u64,
    pub segments_while_down: u64,
    /// The longest time without any arrival while the carrier was away and messages were waiting.
    pub longest_pause_ms: u64,
    /// The carrier that was cut has its session again.
    pub came_back: bool,
    /// Broken lines that were not refused with the expected code and field, and good ones that were refused.
    pub misjudged_lines: u64,
    pub misjudged_examples: Vec<String>,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: LoadReport,
}

impl RemindersReport {
    /// Every promise kept: lines judged rightly, and others take over within 2 s.
    pub fn is_good(&self) -> bool {
        self.outcome.clean
            && self.came_back
            && self.misjudged_lines == 0
            && self.longest_pause_ms <= PAUSE_MAX.as_millis() as u64
            && self.outcome.judgement.ended_unsent == 0
    }
}

const CUT: &str = "mobile-30";
const PAUSE_MAX: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(10);
const WINDOW: u32 = 16;

pub async fn reminders_run(options: &RemindersOptions) -> Result<RemindersReport, RunError> {
    let system = System::start(SystemPlan::new(
        carriers(options.rate_per_second),
        options.seed,
        &options.place,
    ))
    .await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let file = system.folder().join("reminders.ndjson");
    let expected = write_reminders(&file, options).map_err(RunError::File)?;
    let mut source = FileSource::open(&file).map_err(RunError::File)?;
    let mut told = Vec::new();
    let mut sink = Tee(system.settlement.clone(), &mut told);
    let mut load_options = system.load_options(&format!("reminders-{}", options.seed));
    load_options.progress_bar = true;
    let start = Instant::now();
    let loading = async {
        load::run(&load_options, &mut source, &mut sink)
            .await
            .map_err(RunError::from)
    };
    let cutting = async { cut_and_back(&system, options).await.map_err(RunError::from) };
    let (load, cut) = futures_util::future::try_join(loading, cutting).await?;
    wait_until_still(&system.progress()).await;
    let seconds = (start.elapsed() - PAUSE_MAX).as_secs_f64();
    let segments = system.segments();
    let came_back = system
        .wait_bound(system.host.carriers.len() as u64, PATIENCE)
        .await;
    let settled = system.settle(PATIENCE).await?;
    let tolerance = Tolerance {
        uncertain_max: Some(u64::from(WINDOW)),
        ..Tolerance::default()
    };
    let judgement = settled.judge(tolerance);
    let misjudged: Vec<_> = told.iter().filter_map(|told| expected.misjudged(told)).collect();
    Ok(RemindersReport {
        seed: options.seed,
        seconds,
        segments,
        segments_before_cut: cut.before,
        segments_while_down: cut.during,
        longest_pause_ms: cut.longest_pause.as_millis() as u64,
        came_back,
        misjudged_lines: misjudged.len() as u64,
        misjudged_examples: misjudged.into_iter().take(10).collect(),
        outcome: Outcome::new(judgement, surroundings),
        load,
    })
}

fn carriers(rate_per_second: u32) -> Vec<CarrierPlan> {
    let status = |status: &str, weight| WeightedStatus {
        status: status.into(),
        error: "000".into(),
        weight,
    };
    let behaviour = Behaviour {
        response_ms: Range { min: 1, max: 5 },
        receipt_ms: Range { min: 50, max: 500 },
        receipts: vec![
            status("DELIVRD", 95),
            status("UNDELIV", 3),
            status("EXPIRED", 1),
            status("MA:0001", 1),
        ],
        receipt_first_share: 0.02,
        doubled_share: 0.01,
        ..Behaviour::default()
    };
    let plan = |name, protocol| CarrierPlan {
        name,
        protocol,
        contract: Contract {
            rate_per_second,
            window: WINDOW,
            sessions: 1,
        },
        behaviour: behaviour.clone(),
        listening: true,
    };
    vec![
        plan("mobile-20", ProtocolName::Cmpp20),
        plan(CUT, ProtocolName::Cmpp30),
        plan("abroad-34", ProtocolName::Smpp34),
    ]
}

fn write_reminders(path: &Path, options: &RemindersOptions) -> std::io::Result<Expectations> {
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    let mut expected = Expectations::default();
    let count = usize::try_from(options.count).unwrap_or(usize::MAX);
    for reminder in Reminders::new(options.seed, options.broken_share).take(count) {
        writeln!(file, "{}", reminder.json)?;
        expected.expect(&reminder);
    }
    file.flush()?;
    Ok(expected)
}

struct CutResult {
    before: u64,
    during: u64,
    longest_pause: Duration,
}

/// Cuts one carrier when a third of the messages has gone, and lets it back in after a while.
async fn cut_and_back(system: &System, options: &RemindersOptions) -> Result<CutResult, HostError> {
    let start = Instant::now();
    while system.segments() < options.count / 3 && start.elapsed() < PATIENCE {
        tokio::time::sleep(POLL).await;
    }
    let before = system.segments();
    let orders = system.host.orders();
    orders.give(CUT, Order::Down).await?;
    let (cut, mut last, mut longest_pause) = (Instant::now(), (before, Instant::now()), Duration::ZERO);
    while cut.elapsed() < options.down {
        tokio::time::sleep(POLL).await;
        let segments = system.segments();
        if segments != last.0 {
            last = (segments, Instant::now());
        } else if segments < options.count {
            longest_pause = longest_pause.max(last.1.elapsed());
        }
    }
    orders.give(CUT, Order::Accept).await?;
    Ok(CutResult {
        before,
        during: system.segments() - before,
        longest_pause,
    })
}

/// Waits until every segment is closed and none has come for a while.
async fn wait_until_still(progress: &[Arc<Progress>]) {
    let counts = || -> Vec<u64> {
        progress
            .iter()
            .flat_map(|p| [&p.segments, &p.closed].map(|count| count.load(Ordering::Relaxed)))
            .collect()
    };
    let mut last = (counts(), Instant::now());
    while last.1.elapsed() < PAUSE_MAX {
        tokio::time::sleep(POLL).await;
        let now = counts();
        if now != last.0 {
            last = (now, Instant::now());
        }
    }
}
