//! Faults come one after the other while every lane is sent messages, and nothing may be lost or doubled (SAFE-2, SAFE-3; MSG-1,
//! DUP-1, IDEM-1, UNC-1).

use super::fault::{Fault, Outside};
use super::report::{Event, LaneReport, NodesReport};
use super::watch::Back;
use super::world::{WINDOWS, World};
use crate::bench::measure::Surroundings;
use crate::bench::outcome::RunError;
use crate::bench::place::Place;
use crate::judge::{RecordsReader, Tolerance};
use crate::load::{self, LoadOptions, LoadReport, PatternSource};
use futures_util::future::try_join_all;
use rustix::process::Signal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::process::Command;
use tokio::time::sleep;

#[derive(Clone, Debug)]
pub struct NodesOptions {
    pub nodes: usize,
    pub lanes: usize,
    pub seed: u64,
    /// Messages per second, of all lanes together.
    pub rate: f64,
    /// Each of a node's faults comes so often.
    pub times: u32,
    /// How long a node stands still.
    pub pause: Duration,
    /// Faults of the servers, each once.
    pub outside: Vec<Outside>,
    pub place: Place,
}

/// Every tenth message has two segments: they go together or not at all.
const LONG_EVERY: u64 = 10;
const LINES: usize = 100;
/// Between two faults.
const CALM: Duration = Duration::from_secs(3);
/// How long the last messages may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn nodes(options: &NodesOptions) -> Result<NodesReport, RunError> {
    let begin = Instant::now();
    let start_us = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros() as u64;
    let mut world = World::start(
        options.nodes,
        options.lanes,
        options.seed,
        start_us,
        &options.place,
    )
    .await?;
    let surroundings = Surroundings::measure(world.cluster.path()).map_err(RunError::Measure)?;
    let stop = Arc::<AtomicBool>::default();
    let loads: Vec<_> = (0..options.lanes)
        .map(|lane| load(&world, lane, options, &stop))
        .collect();
    let mut events = Vec::new();
    let faults = async {
        every_lane(&world).await?;
        for fault in schedule(options) {
            world.until_shared_out().await?;
            events.push(make(&mut world, fault, options).await?);
            sleep(CALM).await;
        }
        stop.store(true, Ordering::Relaxed);
        Ok::<_, RunError>(())
    };
    let ((), loads) = futures_util::future::try_join(faults, try_join_all(loads)).await?;
    let changes: u64 = events.iter().map(|event| event.lanes.len() as u64).sum();
    let uncertain_allowed = changes * WINDOWS;
    let lanes = settle(&mut world, loads, uncertain_allowed).await?;
    let mut report = NodesReport {
        seed: options.seed,
        nodes: options.nodes,
        seconds: begin.elapsed().as_secs_f64(),
        accepted: 0,
        lost: 0,
        doubled: 0,
        uncertain: 0,
        uncertain_allowed,
        wrong: Vec::new(),
        events,
        lanes,
        surroundings,
    };
    report.conclude();
    let World { cluster, host, .. } = world;
    host.stop()?;
    cluster.end(report.is_good()).await?;
    Ok(report)
}

/// The nodes' faults in turn, then the servers'.
fn schedule(options: &NodesOptions) -> Vec<Fault> {
    let of_nodes = |_| [Fault::Kill, Fault::Pause, Fault::Stop];
    let mut faults: Vec<_> = (0..options.times).flat_map(of_nodes).collect();
    faults.extend(options.outside.iter().cloned().map(Fault::Outside));
    faults
}

/// Before the first fault every lane works.
async fn every_lane(world: &World) -> Result<(), RunError> {
    match world.until_all_work(0, Instant::now()).await.sending {
        Some(_) => Ok(()),
        None => Err(RunError::Node("the lanes did not begin to send")),
    }
}

