//! What a lane keeps to whose journal may get another owner without its knowledge.

use crate::world::{HOLD, World, catalog, connection};
use carillon_actors::lane::Tenure;
use carillon_domain::catalog::{Protocol, Strategy};
use carillon_domain::ids::ConnectionId;
use std::time::Duration;

const CARRIER: ConnectionId = ConnectionId(1);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A world whose lane was taken over a moment ago.
fn world(seed: u64) -> World {
    let mut world = World::new(
        catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]),
        seed,
    );
    world.options.tenure = Some(Tenure::default());
    world.crash(false);
    world
}

/// The next owner may hold the segment to be uncertain by then, and policy may have sent it once more.
#[test]
fn an_intent_that_became_too_old_before_it_was_durable_goes_back() {
    for (waits, returned) in [(ms(1_900), 0), (ms(2_100), 1)] {
        let mut world = world(1);
        world.run(ms(500));
        world.send_many(HOLD, 1);
        world.wait(ms(2_000));
        // The INTENT is given to the journal, which takes its time.
        world.look(CARRIER);
        assert_eq!(
            world
                .lane
                .columns()
                .rows()
                .filter(|(_, row)| row.intended)
                .count(),
            1
        );
        world.wait(waits);
        world.settle();
        assert_eq!(
            world.lane.counters().segments_returned.get(),
            returned,
            "after {waits:?}"
        );
        world.run_until_empty(ms(20_000));
        assert_eq!(
            world.ledger.entries.len(),
            1,
            "it was written once, after {waits:?}"
        );
    }
}

/// The owner before may still act on its last INTENTs for so long.
#[test]
fn a_new_owner_writes_nothing_before_the_intents_of_the_last_one_are_too_old() {
    let mut world = world(2);
    world.send_many(HOLD, 5);
    world.run(ms(1_900));
    assert_eq!(world.ledger.entries.len(), 0);
    world.run(ms(1_000));
    assert_eq!(world.ledger.entries.len(), 5);
}
