//! The server is killed while it works, again and again, and nothing may be lost or doubled (SAFE-2; MSG-1, DUP-1, IDEM-1,
//! UNC-1, RCP-1).

use super::books::Party;
use super::killer::{Killer, ROUND};
use super::report::{KillsReport, PartyReport, hits};
use super::schedule::Moment;
use super::settle::settle;
use super::world::World;
use crate::bench::measure::Surroundings;
use crate::bench::outcome::RunError;
use crate::bench::place::Place;
use crate::load::{self, LoadOptions, LoadReport, PatternSource};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug)]
pub struct KillsOptions {
    /// At least so many; more until every moment was hit, when there are enough to expect that.
    pub times: u32,
    pub seed: u64,
    /// Messages per second.
    pub rate: f64,
    /// The server lives this long at most between two kills, unless a moment is waited for.
    pub alive_ms_max: u64,
    pub place: Place,
}

/// Every tenth message has two segments: they die together or not at all.
const LONG_EVERY: u64 = 10;
const LINES: usize = 200;
/// Of the rate; the rest is of the type that holds.
const RESENT_SHARE: f64 = 0.25;

pub async fn kills(options: &KillsOptions) -> Result<KillsReport, RunError> {
    let start = Instant::now();
    let start_us = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros() as u64;
    let world = World::start(options.seed, start_us, &options.place).await?;
    let surroundings = Surroundings::measure(world.folder.path()).map_err(RunError::Measure)?;
    let stop = Arc::<AtomicBool>::default();
    let held = load(&world, Party::Held, options, &stop);
    let resent = load(&world, Party::Resent, options, &stop);
    let mut killer = Killer::new(world, options.seed, options.alive_ms_max, start);
    let killing = async {
        killer.kill_all(u64::from(options.times)).await?;
        stop.store(true, Ordering::Relaxed);
        Ok::<_, RunError>(())
    };
    let ((), held, resent) = futures_util::future::try_join3(killing, held, resent).await?;
    let Killer {
        world,
        mut campaigns,
        events,
        restarts,
        uncertain_allowed,
        starts_unanswered,
        ..
    } = killer;
    let settled = settle(world, &mut campaigns, uncertain_allowed).await?;
    let loads = [Some(held), Some(resent), None];
    let parties = settled
        .judgements
        .into_iter()
        .zip(settled.counted)
        .zip(loads)
        .zip(Party::ALL);
    let mut report = KillsReport {
        seed: options.seed,
        seconds: start.elapsed().as_secs_f64(),
        kills: events.len() as u64,
        moments: hits(&events),
        storms: BTreeMap::new(),
        restart_ms_p50: quantile_ms(&restarts, 0.5),
        restart_ms_max: quantile_ms(&restarts, 1.0),
        accepted: 0,
        lost: 0,
        doubled: 0,
        uncertain: 0,
        uncertain_ever: settled.uncertain_ever,
        uncertain_allowed,
        unresolved: 0,
        repeated: settled.repeated,
        campaigns: campaigns.count() as u64,
        starts_unanswered,
        wrong: settled.wrong,
        parties: parties
            .map(|(((judgement, counted), load), party)| PartyReport {
                party,
                counted,
                judgement,
                load,
            })
            .collect(),
        events,
        surroundings,
    };
    for kill in &report.events {
        *report.storms.entry(kill.storm).or_default() += 1;
    }
    report.sum();
    report.wrong.extend(report.objections());
    let never = Moment::ALL
        .iter()
        .filter(|moment| u64::from(options.times) >= ROUND && report.moments[moment].hit == 0);
    let never: Vec<_> = never.map(|moment| format!("{moment:?} was never hit")).collect();
    report.wrong.extend(never);
    settled.folder.finish(report.is_good());
    Ok(report)
}

/// One party's messages, from now until told to stop, whatever happens to the server.
fn load(
    world: &World,
    party: Party,
    options: &KillsOptions,
    stop: &Arc<AtomicBool>,
) -> impl Future<Output = Result<LoadReport, RunError>> + use<> {
    let run = format!("kills-{}-{}", options.seed, party.account());
    let share = match party {
        Party::Resent => RESENT_SHARE,
        Party::Held | Party::Campaigns => 1.0 - RESENT_SHARE,
    };
    let load_options = LoadOptions {
        rate: Some(options.rate * share),
        lines_per_request: LINES,
        stop: Arc::clone(stop),
        ..LoadOptions::new(world.server.address(), party.api_key(), &run)
    };
    let markers = party.markers();
    let mut source = PatternSource::new(markers.start, markers.end, LONG_EVERY, LINES);
    let mut sink = world.books.told(party);
    async move { Ok(load::run(&load_options, &mut source, &mut sink).await?) }
}

fn quantile_ms(durations: &[Duration], share: f64) -> u64 {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted
        .get(place)
        .map_or(0, |duration| duration.as_millis() as u64)
}
