//! Messages that wait while every connection is down: what they take in memory and on the disk, how soon a restart has them
//! back, and that every one of them is sent in the end.

use super::checkpoints::{Checkpoint, CheckpointWatch};
use super::measure::Surroundings;
use super::metrics::Metrics;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::room;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::judge::Tolerance;
use crate::ledger::Contract;
use crate::load::{self, LoadReport, PatternSource};
use crate::sim::{Behaviour, Order, ProtocolName};
use serde::Serialize;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct MemoryOptions {
    pub messages: u64,
    /// Requests open at the same time.
    pub connections: usize,
    /// At the end the carrier comes back, and every message is settled.
    pub drain: bool,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct MemoryReport {
    pub messages: u64,
    pub accepted_per_s: f64,
    /// The slowest answer: nothing is answered while the lane makes the state ready for a checkpoint.
    pub longest_answer_ms: f64,
    /// Of the server, before the first message.
    pub rss_mib_idle: f64,
    /// With all of them waiting, after some rest.
    pub rss_mib_waiting: f64,
    /// The difference, for each of them.
    pub bytes_per_waiting_message: f64,
    /// With what came and went on the way, e.g. checkpoints.
    pub rss_mib_max: f64,
    /// Appended to the journal.
    pub journal_bytes_per_message: f64,
    /// Of the server's whole folder: with checkpoints and what volumes keep ready.
    pub disk_bytes_per_message: f64,
    pub checkpoints: u64,
    /// Of the largest checkpoint.
    pub checkpoint_mib: f64,
    pub checkpoint_write_ms: f64,
    /// From the start of the process to its readiness, after a kill with all of them waiting.
    pub ready_ms: f64,
    pub rss_mib_restarted: f64,
    pub rss_mib_max_restarted: f64,
    /// As the server counts them before the kill and after it.
    pub waiting: u64,
    pub waiting_restarted: u64,
    /// Accepted, and not waiting after the restart or without an end in the end.
    pub lost: u64,
    /// Where they were sent in the end.
    pub doubled: Option<u64>,
    pub uncertain: Option<u64>,
    pub drained: Option<Drained>,
    pub surroundings: Surroundings,
    pub load: LoadReport,
}

/// How the messages left.
#[derive(Clone, Debug, Serialize)]
pub struct Drained {
    /// From the carrier's return to the last receipt.
    pub drain_seconds: f64,
    pub drained_per_s: f64,
    pub rss_mib_max_draining: f64,
    #[serde(flatten)]
    pub outcome: Outcome,
}

const CARRIER: &str = "carrier";
/// A connection that was refused for long waits before its next try.
const PATIENCE: Duration = Duration::from_secs(90);
/// For what was on its way when the last message was accepted.
const REST: Duration = Duration::from_secs(3);
const COUNT_PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);
const MIB: f64 = 1_048_576.0;
/// Of the server with a checkpoint in the making, and of the settlement here.
const MEMORY_BYTES_EACH: u64 = 1_000;
/// Journal and two checkpoints; and with receipts and history.
const DISK_BYTES_WAITING: u64 = 1_000;
const DISK_BYTES_DRAINED: u64 = 2_000;
const MESSAGES_OPEN_MIN: u64 = 5_000_000;

impl MemoryReport {
    /// What was lost, and doubled where that can be told.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if self.load.accepted < self.messages {
            complaints.push(format!(
                "only {} of {} messages were accepted",
                self.load.accepted, self.messages
            ));
        }
        if self.lost > 0 {
            complaints.push(format!("{} messages were lost", self.lost));
        }
        let outcome = self.drained.as_ref().map(|drained| &drained.outcome);
        complaints.extend(
            outcome
                .filter(|outcome| !outcome.clean)
                .map(|outcome| outcome.judgement.to_string()),
        );
        complaints
    }
}

