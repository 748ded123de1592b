//! The seeded simulator: many short lives of the real cores, in which every promise is checked after every step.
//!
//! `SEED=… SEEDS=… cargo test -p carillon-loadtest --lib simulate` lives others, or one that failed once more.

use super::{live, simulate};

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