async fn make(world: &mut World, fault: Fault, options: &NodesOptions) -> Result<Event, RunError> {
    if let Fault::Outside(outside) = &fault {
        let status = Command::new("sh").arg("-c").arg(&outside.command).status().await;
        if !status.map_err(RunError::File)?.success() {
            return Err(RunError::Node("the command that makes a fault failed"));
        }
        let lanes: Vec<usize> = (0..options.lanes).collect();
        let back = world.until_all_work(0, Instant::now()).await;
        return Ok(event(fault, None, lanes, back));
    }
    let (node, asked, lanes) = victim(world).await?;
    let begin = Instant::now();
    let back = match &fault {
        Fault::Kill => {
            world.cluster.kill(node)?;
            let back = world.until_back(&lanes, node, asked, begin).await;
            world.cluster.start(node)?;
            back
        }
        Fault::Pause => {
            world.cluster.signal(node, Signal::STOP)?;
            let wakes = async {
                sleep(options.pause).await;
                world.cluster.signal(node, Signal::CONT)
            };
            let (back, woken) = tokio::join!(world.until_back(&lanes, node, asked, begin), wakes);
            woken?;
            back
        }
        Fault::Stop | Fault::Outside(_) => {
            world.cluster.ask_to_end(node)?;
            let back = world.until_back(&lanes, node, asked, begin).await;
            world.cluster.stop(node).await?;
            world.cluster.start(node)?;
            back
        }
    };
    world.cluster.until_ready(node).await?;
    if world.until_all_work(node, Instant::now()).await.sending.is_none() {
        return Err(RunError::Node("not all lanes send after a node came back"));
    }
    Ok(event(fault, Some(node), lanes, back))
}

fn event(fault: Fault, node: Option<usize>, lanes: Vec<usize>, back: Back) -> Event {
    let ms = |time: Duration| time.as_millis() as u64;
    Event {
        fault,
        node,
        lanes,
        owned_ms: back.owned.map(ms),
        sending_ms: back.sending.map(ms),
    }
}

/// The node with the most lanes, another one to ask, and the lanes.
async fn victim(world: &World) -> Result<(usize, usize, Vec<usize>), RunError> {
    let mut found: Option<(usize, Vec<usize>)> = None;
    for node in 0..world.cluster.count() {
        let lanes = world.lanes_of(node, node).await?;
        if found.as_ref().is_none_or(|(_, most)| most.len() < lanes.len()) {
            found = Some((node, lanes));
        }
    }
    let (node, lanes) = found.ok_or(RunError::Node("there are no nodes"))?;
    Ok((node, (node + 1) % world.cluster.count(), lanes))
}

/// One lane's messages, from now until told to stop, given to any node.
fn load(
    world: &World,
    lane: usize,
    options: &NodesOptions,
    stop: &Arc<AtomicBool>,
) -> impl Future<Output = Result<LoadReport, RunError>> + use<> {
    let book = &world.books[lane];
    let mut nodes = (0..options.nodes).map(|node| world.cluster.address((lane + node) % options.nodes));
    let address = nodes.next().expect("there is a node");
    let load_options = LoadOptions {
        rate: Some(options.rate / options.lanes as f64),
        others: nodes.collect(),
        lines_per_request: LINES,
        // A node that stands still answers nothing.
        timeout: Duration::from_secs(5),
        stop: Arc::clone(stop),
        ..LoadOptions::new(address, &book.key(), &format!("nodes-{}-{lane}", options.seed))
    };
    let markers = book.markers();
    let mut source = PatternSource::new(markers.start, markers.end, LONG_EVERY, LINES);
    let mut sink = book.settlement.clone();
    async move { Ok(load::run(&load_options, &mut source, &mut sink).await?) }
}

async fn settle(
    world: &mut World,
    loads: Vec<LoadReport>,
    uncertain_allowed: u64,
) -> Result<Vec<LaneReport>, RunError> {
    for book in &world.books {
        RecordsReader::new(world.cluster.address(0), &book.key())
            .follow(&book.settlement, PATIENCE)
            .await?;
    }
    world.flush().await?;
    let judged = world.books.iter().zip(loads).map(|(book, load)| {
        let tolerance = Tolerance {
            uncertain_max: Some(uncertain_allowed),
            ..Tolerance::default()
        };
        let mut settlement = book.settlement.0.lock();
        settlement.join_orphans(crate::bench::kills::marker_of);
        LaneReport {
            lane: book.lane,
            judgement: settlement.judge(tolerance),
            load,
        }
    });
    Ok(judged.collect())
}
