use super::acts;
use super::campaign::Runner;
use super::fairness;
use super::hospital;
use super::promise::{Promise, Violation};
use super::trace::Event;
use super::truth;
use super::witness::SharedWitness;
use super::world::{Counts, World, random};
use crate::sim::{Behaviour, Range, WeightedStatus};
use carillon_domain::campaign::{CampaignChange, CampaignState};
use carillon_domain::catalog::Snapshot;
use carillon_domain::journey::Journey;
use rand::RngExt;
use rand::rngs::SmallRng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// By then everything has ended once nothing is broken any more: validity, receipt wait and the waits of a plan, with a margin.
const END_WITHIN: Duration = Duration::from_secs(600);

/// Every so many seeds the life is about fair shares and nothing else.
const FAIR_EVERY: u64 = 32;

/// What a life was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub messages: u64,
    pub segments: u64,
    pub counts: Counts,
    pub simulated_s: u64,
    /// The same for the same seed.
    pub digest: u64,
}

/// Lives one life. `on_start` gets the witness before anything happens, who can tell what happened when it ends in a panic.
pub fn live(seed: u64, on_start: impl FnOnce(SharedWitness)) -> Result<Figures, Violation> {
    if seed % FAIR_EVERY == FAIR_EVERY - 1 {
        return fairness::live(seed, on_start);
    }
    let mut random = random(seed);
    let base = hospital::snapshot(&mut random);
    let mut world = World::new(base.clone(), any_behaviour, random);
    on_start(world.witness.clone());
    world.sync_ms_max = [0, 3, 30, 250][world.random.random_range(0..4)];
    let acts = world.random.random_range(20..90);
    for _ in 0..acts {
        let pause = match world.random.random_range(0..10) {
            0 => world.random.random_range(1_000..6_000),
            1..5 => world.random.random_range(1..20),
            _ => world.random.random_range(20..600),
        };
        let then = world.now.monotonic + Duration::from_millis(pause);
        world.run_until(then)?;
        acts::act(&mut world, &base)?;
    }
    heal(&mut world, &base);
    settled_end(&mut world)?;
    Ok(figures(&world))
}

pub fn figures(world: &World) -> Figures {
    let witness = world.witness.lock();
    Figures {
        messages: witness.made.iter().filter(|made| made.id.is_some()).count() as u64,
        segments: witness.segments_arrived,
        counts: world.counts,
        simulated_s: world.now.monotonic.0.as_secs(),
        digest: witness.trace.digest(),
    }
}

/// Everything works from now on.
fn heal(world: &mut World, base: &Snapshot) {
    world.note(Event::Healed);
    world.set_disk_free(None);
    for id in world.line_ids() {
        world.lane.resume(id);
        let line = world.line(id);
        line.is_reachable = true;
        line.torn_share = 0.0;
        line.carrier.switch(|switches| *switches = Default::default());
        let behaviour = line.carrier.behaviour();
        (
            behaviour.silent_share,
            behaviour.cut_after,
            behaviour.reject_share,
        ) = (0.0, 0, 0.0);
    }
    world.install(base.clone(), "as in the beginning");
}

/// Lets everything come to its end, and settles what is recorded against what carriers saw.
pub fn settled_end(world: &mut World) -> Result<(), Violation> {
    let until = world.now.monotonic + END_WITHIN;
    loop {
        steer_to_the_end(world);
        if world.lane.columns().is_empty() && world.is_durable() && campaigns_are_over(world) {
            break;
        }
        if world.now.monotonic >= until {
            let open = world
                .lane
                .columns()
                .rows()
                .next()
                .map(|(_, row)| format!("{row:?}"));
            world.broken(Promise::Msg1, format!("it never ended: {open:?}"));
        }
        world.witness.lock().verdict()?;
        world.run_until(world.now.monotonic + Duration::from_secs(2))?;
    }
    world.compare();
    if !world.campaigns.iter().all(|campaign| campaign.is_true(world)) {
        world.broken(Promise::Msg1, "a campaign has finished without all its lines");
    }
    let history: BTreeMap<_, Arc<Journey>> = world
        .history
        .iter()
        .map(|(id, (_, journey))| (*id, journey.clone()))
        .collect();
    let witness = world.witness.lock();
    witness.verdict()?;
    truth::settle(&witness, &history)
}

/// Campaigns that nobody has started, or that were paused, go on.
fn steer_to_the_end(world: &mut World) {
    for index in 0..world.campaigns.len() {
        let change = match world.campaigns[index].state(world) {
            Some(CampaignState::Ready) => CampaignChange::Started,
            Some(CampaignState::Paused) => CampaignChange::Resumed,
            _ => continue,
        };
        let id = world.campaigns[index].id;
        if world.lane.change_campaign(id, change, world.now).is_ok() {
            let now = world.now.monotonic;
            world.campaigns[index].wake(now);
        }
    }
    world.settle();
}

fn campaigns_are_over(world: &World) -> bool {
    let is_over = |runner: &Runner| runner.state(world).is_none_or(CampaignState::is_over);
    world.campaigns.iter().all(is_over)
}

/// A carrier with some bad habits.
pub fn any_behaviour(random: &mut SmallRng) -> Behaviour {
    let mut share = |of: f64, most: f64| match random.random_bool(of) {
        true => random.random_range(0.0..most),
        false => 0.0,
    };
    let status = |status: &str, weight| WeightedStatus {
        status: status.into(),
        error: "000".into(),
        weight,
    };
    Behaviour {
        slow_share: share(0.3, 0.3),
        receipt_first_share: share(0.5, 0.6),
        doubled_share: share(0.5, 0.5),
        lost_receipt_share: share(0.4, 0.3),
        other_session_share: share(0.5, 1.0),
        reject_share: share(0.4, 0.3),
        silent_share: share(0.3, 0.1),
        response_ms: Range { min: 1, max: 150 },
        slow_response_ms: Range { min: 500, max: 6_000 },
        receipt_ms: Range { min: 0, max: 3_000 },
        receipts: vec![status("DELIVRD", 5), status("UNDELIV", 1), status("EXPIRED", 1)],
        ..Behaviour::default()
    }
}
