//! Several lanes in one keyspace.

use super::house::House;
use carillon_domain::journey::Journey;
use carillon_domain::tally::Measure;
use carillon_domain::time::UnixMs;
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{HistoryPlace, journey, phone};
use carillon_storage::history::{Batch, GroupBy, History, Resolution, RollupQuery, SearchQuery};
use carillon_storage::journal::FrameSeq;

const FIRST_ID: u64 = 1_770_000_000_000 << 22;

fn journeys(first: u64, step: usize, count: usize) -> Vec<Journey> {
    let mut random = Random::new(first);
    let ids = (FIRST_ID + first..).step_by(step).take(count);
    ids.map(|id| journey(id, phone(1), 1, &mut random)).collect()
}

fn accepted(history: &impl History) -> i64 {
    let query = RollupQuery {
        resolution: Resolution::Day,
        from: UnixMs(0),
        until: UnixMs(u64::MAX),
        tenant: None,
        account: None,
        group_by: GroupBy::default(),
    };
    let rows = history.rollup(&query).unwrap();
    rows.iter().map(|row| row.counts[Measure::Accepted]).sum()
}

fn found(history: &impl History) -> Vec<Journey> {
    let query = SearchQuery {
        phone: Some(phone(1)),
        ..SearchQuery::newest(1_000)
    };
    history.search(&query).unwrap().journeys
}

#[test]
fn every_lane_sees_what_all_have_stored() {
    let house = House::new();
    let (first, second) = (house.lane(0), house.lane(1));
    let (even, odd) = (journeys(0, 2, 30), journeys(1, 2, 20));
    first.store(Batch::of(&even, &[]), FrameSeq(900)).unwrap();
    second.store(Batch::of(&odd, &[]), FrameSeq(3)).unwrap();
    assert_eq!(
        (first.stored_upto(), second.stored_upto()),
        (FrameSeq(900), FrameSeq(3))
    );
    let mut all: Vec<Journey> = even.iter().chain(&odd).cloned().collect();
    all.sort_by_key(|journey| std::cmp::Reverse(journey.message));
    for history in [&first, &second] {
        assert_eq!(found(history), all);
        assert_eq!(accepted(history), 50);
        assert_eq!(history.journey(odd[3].message).unwrap().as_ref(), Some(&odd[3]));
    }
    assert_eq!(first.size().rows, 30);
    drop(second);
    assert_eq!(house.lane(1).size().rows, 20);
}

/// Whoever was replaced and does not know it, changes nothing that the next one has stored.
#[test]
fn an_earlier_writer_of_a_lane_changes_nothing_any_more() {
    let house = House::new();
    let old = house.open();
    let first = journeys(0, 1, 10);
    old.store(Batch::of(&first, &[]), FrameSeq(10)).unwrap();
    let new = house.open();
    let (second, third) = (journeys(10, 1, 10), journeys(20, 1, 10));
    new.store(Batch::of(&second, &[]), FrameSeq(20)).unwrap();
    new.store(Batch::of(&third, &[]), FrameSeq(30)).unwrap();
    // The same frames, cut otherwise.
    let late: Vec<Journey> = second.iter().chain(&third[..5]).cloned().collect();
    old.store(Batch::of(&late, &[]), FrameSeq(25)).unwrap();
    drop((old, new));
    let history = house.open();
    assert_eq!(history.stored_upto(), FrameSeq(30));
    assert_eq!(accepted(&history), 30);
    assert_eq!(found(&history).len(), 30);
}
