//! A message's whole way through the real cores, the real sessions and the real journal (DESIGN invariants).

use crate::world::{HOLD, RESEND, World, assert_no_doubles, assert_same_state, catalog, connection};
use carillon_actors::intake::IntakeError;
use carillon_domain::catalog::{Protocol, Strategy};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::ConnectionId;
use carillon_domain::journey::MessageState;
use std::collections::BTreeMap;
use std::time::Duration;

const FIRST: ConnectionId = ConnectionId(1);
const SECOND: ConnectionId = ConnectionId(2);

fn protocols() -> [Protocol; 3] {
    [Protocol::Cmpp20, Protocol::Cmpp30, Protocol::Smpp34]
}

fn states(world: &World) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    world
        .finished
        .values()
        .for_each(|journey| *states.entry(journey.state.word()).or_default() += 1);
    states
}

#[test]
fn a_message_is_delivered_by_every_protocol() {
    for protocol in protocols() {
        let mut world = World::new(catalog(Strategy::PrimaryBackup, vec![connection(1, protocol)]), 1);
        world.send(HOLD, 1);
        world.send(HOLD, 3);
        world.run_until_empty(Duration::from_secs(20));
        assert_eq!(states(&world), BTreeMap::from([("delivered", 2)]), "{protocol:?}");
        assert_eq!(world.acknowledged.len(), 2);
        assert_eq!(world.ledger.entries.len(), 4);
        let journey = world.finished.values().nth(1).unwrap();
        assert_eq!(journey.attempts[0].segments.len(), 3);
        assert!(
            journey.attempts[0]
                .segments
                .iter()
                .all(|segment| segment.carrier_id.is_some())
        );
    }
}

#[test]
fn receipts_before_responses_and_doubled_ones_count_once() {
    for protocol in protocols() {
        let mut world = World::new(catalog(Strategy::PrimaryBackup, vec![connection(1, protocol)]), 2);
        let carrier = world.carriers.get_mut(&FIRST).unwrap();
        carrier.behaviour.receipts_first = 0.5;
        carrier.behaviour.receipts_twice = 0.5;
        world.send_many(HOLD, 200);
        world.run_until_empty(Duration::from_secs(60));
        assert_eq!(
            states(&world),
            BTreeMap::from([("delivered", 200)]),
            "{protocol:?}"
        );
        let counters = world.lane.counters();
        assert_eq!(counters.receipts_matched.get(), 200, "{protocol:?} (RCP-1)");
        world.run(Duration::from_secs(2));
        let counters = world.lane.counters();
        assert!(counters.receipts_duplicate.get() > 20, "{protocol:?}");
    }
}

#[test]
fn the_rate_is_kept_in_every_sliding_second() {
    let mut config = connection(1, Protocol::Cmpp20);
    config.rate_per_second = 100;
    config.sessions = 4;
    let mut world = World::new(catalog(Strategy::PrimaryBackup, vec![config]), 3);
    world.send_many(HOLD, 600);
    world.run_until_empty(Duration::from_secs(20));
    let times: Vec<_> = world.ledger.entries.iter().map(|entry| entry.at.0).collect();
    for (index, start) in times.iter().enumerate() {
        let in_second = times[index..]
            .iter()
            .take_while(|at| **at < *start + Duration::from_secs(1))
            .count();
        assert!(in_second <= 100, "{in_second} in one second (RATE-1)");
    }
    let took = *times.last().unwrap() - times[0];
    assert!(
        took < Duration::from_millis(6_500),
        "the rate is also reached: {took:?}"
    );
}

#[test]
fn a_busy_carrier_gets_the_same_again_and_nothing_is_lost() {
    for protocol in protocols() {
        let mut world = World::new(catalog(Strategy::PrimaryBackup, vec![connection(1, protocol)]), 4);
        world.carriers.get_mut(&FIRST).unwrap().behaviour.throttled = 0.1;
        world.send_many(HOLD, 100);
        for _ in 0..10 {
            world.send(HOLD, 4);
        }
        world.run_until_empty(Duration::from_secs(600));
        assert_eq!(
            states(&world),
            BTreeMap::from([("delivered", 110)]),
            "{protocol:?}"
        );
        let taken = world.ledger.entries.iter().filter(|entry| entry.taken).count();
        assert_eq!(taken, 140, "{protocol:?} (DUP-1)");
    }
}

