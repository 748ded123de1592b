//! The short run finds what is planted.

use carillon_fuzz::short_run::{Seen, ShortRun};
use carillon_fuzz::{Memory, Target};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::hint::black_box;
use std::sync::Mutex;
use std::time::Duration;

/// Memory is measured over the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// The run, and the input that it kept.
fn run(seed: u64, run: fn(&[u8])) -> (Seen, Option<Vec<u8>>) {
    let _alone = ALONE.lock();
    let target = Target {
        name: "planted",
        run,
        seeds: || vec![b"abcdef".to_vec()],
        words: &["xyz"],
        memory: Memory {
            fixed_bytes: 100_000,
            per_input_byte: 10,
        },
        input_bytes_max: 1_000,
    };
    let folder = tempfile::tempdir().unwrap();
    let short_run = ShortRun {
        seed,
        time: Duration::from_millis(500),
        corpus: folder.path().join("none"),
        failed: folder.path().to_owned(),
    };
    let seen = short_run.over(&target).unwrap();
    let input = seen.failed.as_ref().map(|path| fs::read(path).unwrap());
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        usize::from(input.is_some())
    );
    (seen, input)
}

#[test]
fn a_fault_is_found_its_input_kept_and_the_seed_finds_it_again() {
    let planted = |input: &[u8]| assert!(!input.windows(3).any(|word| word == b"xyz") || input.len() < 9);
    let (seen, input) = run(1, planted);
    let input = input.expect("found");
    assert!(input.windows(3).any(|word| word == b"xyz") && input.len() >= 9);
    let (again, same) = run(1, planted);
    assert_eq!((again.mutated, same), (seen.mutated, Some(input)));
}

#[test]
fn memory_beyond_the_limit_is_a_fault_although_nothing_is_written_to_it() {
    let (_, input) = run(2, |input| {
        drop(black_box(Vec::<u8>::with_capacity(input.len() * 5_000)))
    });
    assert!(input.is_some());
}

#[test]
fn work_that_grows_faster_than_its_input_is_a_fault() {
    let (_, input) = run(3, |input| {
        // By the processor's time, of which a busy machine gives little.
        let cpu_s = || clock_gettime(ClockId::ThreadCPUTime).tv_sec;
        let began_s = cpu_s();
        while input.len() > 100 && cpu_s() - began_s < 3 {
            black_box(input);
        }
    });
    assert!(input.is_some());
}

#[test]
fn what_holds_costs_what_it_costs() {
    let (seen, input) = run(4, |input| drop(black_box(input.to_vec())));
    assert!(seen.mutated > 100 && input.is_none());
    assert!((1..=4_000).contains(&seen.most.memory_bytes), "{seen:?}");
}
