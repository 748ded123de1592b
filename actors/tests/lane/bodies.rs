//! Texts that are only in the journal (DESIGN "Promises and invariants": MSG-1, DUP-1).

use crate::world::{HOLD, World, assert_no_doubles, assert_same_state, catalog, connection};
use carillon_domain::catalog::{Protocol, Strategy};
use carillon_domain::ids::ConnectionId;
use carillon_domain::time::UnixMs;
use carillon_storage::journal::FrameSeq;
use std::time::Duration;

const CARRIER: ConnectionId = ConnectionId(1);
const MESSAGES: u32 = 2_000;

/// Messages that wait for a carrier which is away.
fn backlog(seed: u64) -> World {
    let connections = vec![connection(1, Protocol::Cmpp20)];
    let mut world = World::new(catalog(Strategy::PrimaryBackup, connections), seed);
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.reachable = false;
    world.send_many(HOLD, MESSAGES);
    world
}

/// Every text is taken once, in the order in which they were accepted.
fn drain(world: &mut World) {
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.reachable = true;
    world.run_until_empty(Duration::from_secs(120));
    assert_no_doubles(world);
    let taken = world.ledger.entries.iter().filter(|entry| entry.taken);
    let numbers: Vec<u32> = taken
        .map(|entry| entry.text().split('#').nth(1).unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers.len(), MESSAGES as usize);
    // Two sessions stand beside one another; a message is behind by no more than what is in flight.
    for (at, number) in (1..).zip(&numbers) {
        assert!(number.abs_diff(at) <= 64, "{number} goes out as number {at}");
    }
}

#[test]
fn what_waits_takes_little_memory_and_goes_out_in_order() {
    let mut world = backlog(51);
    let most = world.options.columns.bodies_bytes_max;
    assert!(world.lane.columns().waiting_body_bytes() <= most);
    let replayed = world.replayed();
    assert_same_state(&world.lane.columns().state().unwrap(), &replayed, 51);
    drain(&mut world);
    assert_eq!(world.lane.columns().waiting_body_bytes(), 0);
}

#[test]
fn texts_are_found_after_a_restart() {
    for checkpoint in [false, true] {
        let mut world = backlog(52);
        if checkpoint {
            world.checkpoint();
        }
        world.crash(true);
        assert!(world.lane.columns().waiting_body_bytes() <= world.options.columns.bodies_bytes_max);
        drain(&mut world);
    }
}

/// A volume goes although messages accepted in it still wait; they stand elsewhere then.
#[test]
fn what_waits_for_long_holds_no_volume() {
    let mut world = backlog(53);
    let before = world.lane.journal().durable();
    world.release();
    assert!(world.lane.journal().oldest() > FrameSeq(before.0 / 2));
    assert!(world.lane.counters().messages_carried.get() >= u64::from(MESSAGES));
    let oldest_text = world
        .lane
        .columns()
        .rows()
        .map(|(_, row)| row.place.frame())
        .min();
    assert!(oldest_text >= Some(world.lane.journal().oldest()));
    // An order from before comes too late.
    world.lane.frame_gone(FrameSeq(1));
    world.crash(true);
    drain(&mut world);
}

/// What ends while it waits is told with its text.
#[test]
fn what_expires_has_its_text() {
    let mut world = backlog(54);
    world.checkpoint();
    world.crash(false);
    world.now.unix = UnixMs(world.now.unix.0 + 2 * 3_600_000);
    world.run_until_empty(Duration::from_secs(60));
    assert_eq!(world.finished.len(), MESSAGES as usize);
    for (number, journey) in (1..).zip(world.finished.values()) {
        let marker = journey.headline().split('#').nth(1).unwrap().parse::<u32>();
        assert_eq!(marker, Ok(number));
    }
}