#[test]
fn refusals_and_failures_end_with_the_carriers_code() {
    let mut world = World::new(
        catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp30)]),
        5,
    );
    world.carriers.get_mut(&FIRST).unwrap().behaviour.rejected = 1.0;
    world.send(HOLD, 1);
    world.run_until_empty(Duration::from_secs(10));
    world.carriers.get_mut(&FIRST).unwrap().behaviour.rejected = 0.0;
    world.carriers.get_mut(&FIRST).unwrap().behaviour.undelivered = 1.0;
    world.send(HOLD, 2);
    world.run_until_empty(Duration::from_secs(10));
    let causes: Vec<_> = world
        .finished
        .values()
        .map(|journey| (journey.state, journey.cause.as_deref()))
        .collect();
    let failed = MessageState::Final(FinalState::Failed);
    assert_eq!(causes, [(failed, Some("13")), (failed, Some("UNDELIV"))]);
}

#[test]
fn the_backup_pulls_when_the_primary_is_gone_and_the_primary_takes_over_again() {
    let connections = vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Smpp34)];
    let mut world = World::new(catalog(Strategy::PrimaryBackup, connections), 6);
    world.run(Duration::from_secs(2));
    world.send_many(HOLD, 50);
    world.run(Duration::from_secs(1));
    assert!(world.ledger.entries.iter().all(|entry| entry.connection == FIRST));
    world.carriers.get_mut(&FIRST).unwrap().behaviour.reachable = false;
    world.cut(FIRST);
    let before = world.now.monotonic;
    world.send_many(HOLD, 50);
    world.run_until_empty(Duration::from_secs(30));
    let by_backup: Vec<_> = world
        .ledger
        .entries
        .iter()
        .filter(|entry| entry.connection == SECOND)
        .collect();
    assert_eq!(by_backup.len(), 50);
    assert!(
        by_backup
            .iter()
            .all(|entry| entry.at - before < Duration::from_secs(2))
    );
    world.carriers.get_mut(&FIRST).unwrap().behaviour.reachable = true;
    world.run(Duration::from_secs(30));
    let seen = world.ledger.entries.len();
    world.send_many(HOLD, 20);
    world.run_until_empty(Duration::from_secs(10));
    assert!(
        world.ledger.entries[seen..]
            .iter()
            .all(|entry| entry.connection == FIRST)
    );
}

#[test]
fn a_weighted_group_shares_by_weight() {
    let mut snapshot = catalog(
        Strategy::Weighted,
        vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Cmpp30)],
    );
    snapshot
        .route_groups
        .values_mut()
        .for_each(|group| group.members[0].weight = 3);
    let mut world = World::new(snapshot, 7);
    world.run(Duration::from_secs(2));
    // Below what either could carry alone, so that the weights decide and not the windows.
    for _ in 0..80 {
        world.send_many(HOLD, 10);
        world.run(Duration::from_millis(50));
    }
    world.run_until_empty(Duration::from_secs(60));
    let first = world
        .ledger
        .entries
        .iter()
        .filter(|entry| entry.connection == FIRST)
        .count();
    assert!(
        (560..=640).contains(&first),
        "{first} of 800 by the one with weight 3 of 4"
    );
}

#[test]
fn a_black_hole_opens_the_breaker_and_the_backup_goes_on() {
    let connections = vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Cmpp20)];
    let mut world = World::new(catalog(Strategy::PrimaryBackup, connections), 8);
    world.run(Duration::from_secs(2));
    world.carriers.get_mut(&FIRST).unwrap().behaviour.silent = true;
    world.send_many(HOLD, 100);
    world.run(Duration::from_secs(9));
    let windows = 2 * 16;
    assert_eq!(
        world.ledger.entries.len(),
        windows,
        "no more than the windows go into the hole (WIN-1)"
    );
    world.run(Duration::from_secs(3));
    let rest = world
        .ledger
        .entries
        .iter()
        .filter(|entry| entry.connection == SECOND)
        .count();
    assert_eq!(rest, 100 - windows);
    world.run(Duration::from_secs(60));
    assert_eq!(
        world.lane.counters().segments_uncertain.get(),
        windows as u64,
        "(UNC-1)"
    );
    // What went into the hole is held, and ends by the receipt wait.
    world.run_until_empty(Duration::from_secs(3 * 3600));
    assert_eq!(
        states(&world),
        BTreeMap::from([("delivered", 100 - windows), ("unknown", windows)])
    );
}

