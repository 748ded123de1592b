//! The seeded simulator: many short lives of the real cores, in which every promise is checked after every step.
//!
//! `SEED=… SEEDS=… cargo test -p carillon-loadtest --lib simulate` lives others, or one that failed once more.

use super::{Carried, carry, live, simulate};
use carillon_domain::catalog::Strategy;

fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn no_life_breaks_a_promise() {
    let (first, seeds) = (number("SEED", 1), number("SEEDS", 300));
    let report = simulate(first, seeds, |_| {});
    println!("{report:#?}");
    if let Some(failure) = report.failure {
        panic!("{failure}");
    }
    if seeds >= 100 {
        let happened = [report.crashes, report.cuts, report.uncertain, report.compared];
        assert!(happened.iter().all(|count| *count > seeds / 2), "{happened:?}");
    }
}

#[test]
fn the_same_seed_lives_the_same_life() {
    for seed in [1, 7, 31, 1_000_003] {
        let lives = [0, 1].map(|_| {
            let mut witness = None;
            let figures = live(seed, |shared| witness = Some(shared));
            let trace = witness.map(|witness| witness.lock().trace.text());
            (figures, trace.unwrap_or_default())
        });
        let [(one, first), (other, second)] = lives;
        let differs = first
            .lines()
            .zip(second.lines())
            .find(|(one, other)| one != other);
        assert_eq!(one, other, "seed {seed}, among the last events {differs:?}");
    }
}

/// Which carrier fails 30 % for a while, which is slow and which throttles; the first is the primary.
const ROLES: [[u16; 3]; 6] = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];

/// A member falls back once for what its carrier does, returns, and may have been wrong about it a few times.
const SWITCHES_MAX: u64 = 16;

fn all(strategy: Strategy) -> Carried {
    let mut sum = Carried::default();
    for (seed, roles) in (1..).zip(ROLES) {
        let carried =
            carry(strategy, roles, seed).unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        println!("{strategy:?} {roles:?}: {carried:?}");
        assert!(
            carried.switches <= SWITCHES_MAX,
            "{strategy:?} {roles:?}: {} switches",
            carried.switches
        );
        sum.messages += carried.messages;
        sum.delivered += carried.delivered;
        sum.mean_s += carried.mean_s / ROLES.len() as f64;
        sum.p95_s += carried.p95_s / ROLES.len() as f64;
        sum.switches += carried.switches;
    }
    println!("{strategy:?}: {sum:?}");
    sum
}

#[test]
fn more_is_delivered_and_sooner() {
    let adaptive = all(Strategy::Adaptive);
    assert!(adaptive.switches >= 6, "{} switches", adaptive.switches);
    for other in [Strategy::PrimaryBackup, Strategy::Weighted] {
        let carried = all(other);
        assert_eq!((carried.messages, carried.switches), (adaptive.messages, 0));
        assert!(
            adaptive.delivered > carried.delivered,
            "{other:?} delivers {} of {}, adaptive {}",
            carried.delivered,
            carried.messages,
            adaptive.delivered
        );
        assert!(
            adaptive.mean_s < carried.mean_s && adaptive.p95_s < carried.p95_s,
            "{other:?} takes {:.1} s, 95 % within {:.1} s; adaptive {:.1} s and {:.1} s",
            carried.mean_s,
            carried.p95_s,
            adaptive.mean_s,
            adaptive.p95_s
        );
    }
}
