//! What screens cost: the same load without them and with them, and how soon they tell what happens.

use super::measure::Surroundings;
use super::outcome::{Outcome, RunError};
use super::place::Place;
use super::walls_phase::{phase, start};
use super::walls_watch::Watch;
use crate::judge::Tolerance;
use crate::load::{LoadReport, PatternSource, Percentiles};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct WallsOptions {
    pub walls: usize,
    /// Messages per second.
    pub rate: f64,
    /// How long it is measured without walls, and then with them.
    pub seconds: u64,
    pub place: Place,
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
    /// Of the way to the frame.
    pub p50_ms: f64,
    pub p99_ms: f64,
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

const PATIENCE: Duration = Duration::from_secs(30);

pub async fn walls(options: &WallsOptions) -> Result<WallsReport, RunError> {
    let mut system = start(&options.place).await?;
    let surroundings = Surroundings::measure(system.folder()).map_err(RunError::Measure)?;
    let mut source = PatternSource::new(0, u64::MAX, 0, 1_000);
    let without = phase(&system, options.rate, options.seconds, "without", &mut source).await?;
    let watch = Watch::start(
        options.walls,
        system.server.address(),
        system.server.operator_headers().await?,
        system.progress(),
    )
    .map_err(RunError::File)?;
    let with = phase(&system, options.rate, options.seconds, "with", &mut source).await?;
    let seen = watch.end();
    system
        .wait_closed(without.load.accepted + with.load.accepted, PATIENCE)
        .await;
    let event_to_frame_ms = seen.delays.percentiles();
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
        p50_ms: event_to_frame_ms.p50,
        p99_ms: event_to_frame_ms.p99,
        event_to_frame_ms,
        frames: seen.frames,
        bytes_per_frame: seen.bytes as f64 / seen.frames.max(1) as f64,
        walls_lost: seen.lost,
        outcome: Outcome::new(judgement, surroundings),
        load: [without.load, with.load],
    })
}