#[test]
fn what_was_never_written_leaves_by_another_way_and_the_rest_is_held() {
    let (mut uncertain, mut returned) = (0, 0);
    for seed in 0..20 {
        let connections = vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Cmpp20)];
        let mut world = World::new(catalog(Strategy::PrimaryBackup, connections), seed);
        world.carriers.get_mut(&FIRST).unwrap().behaviour.torn_writes = 0.2;
        world.carriers.get_mut(&FIRST).unwrap().behaviour.mute = true;
        world.run(Duration::from_secs(2));
        world.send_many(HOLD, 200);
        world.run(Duration::from_secs(60));
        assert_no_doubles(&world);
        uncertain += world.lane.counters().segments_uncertain.get();
        returned += world.lane.counters().segments_returned.get();
        world.run_until_empty(Duration::from_secs(3 * 3600));
        assert_eq!(world.finished.len(), 200, "(MSG-1)");
    }
    assert!(
        uncertain > 20 && returned > 20,
        "both happen: {uncertain} {returned}"
    );
}

#[test]
fn policy_writes_an_uncertain_code_once_more_and_no_more() {
    let mut world = World::new(
        catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]),
        9,
    );
    world.run(Duration::from_secs(2));
    world.carriers.get_mut(&FIRST).unwrap().behaviour.silent = true;
    world.send(RESEND, 1);
    world.run(Duration::from_millis(500));
    assert_eq!(world.ledger.entries.len(), 1);
    world.cut(FIRST);
    world.run(Duration::from_secs(20));
    assert_eq!(world.ledger.entries.len(), 2, "written once more");
    world.cut(FIRST);
    world.run(Duration::from_secs(120));
    assert_eq!(world.ledger.entries.len(), 2, "and never again (DUP-1)");
}

#[test]
fn a_receipt_resolves_what_a_kill_left_uncertain() {
    let mut world = World::new(
        catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]),
        10,
    );
    world.run(Duration::from_secs(2));
    world.carriers.get_mut(&FIRST).unwrap().behaviour.latency = Duration::from_millis(300);
    world.send(HOLD, 1);
    world.send(HOLD, 2);
    world.run(Duration::from_millis(100));
    world.crash(false);
    assert_eq!(world.lane.counters().segments_uncertain.get(), 3);
    world.run_until_empty(Duration::from_secs(30));
    assert_eq!(states(&world), BTreeMap::from([("delivered", 2)]));
    assert_eq!(world.ledger.entries.len(), 3);
}

#[test]
fn a_disk_that_fills_up_stops_intake_first_then_submitting_and_receipts_last() {
    let mut world = World::new(
        catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]),
        11,
    );
    let low = world.options.disk_free_bytes_min;
    world.carriers.get_mut(&FIRST).unwrap().behaviour.receipt_after = Duration::from_secs(5);
    world.run(Duration::from_secs(2));
    world.send_many(HOLD, 40);
    world.set_disk_free(low - 1);
    assert_eq!(world.send(HOLD, 1), Some(IntakeError::DiskLow));
    world.run(Duration::from_millis(100));
    let written = world.ledger.entries.len();
    assert!(written > 32, "submitting goes on: {written}");
    world.set_disk_free(low / 2 - 1);
    let waiting = world.lane.columns().len();
    assert_eq!(waiting, 40);
    world.run(Duration::from_secs(10));
    assert_eq!(
        world.finished.len(),
        world.ledger.entries.len(),
        "receipts are taken all the same"
    );
    world.set_disk_free(low);
    assert_eq!(world.send(HOLD, 1), None);
    world.run_until_empty(Duration::from_secs(20));
    assert_eq!(states(&world), BTreeMap::from([("delivered", 41)]));
}