pub async fn memory(options: &MemoryOptions) -> Result<MemoryReport, RunError> {
    let disk_bytes_each = if options.drain {
        DISK_BYTES_DRAINED
    } else {
        DISK_BYTES_WAITING
    };
    room::on_disk(&options.place.parent(), options.messages * disk_bytes_each)?;
    room::in_memory(options.messages * MEMORY_BYTES_EACH)?;
    let mut system = System::start(plan(options)).await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let rss_mib_idle = system.usage()?.rss_mib;
    let watch = CheckpointWatch::start(system.server.data().join("journal")).map_err(RunError::File)?;
    let load = send(&system, options).await?;
    let waiting = wait_counted(&system, load.accepted).await?;
    tokio::time::sleep(REST).await;
    let checkpoints = watch.end();
    let usage = system.usage()?;
    let journal_bytes = Metrics::read(system.server.address())
        .await?
        .figure("carillon_journal_bytes_total")?;
    let disk_bytes = bytes_in(&system.server.data());
    system.server.kill()?;
    let ready = system.server.start_again().await?;
    let waiting_restarted = wait_counted(&system, load.accepted).await?;
    let restarted = system.usage()?;
    let missing = load.accepted.saturating_sub(waiting_restarted);
    let drained = match options.drain {
        true => Some(drain(system, load.accepted, surroundings.clone()).await?),
        false => {
            system.end(missing == 0)?;
            None
        }
    };
    let each = |bytes: f64| bytes / load.accepted.max(1) as f64;
    let largest = checkpoints.iter().max_by_key(|checkpoint| checkpoint.bytes);
    let largest = largest.copied().unwrap_or_default();
    let outcome = drained.as_ref().map(|drained| &drained.outcome);
    Ok(MemoryReport {
        messages: options.messages,
        accepted_per_s: load.accepted_per_s,
        longest_answer_ms: load.request_ms.max,
        rss_mib_idle,
        rss_mib_waiting: usage.rss_mib,
        bytes_per_waiting_message: each((usage.rss_mib - rss_mib_idle) * MIB),
        rss_mib_max: usage.rss_mib_max,
        journal_bytes_per_message: each(journal_bytes as f64),
        disk_bytes_per_message: each(disk_bytes as f64),
        checkpoints: checkpoints.len() as u64,
        checkpoint_mib: largest.bytes as f64 / MIB,
        checkpoint_write_ms: longest(&checkpoints).as_secs_f64() * 1e3,
        ready_ms: ready.as_secs_f64() * 1e3,
        rss_mib_restarted: restarted.rss_mib,
        rss_mib_max_restarted: restarted.rss_mib_max,
        waiting,
        waiting_restarted,
        lost: outcome.map_or(missing, |outcome| missing.max(outcome.lost)),
        doubled: outcome.map(|outcome| outcome.doubled),
        uncertain: outcome.map(|outcome| outcome.uncertain),
        drained,
        surroundings,
        load,
    })
}

fn plan(options: &MemoryOptions) -> SystemPlan {
    let carrier = CarrierPlan {
        name: CARRIER,
        protocol: ProtocolName::Cmpp20,
        contract: Contract {
            rate_per_second: 100_000,
            window: 128,
            sessions: 4,
        },
        behaviour: Behaviour::default(),
        listening: false,
    };
    let open_max = options.messages.max(MESSAGES_OPEN_MIN);
    SystemPlan {
        environment: vec![("CARILLON_LIMITS_MESSAGES_OPEN_MAX", open_max.to_string())],
        ..SystemPlan::new(vec![carrier], 1, &options.place)
    }
}

async fn send(system: &System, options: &MemoryOptions) -> Result<LoadReport, RunError> {
    let mut load_options = system.load_options("memory");
    load_options.connections = options.connections;
    load_options.progress_bar = true;
    let mut source = PatternSource::new(0, options.messages, 0, load_options.lines_per_request);
    Ok(load::run(&load_options, &mut source, &mut system.settlement.clone()).await?)
}

/// The messages that the server says wait, when they are as many as expected or after a while.
async fn wait_counted(system: &System, expected: u64) -> Result<u64, RunError> {
    let start = Instant::now();
    loop {
        let metrics = Metrics::read(system.server.address()).await?;
        let waiting = metrics.figure("carillon_messages_waiting")?;
        if waiting == expected || start.elapsed() > COUNT_PATIENCE {
            return Ok(waiting);
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn drain(system: System, accepted: u64, surroundings: Surroundings) -> Result<Drained, RunError> {
    let back = Instant::now();
    system.host.orders().give(CARRIER, Order::Accept).await?;
    system.wait_closed(accepted, PATIENCE).await;
    let drain_seconds = back.elapsed().as_secs_f64();
    let rss_mib_max_draining = system.usage()?.rss_mib_max;
    let judgement = system.settle(PATIENCE).await?.judge(Tolerance {
        uncertain_max: Some(0),
        ..Tolerance::default()
    });
    Ok(Drained {
        drain_seconds,
        drained_per_s: accepted as f64 / drain_seconds,
        rss_mib_max_draining,
        outcome: Outcome::new(judgement, surroundings),
    })
}

fn longest(checkpoints: &[Checkpoint]) -> Duration {
    let writing = checkpoints.iter().map(|checkpoint| checkpoint.writing);
    writing.max().unwrap_or_default()
}

/// Everything below a folder.
fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some(if metadata.is_dir() {
                bytes_in(&entry.path())
            } else {
                metadata.len()
            })
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_all_files_below_a_folder_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).expect("made");
        fs::write(folder.path().join("a"), [0; 10]).expect("written");
        fs::write(inner.join("b"), [0; 5]).expect("written");
        assert_eq!(bytes_in(folder.path()), 15);
    }
}
