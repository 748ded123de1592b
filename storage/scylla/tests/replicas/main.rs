//! Three servers that hold each row three times, one of which hangs or is gone. The addresses are in `CARILLON_TEST_CASSANDRA`, the folder
//! of the servers in `CARILLON_TEST_SERVERS`.

#[path = "../history/house.rs"]
mod house;

use carillon_domain::journey::Journey;
use carillon_domain::tally::Measure;
use carillon_domain::time::UnixMs;
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{HistoryPlace, journey, phone};
use carillon_storage::history::{Batch, GroupBy, History, Resolution, RollupQuery, SearchQuery};
use carillon_storage::journal::FrameSeq;
use house::House;
use std::process::Command;
use std::time::{Duration, Instant};

const FIRST_ID: u64 = 1_770_000_000_000 << 22;
const PER_FRAME: u64 = 20;

/// One test: the servers are the same, and only one of them may be missing at a time.
#[test]
fn one_of_three_may_hang_or_be_gone() {
    let house = House::new();
    let history = house.lane(0);
    let mut frames = 0;
    store_for(&history, Duration::from_secs(1), &mut frames);

    // A hung server keeps its connections and answers nothing.
    servers("pause", 2);
    let slowest = store_for(&history, Duration::from_secs(8), &mut frames);
    assert!(slowest < Duration::from_secs(5), "a batch took {slowest:?}");
    assert_whole(&history, frames);
    servers("resume", 2);

    servers("kill", 3);
    let slowest = store_for(&history, Duration::from_secs(4), &mut frames);
    assert!(slowest < Duration::from_secs(5), "a batch took {slowest:?}");
    // Whoever starts meanwhile finds everything as well.
    drop(history);
    let history = house.open();
    assert_eq!(history.stored_upto(), FrameSeq(frames));
    assert_whole(&history, frames);
    servers("start", 3);
    store_for(&history, Duration::from_secs(1), &mut frames);
    assert_whole(&history, frames);
}

/// Stores frame after frame; returns how long the slowest took.
fn store_for(history: &impl History, time: Duration, frames: &mut u64) -> Duration {
    let begin = Instant::now();
    let mut slowest = Duration::ZERO;
    while begin.elapsed() < time {
        *frames += 1;
        let begin = Instant::now();
        history
            .store(Batch::of(&frame(*frames), &[]), FrameSeq(*frames))
            .unwrap();
        slowest = slowest.max(begin.elapsed());
    }
    slowest
}

fn frame(number: u64) -> Vec<Journey> {
    let mut random = Random::new(number);
    let ids = number * PER_FRAME..(number + 1) * PER_FRAME;
    ids.map(|id| journey(FIRST_ID + (id << 22), phone(1), 1, &mut random))
        .collect()
}

fn assert_whole(history: &impl History, frames: u64) {
    let query = RollupQuery {
        resolution: Resolution::Day,
        from: UnixMs(0),
        until: UnixMs(u64::MAX),
        tenant: None,
        account: None,
        group_by: GroupBy::default(),
    };
    let rows = history.rollup(&query).unwrap();
    let accepted: i64 = rows.iter().map(|row| row.counts[Measure::Accepted]).sum();
    assert_eq!(accepted as u64, frames * PER_FRAME);
    let mut query = SearchQuery {
        phone: Some(phone(1)),
        ..SearchQuery::newest(10_000)
    };
    let mut found = 0;
    loop {
        let page = history.search(&query).unwrap();
        found += page.journeys.len() as u64;
        query.before = page.next;
        if query.before.is_none() {
            break;
        }
    }
    assert_eq!(found, frames * PER_FRAME);
}

/// What is done to one of the servers.
fn servers(what: &str, node: u32) {
    let folder =
        std::env::var("CARILLON_TEST_SERVERS").expect("CARILLON_TEST_SERVERS must name the servers' folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/servers/servers.sh");
    let server = format!("cassandra3:{node}");
    let status = Command::new(script)
        .args([what, &folder, &server])
        .status()
        .unwrap();
    assert!(status.success(), "{what} {server}");
}