#[test]
fn a_receipt_that_came_before_the_crash_resolves_what_the_crash_left_uncertain() {
    let mut world = World::new(
        catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]),
        12,
    );
    world.run(Duration::from_secs(2));
    let behaviour = &mut world.carriers.get_mut(&FIRST).unwrap().behaviour;
    (behaviour.receipts_first, behaviour.latency) = (1.0, Duration::from_secs(5));
    world.send(HOLD, 1);
    world.run(Duration::from_millis(200));
    assert_eq!(world.lane.counters().receipts_parked.get(), 1);
    world.crash(true);
    assert_eq!(states(&world), BTreeMap::from([("delivered", 1)]));
    world.send(HOLD, 1);
    world.run(Duration::from_secs(3));
    world.cut(FIRST);
    assert_eq!(states(&world), BTreeMap::from([("delivered", 2)]));
    assert_eq!(world.ledger.entries.len(), 2);
}

#[test]
fn nothing_is_intended_while_nothing_may_be_written() {
    let mut world = World::new(
        catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]),
        13,
    );
    world.send_many(HOLD, 100);
    world.run(Duration::from_millis(900));
    world.crash(false);
    assert_eq!(
        world.lane.counters().segments_uncertain.get(),
        0,
        "the first second after a start writes nothing"
    );
}

/// Whatever happens in whatever order: nothing acknowledged is lost, nothing held is doubled, everything ends once, and what
/// the records say is what the carriers saw.
#[test]
fn storms_of_everything() {
    for seed in 100..130 {
        storm(seed);
    }
}

fn storm(seed: u64) {
    use rand::RngExt;
    let connections = vec![
        connection(1, Protocol::Cmpp20),
        connection(2, Protocol::Cmpp30),
        connection(3, Protocol::Smpp34),
    ];
    let mut world = World::new(catalog(Strategy::Weighted, connections), seed);
    for carrier in world.carriers.values_mut() {
        carrier.behaviour.receipts_first = 0.2;
        carrier.behaviour.receipts_twice = 0.2;
        carrier.behaviour.throttled = 0.02;
        carrier.behaviour.rejected = 0.02;
        carrier.behaviour.undelivered = 0.1;
        carrier.behaviour.torn_writes = 0.01;
    }
    for _ in 0..120 {
        for _ in 0..world.rng.random_range(0..20) {
            let segments = if world.rng.random_bool(0.2) {
                world.rng.random_range(2..6)
            } else {
                1
            };
            world.send(HOLD, segments);
        }
        let time = world.rng.random_range(5..200);
        world.run(Duration::from_millis(time));
        let connection = ConnectionId(world.rng.random_range(1..=3));
        match world.rng.random_range(0..40) {
            0 => world.cut(connection),
            1 => world.crash(false),
            2 => world.crash(true),
            3 => world.checkpoint(),
            6 => {
                let replayed = world.replayed();
                let lived = world.lane.columns().state().unwrap();
                assert_same_state(&lived, &replayed, seed);
            }
            4 => {
                let behaviour = &mut world.carriers.get_mut(&connection).unwrap().behaviour;
                behaviour.reachable = !behaviour.reachable;
            }
            5 => {
                let behaviour = &mut world.carriers.get_mut(&connection).unwrap().behaviour;
                behaviour.silent = !behaviour.silent;
            }
            _ => {}
        }
    }
    for carrier in world.carriers.values_mut() {
        carrier.behaviour.reachable = true;
        carrier.behaviour.silent = false;
        carrier.behaviour.torn_writes = 0.0;
    }
    world.run_until_empty(Duration::from_secs(4 * 3600));
    assert_no_doubles(&world);
    for id in &world.acknowledged {
        assert!(
            world.finished.contains_key(id),
            "seed {seed}: {id} was acknowledged and is lost (ACK-1, MSG-1)"
        );
    }
    for journey in world.finished.values() {
        judge(&world, journey, seed);
    }
}

/// A message's record against the carriers' ledger.
fn judge(world: &World, journey: &carillon_domain::journey::Journey, seed: u64) {
    let marker = journey.headline().split('#').nth(1).unwrap();
    let first: Vec<u8> = format!("#{marker}#")
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let in_ledger = world
        .ledger
        .entries
        .iter()
        .any(|entry| entry.taken && entry.payload.windows(first.len()).any(|w| w == first));
    if journey.state == MessageState::Final(FinalState::Delivered) {
        assert!(
            in_ledger,
            "seed {seed}: {} is delivered and no carrier has it",
            journey.message
        );
    }
    if !in_ledger {
        assert_ne!(
            journey.state,
            MessageState::Final(FinalState::Delivered),
            "seed {seed}"
        );
    }
}
