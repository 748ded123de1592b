//! A server with a long journal that is killed right before its next checkpoint, when a restart has the most to do; then killed
//! again and again while it recovers. What comes back is always the same (MSG-1, DUP-1, UNC-1, SAFE-2).

use super::measure::Surroundings;
use super::metrics::Metrics;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::room;
use super::snapshot::Snapshot;
use super::system::{CarrierPlan, System, SystemPlan};
use crate::judge::{Shared, Tolerance};
use crate::ledger::Contract;
use crate::load::{
    self, Acknowledgement, AcknowledgementError, AcknowledgementSink, LineKey, LoadReport, Outcome as Told,
    PatternSource,
};
use crate::sim::{Behaviour, Order, ProtocolName};
use carillon_domain::ids::MessageId;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

#[derive(Clone, Debug)]
pub struct RecoveryOptions {
    /// Accepted before the kill, and settled but for what is on its way then.
    pub messages: u64,
    /// How often it is killed while it recovers.
    pub kills: u32,
    pub place: Place,
}

#[derive(Clone, Debug, Serialize)]
pub struct RecoveryReport {
    pub messages: u64,
    pub messages_per_s: f64,
    pub rss_mib_max: f64,
    /// At the kill: bytes since the last checkpoint, of those after which the next one is taken; messages accepted and not
    /// finished at the carriers; and what the journal takes on the disk.
    pub bytes_to_replay: u64,
    pub checkpoint_bytes: u64,
    pub open_at_kill: u64,
    pub journal_disk_bytes: u64,
    /// From the start of the process to its readiness, and to the answer to the first message after it.
    pub ready_ms: f64,
    pub first_accepted_ms: f64,
    pub rss_mib_max_restarted: f64,
    /// Kills after that, those of them that came before it was ready, and the time to readiness after them.
    pub kills: u32,
    pub killed_while_recovering: u32,
    pub ready_again_ms: f64,
    /// What is open and waits, and the journeys looked at, are the same after both recoveries.
    pub same_state: bool,
    pub journeys_compared: usize,
    pub differences: Vec<String>,
    /// UNC-1: windows of all sessions, once.
    pub uncertain_allowed: u64,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub load: LoadReport,
}

const CARRIERS: [&str; 2] = ["carrier-a", "carrier-b"];
const CONTRACT: Contract = Contract {
    rate_per_second: 100_000,
    window: 128,
    sessions: 2,
};
const SESSIONS: u64 = CONTRACT.sessions as u64 * CARRIERS.len() as u64;
const OPEN_MAX: u64 = 50_000;
/// The default; set, so that it is known here.
const CHECKPOINT_BYTES: u64 = 256 << 20;
/// Per cent of these at which it is killed: what is on its way then must not set the checkpoint off.
const NEAR: u64 = 95;
/// From here on it is looked at often.
const NEARLY: u64 = 70;
const LOOK_SELDOM: Duration = Duration::from_millis(200);
const LOOK_OFTEN: Duration = Duration::from_millis(5);
/// Journeys that are compared, of the last [`OPEN_MAX`] that were accepted: all that are open are among these.
const JOURNEYS: usize = 1_000;
const BIND_PATIENCE: Duration = Duration::from_secs(20);
/// A server that is ready; one that recovers takes the connection and lets it wait.
const ANSWERS_WITHIN: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);
/// Journal and history of each message.
const DISK_BYTES_EACH: u64 = 1_000;
const DISK_BYTES_BESIDE: u64 = 1 << 30;
const MEMORY_BYTES_EACH: u64 = 60;
const MEMORY_BYTES_BESIDE: u64 = 2 << 30;

impl RecoveryReport {
    /// What was lost, doubled, or another after another recovery.
    pub fn complaints(&self) -> Vec<String> {
        let is_clean = self.outcome.clean && self.outcome.judgement.ended_unsent == 0;
        let judgement = (!is_clean).then(|| self.outcome.judgement.to_string());
        let too_late = self.killed_while_recovering == 0 && self.kills > 0;
        let too_late = too_late.then(|| "it was ready before each kill".to_owned());
        let differences = self.differences.iter().cloned();
        differences.chain(judgement).chain(too_late).collect()
    }
}

