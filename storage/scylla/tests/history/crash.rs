//! A writer that is killed while it stores; the next one is handed over again what is not whole, in other batches.

use super::house::House;
use carillon_domain::fact::FinalState;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::{Amendment, Journey, MessageState};
use carillon_domain::tally::Measure;
use carillon_domain::time::UnixMs;
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{HistoryPlace, journey, phone};
use carillon_storage::history::{Batch, GroupBy, History, Resolution, RollupQuery, SearchQuery};
use carillon_storage::journal::FrameSeq;
use std::process::{Command, Stdio};
use std::time::Duration;

const FIRST_ID: u64 = 1_770_000_000_000 << 22;
const FRAMES: u64 = 800;
const PER_FRAME: u64 = 5;
/// Tells the child that it is one.
const CHILD: &str = "CARILLON_TEST_CRASH_CHILD";

/// What ended in a frame; of every other one the first message is corrected a few frames later.
fn frame(number: u64) -> (Vec<Journey>, Vec<Amendment>) {
    let mut random = Random::new(number);
    let ids = number * PER_FRAME..(number + 1) * PER_FRAME;
    let journeys = ids.map(|id| {
        let to = phone(random.below(3));
        let mut journey = journey(FIRST_ID + (id << 22), to, 1, &mut random);
        journey.state = MessageState::Final(FinalState::Unknown);
        journey
    });
    let journeys = journeys.collect();
    let corrected = number.checked_sub(3).filter(|number| number % 2 == 0);
    let amendment = corrected.map(|number| Amendment {
        message: MessageId(FIRST_ID + ((number * PER_FRAME) << 22)),
        state: FinalState::Delivered,
        cause: None,
        at: UnixMs(1_770_000_100_000 + number),
    });
    (journeys, amendment.into_iter().collect())
}

/// Hands over frames after `known`, so many at once.
fn hand_over(history: &impl History, per_batch: u64) {
    let mut next = history.stored_upto().0 + 1;
    while next <= FRAMES {
        let last = (next + per_batch - 1).min(FRAMES);
        let (journeys, amendments): (Vec<_>, Vec<_>) = (next..=last).map(frame).unzip();
        let (journeys, amendments) = (journeys.concat(), amendments.concat());
        history
            .store(Batch::of(&journeys, &amendments), FrameSeq(last))
            .unwrap();
        next = last + 1;
    }
}

#[test]
fn a_killed_writer_leaves_nothing_half() {
    let house = House::new();
    drop(house.open());
    let mut random = Random::new(u64::from(std::process::id()));
    // So short that even a fast machine has not done everything before it is killed twice.
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "crash::the_child_stores_until_it_is_killed",
                "--exact",
                "--nocapture",
            ])
            .env(CHILD, "yes")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(400 + random.below(600)));
        child.kill().unwrap();
        child.wait().unwrap();
        let history = house.open();
        let stored = history.stored_upto().0;
        assert_whole(&history, stored);
        assert!(stored < FRAMES || round > 0, "nothing was interrupted");
    }
    let history = house.open();
    hand_over(&history, 11);
    assert_whole(&history, FRAMES);
}

/// Everything up to a frame is there, counted once, and nothing else.
fn assert_whole(history: &impl History, upto: u64) {
    let rows = history
        .rollup(&RollupQuery {
            resolution: Resolution::Minute,
            from: UnixMs(0),
            until: UnixMs(u64::MAX),
            tenant: None,
            account: None,
            group_by: GroupBy::default(),
        })
        .unwrap();
    let sum = |measure: Measure| rows.iter().map(|row| row.counts[measure]).sum::<i64>() as u64;
    let corrected = (1..=upto).map(|number| frame(number).1.len() as u64).sum::<u64>();
    // The correction of frame 0, which nobody hands over, is early for ever.
    let early = u64::from(upto >= 3);
    assert_eq!(sum(Measure::Accepted), upto * PER_FRAME, "up to frame {upto}");
    assert_eq!(sum(Measure::Delivered), corrected - early, "up to frame {upto}");
    let mut found = 0;
    for number in 0..3 {
        let query = SearchQuery {
            phone: Some(phone(number)),
            ..SearchQuery::newest(10_000)
        };
        found += history.search(&query).unwrap().journeys.len() as u64;
    }
    assert_eq!(found, upto * PER_FRAME, "up to frame {upto}");
}

/// Part of the test above: by itself it does nothing.
#[test]
fn the_child_stores_until_it_is_killed() {
    if std::env::var(CHILD).is_err() {
        return;
    }
    let history = House::as_it_is().open();
    let per_batch = 3 + u64::from(std::process::id() % 5);
    hand_over(&history, per_batch);
    std::thread::sleep(Duration::from_secs(60));
}
