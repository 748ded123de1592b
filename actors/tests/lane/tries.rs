//! What a carrier says of one write of a segment changes nothing about a later write of it (DUP-1).

use crate::world::{RESEND, World, catalog, connection};
use carillon_domain::catalog::{Protocol, Strategy};
use carillon_domain::ids::ConnectionId;
use std::time::Duration;

const CARRIER: ConnectionId = ConnectionId(1);

/// A code that was written, timed out and was written once more, before the carrier's answers come.
fn written_twice(protocol: Protocol, seed: u64) -> World {
    let mut config = connection(1, protocol);
    config.response_timeout_s = 2;
    let mut world = World::new(catalog(Strategy::PrimaryBackup, vec![config]), seed);
    world.run(Duration::from_secs(2));
    let behaviour = &mut world.carriers.get_mut(&CARRIER).unwrap().behaviour;
    behaviour.latency = Duration::from_secs(3);
    behaviour.throttled = 1.0;
    world.send(RESEND, 1);
    world.run(Duration::from_secs(1));
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.throttled = 0.0;
    world.run(Duration::from_millis(1_500));
    assert_eq!(
        world.ledger.entries.len(),
        2,
        "{protocol:?}: written once more after the time-out"
    );
    world
}

#[test]
fn a_late_refusal_of_the_first_write_is_no_reason_for_a_third() {
    for protocol in [Protocol::Cmpp20, Protocol::Cmpp30, Protocol::Smpp34] {
        let mut world = written_twice(protocol, 1);
        world.run_until_empty(Duration::from_secs(30));
        let taken = world.ledger.entries.iter().filter(|entry| entry.taken).count();
        assert_eq!((world.ledger.entries.len(), taken), (2, 1), "{protocol:?}");
        assert_eq!(world.lane.counters().answers_outdated.get(), 1);
        let word = world.finished.values().next().unwrap().state.word();
        assert_eq!(word, "delivered", "{protocol:?}");
    }
}

/// Only a write of unknown outcome uses the re-send up; one that the carrier was too busy for does not.
#[test]
fn a_code_that_was_throttled_first_is_still_written_once_more() {
    let mut world = World::new(
        catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]),
        2,
    );
    world.run(Duration::from_secs(2));
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.throttled = 1.0;
    world.send(RESEND, 1);
    world.run(Duration::from_secs(2));
    let refused = world.ledger.entries.len();
    assert!(refused >= 2);
    let behaviour = &mut world.carriers.get_mut(&CARRIER).unwrap().behaviour;
    (behaviour.throttled, behaviour.silent) = (0.0, true);
    world.run(Duration::from_secs(8));
    assert_eq!(world.ledger.entries.len(), refused + 1);
    for written in [2, 2] {
        world.cut(CARRIER);
        world.run(Duration::from_secs(8));
        assert_eq!(world.ledger.entries.len(), refused + written);
    }
}