pub async fn recovery(options: &RecoveryOptions) -> Result<RecoveryReport, RunError> {
    let messages = options.messages;
    room::on_disk(
        &options.place.parent(),
        messages * DISK_BYTES_EACH + DISK_BYTES_BESIDE,
    )?;
    room::in_memory(messages * MEMORY_BYTES_EACH + MEMORY_BYTES_BESIDE)?;
    let mut system = System::start(plan(&options.place)).await?;
    system.bound(SESSIONS, BIND_PATIENCE).await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;

    let mut load_options = system.load_options("recovery");
    load_options.limit = Some(system.open_limit(OPEN_MAX));
    load_options.progress_bar = true;
    let (accepted, stop) = (Arc::clone(&load_options.accepted), Arc::clone(&load_options.stop));
    let mut source = PatternSource::new(0, u64::MAX, 0, load_options.lines_per_request);
    let mut sink = Latest {
        ids: VecDeque::new(),
        next: system.settlement.clone(),
    };
    let loading = async { Ok(load::run(&load_options, &mut source, &mut sink).await?) };
    let start = Instant::now();
    let killing = async {
        let told = kill_before_checkpoint(&mut system, messages, &accepted, &stop).await?;
        let seconds = start.elapsed().as_secs_f64();
        let ready = system.server.start_again().await?;
        Ok::<_, RunError>((told, seconds, ready))
    };
    // What was on its way is sent again until it is answered.
    let (load, (killed, seconds, ready)) = futures_util::future::try_join(loading, killing).await?;
    let first_accepted = ready + one_more(&system, load.lines).await?;
    let restarted = system.usage()?;
    let ids = sink.sample();
    let before = Snapshot::take(&system, &ids).await?;
    let killed_while_recovering = kill_while_recovering(&mut system, ready, options.kills).await?;
    let ready_again = system.server.start_again().await?;
    let differences = Snapshot::take(&system, &ids).await?.differences(&before);

    for carrier in CARRIERS {
        system.host.orders().give(carrier, Order::Accept).await?;
    }
    system.bound(SESSIONS, PATIENCE).await?;
    let uncertain_allowed = SESSIONS * u64::from(CONTRACT.window);
    let judgement = system.settle(PATIENCE).await?.judge(Tolerance {
        uncertain_max: Some(uncertain_allowed),
        ..Tolerance::default()
    });
    Ok(RecoveryReport {
        messages,
        messages_per_s: killed.accepted as f64 / seconds,
        rss_mib_max: killed.rss_mib_max,
        bytes_to_replay: killed.bytes,
        checkpoint_bytes: CHECKPOINT_BYTES,
        open_at_kill: killed.open,
        journal_disk_bytes: killed.disk_bytes,
        ready_ms: ms(ready),
        first_accepted_ms: ms(first_accepted),
        rss_mib_max_restarted: restarted.rss_mib_max,
        kills: options.kills,
        killed_while_recovering,
        ready_again_ms: ms(ready_again),
        same_state: differences.is_empty(),
        journeys_compared: before.journeys.len(),
        differences,
        uncertain_allowed,
        outcome: Outcome::new(judgement, surroundings),
        load,
    })
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn plan(place: &Place) -> SystemPlan {
    let carriers = CARRIERS.map(|name| CarrierPlan {
        name,
        protocol: ProtocolName::Cmpp20,
        contract: CONTRACT,
        behaviour: Behaviour::default(),
        listening: true,
    });
    SystemPlan {
        environment: vec![("CARILLON_JOURNAL_CHECKPOINT_BYTES", CHECKPOINT_BYTES.to_string())],
        ..SystemPlan::new(carriers.to_vec(), 1, place)
    }
}

/// What there was when it was killed.
struct Killed {
    bytes: u64,
    disk_bytes: u64,
    accepted: u64,
    open: u64,
    rss_mib_max: f64,
}

/// Kills the server under load, and its carriers' lines with it, when it soon would take a checkpoint.
async fn kill_before_checkpoint(
    system: &mut System,
    messages: u64,
    accepted: &AtomicU64,
    stop: &AtomicBool,
) -> Result<Killed, RunError> {
    let near = |percent: u64| CHECKPOINT_BYTES / 100 * percent;
    loop {
        let metrics = Metrics::read(system.server.address()).await?;
        let bytes = metrics.figure("carillon_journal_bytes_since_checkpoint")?;
        let accepted = accepted.load(Ordering::Relaxed);
        // Above, the checkpoint is being taken.
        if accepted >= messages && (near(NEAR)..CHECKPOINT_BYTES).contains(&bytes) {
            stop.store(true, Ordering::Relaxed);
            let killed = Killed {
                bytes,
                disk_bytes: metrics.figure("carillon_journal_disk_bytes")?,
                accepted,
                open: accepted.saturating_sub(system.closed()),
                rss_mib_max: system.usage()?.rss_mib_max,
            };
            system.server.kill()?;
            for carrier in CARRIERS {
                system.host.orders().give(carrier, Order::Down).await?;
            }
            return Ok(killed);
        }
        let soon = accepted + OPEN_MAX >= messages && bytes >= near(NEARLY);
        tokio::time::sleep(if soon { LOOK_OFTEN } else { LOOK_SELDOM }).await;
    }
}

/// How long one more message takes to be accepted.
async fn one_more(system: &System, marker: u64) -> Result<Duration, RunError> {
    let mut options = system.load_options("recovered");
    options.single = true;
    options.connections = 1;
    let mut source = PatternSource::new(marker, marker + 1, 0, 1);
    let start = Instant::now();
    load::run(&options, &mut source, &mut system.settlement.clone()).await?;
    Ok(start.elapsed())
}

/// Kills it, then starts and kills it, each time somewhat later in its recovery; how often it was not ready by then.
async fn kill_while_recovering(system: &mut System, ready: Duration, kills: u32) -> Result<u32, RunError> {
    system.server.kill()?;
    let mut early = 0;
    for kill in 1..=kills {
        system.server.spawn()?;
        tokio::time::sleep(ready * kill / (kills + 1)).await;
        let mut client = system.server.client();
        let answer = tokio::time::timeout(ANSWERS_WITHIN, client.get("/readyz")).await;
        early += u32::from(!matches!(answer, Ok(Ok(answer)) if answer.status == 200));
        system.server.kill()?;
    }
    Ok(early)
}

/// Keeps the ids of the messages that were accepted last.
struct Latest {
    ids: VecDeque<MessageId>,
    next: Shared,
}

impl Latest {
    /// Some of them, evenly spread.
    fn sample(&self) -> Vec<MessageId> {
        let step = (self.ids.len() / JOURNEYS).max(1);
        self.ids.iter().rev().step_by(step).copied().collect()
    }
}

impl AcknowledgementSink for Latest {
    fn begun(&mut self, lines: &[LineKey], at: SystemTime) {
        self.next.begun(lines, at);
    }

    fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), AcknowledgementError> {
        if let Told::Accepted(id) = acknowledgement.outcome {
            self.ids.push_back(id);
            if self.ids.len() as u64 > OPEN_MAX {
                self.ids.pop_front();
            }
        }
        self.next.acknowledge(acknowledgement)
    }

    fn flush(&mut self) -> Result<(), AcknowledgementError> {
        self.next.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Settlement;

    #[test]
    fn the_last_messages_are_sampled() {
        let mut latest = Latest {
            ids: VecDeque::new(),
            next: Shared::new(Settlement::new(0, 0)),
        };
        let all = OPEN_MAX + 7;
        for marker in 0..all {
            let acknowledgement = Acknowledgement {
                line: marker + 1,
                marker: Some(marker),
                phone: "".into(),
                outcome: Told::Accepted(MessageId(marker + 1)),
            };
            latest.acknowledge(acknowledgement).expect("kept");
        }
        let sample = latest.sample();
        assert_eq!(sample.len(), JOURNEYS);
        assert_eq!(sample.first(), Some(&MessageId(all)));
        assert!(sample.iter().all(|id| id.0 > all - OPEN_MAX));
    }
}
