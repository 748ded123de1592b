//! When and how the server is killed: made from the seed alone, so that the same seed gives the same schedule.

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::Serialize;

/// What the server is doing when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Whatever it happens to do.
    Any,
    /// It starts after a kill and is not ready yet.
    Starting,
    /// It starts after a kill and writes the tail of its journal again.
    Rewriting,
    /// A checkpoint is written.
    Checkpoint,
    /// The journal goes on in a new volume, and the one after it is made.
    VolumeChange,
    /// A campaign's start was asked for.
    CampaignStart,
    /// A campaign's lines become messages.
    Expansion,
}

impl Moment {
    pub const ALL: [Moment; 7] = [
        Moment::Any,
        Moment::Starting,
        Moment::Rewriting,
        Moment::Checkpoint,
        Moment::VolumeChange,
        Moment::CampaignStart,
        Moment::Expansion,
    ];

    /// The server dies a second time, while it comes back.
    pub fn is_recovery(self) -> bool {
        matches!(self, Moment::Starting | Moment::Rewriting)
    }
}

/// What one of the carriers does before the kill, during it and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Storm {
    Calm,
    /// Every session is reset once.
    Cut,
    /// It is gone for a while.
    Down,
    /// It answers every segment with "slow down".
    Throttled,
    /// It reads and says nothing.
    Silent,
}

impl Storm {
    pub const ALL: [Storm; 5] = [
        Storm::Calm,
        Storm::Cut,
        Storm::Down,
        Storm::Throttled,
        Storm::Silent,
    ];

    /// Requests without an answer become uncertain by it, even if the server lived on (UNC-1). Silence is over long before
    /// a response counts as late.
    pub fn breaks_sessions(self) -> bool {
        matches!(self, Storm::Cut | Storm::Down)
    }
}

/// One entry of the schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    pub moment: Moment,
    pub storm: Storm,
    /// Which carrier has the storm.
    pub carrier: usize,
    /// From readiness until the moment is looked for.
    pub alive_ms: u64,
    /// How long before that the storm begins.
    pub lead_ms: u64,
    /// From the kill to the next start.
    pub down_ms: u64,
    /// From readiness until the storm ends.
    pub tail_ms: u64,
    /// 0…1 of the time in which a moment without a trace on the disk can be hit.
    pub share: f64,
}

const ALIVE_MS_MIN: u64 = 200;
const DOWN_MS_MAX: u64 = 500;
const LEAD_MS_MAX: u64 = 200;
const TAIL_MS_MAX: u64 = 600;

/// Endless: moments and storms in rounds, every round in an order of its own.
pub struct Schedule {
    random: SmallRng,
    alive_ms_max: u64,
    carriers: usize,
    moments: Vec<Moment>,
    storms: Vec<Storm>,
}

impl Schedule {
    pub fn new(seed: u64, alive_ms_max: u64, carriers: usize) -> Self {
        Schedule {
            random: SmallRng::seed_from_u64(seed),
            alive_ms_max: alive_ms_max.max(ALIVE_MS_MIN),
            carriers,
            moments: Vec::new(),
            storms: Vec::new(),
        }
    }

    pub fn next_plan(&mut self) -> Plan {
        let moment = deal(&mut self.moments, &Moment::ALL, &mut self.random);
        let storm = deal(&mut self.storms, &Storm::ALL, &mut self.random);
        let random = &mut self.random;
        let alive_ms = random.random_range(ALIVE_MS_MIN..=self.alive_ms_max);
        Plan {
            moment,
            storm,
            carrier: random.random_range(0..self.carriers),
            alive_ms,
            lead_ms: random.random_range(0..=LEAD_MS_MAX.min(alive_ms)),
            down_ms: random.random_range(0..=DOWN_MS_MAX),
            tail_ms: random.random_range(0..=TAIL_MS_MAX),
            share: random.random_range(0.0..1.0),
        }
    }
}

/// The next card of a shuffled deck.
fn deal<T: Copy>(deck: &mut Vec<T>, all: &[T], random: &mut SmallRng) -> T {
    if deck.is_empty() {
        deck.extend_from_slice(all);
        deck.shuffle(random);
    }
    deck.pop().unwrap_or(all[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn plans(seed: u64, count: usize) -> Vec<Plan> {
        let mut schedule = Schedule::new(seed, 3_000, 2);
        (0..count).map(|_| schedule.next_plan()).collect()
    }

    #[test]
    fn a_seed_gives_its_schedule_again() {
        assert_eq!(plans(7, 40), plans(7, 40));
        assert_ne!(plans(7, 40), plans(8, 40));
    }

    #[test]
    fn every_round_has_every_moment_and_every_storm() {
        for seed in 0..20 {
            let plans = plans(seed, 14);
            for round in plans.chunks(Moment::ALL.len()) {
                let moments: BTreeSet<_> = round.iter().map(|plan| plan.moment).collect();
                assert_eq!(moments.len(), Moment::ALL.len());
            }
            let storms: BTreeSet<_> = plans[..Storm::ALL.len()].iter().map(|plan| plan.storm).collect();
            assert_eq!(storms.len(), Storm::ALL.len());
            assert!(
                plans
                    .iter()
                    .all(|plan| plan.lead_ms <= plan.alive_ms && plan.carrier < 2)
            );
        }
    }
}
