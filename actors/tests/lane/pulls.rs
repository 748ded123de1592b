//! Who pulls, and that nobody sleeps while it is his turn.

use crate::world::{ACCOUNT, HOLD, World, catalog, connection};
use carillon_actors::lane::{BatchJob, Load};
use carillon_domain::catalog::{Protocol, Strategy};
use carillon_domain::ids::ConnectionId;
use std::time::Duration;
use tokio::sync::oneshot;

/// A member takes a few more than the other at most. When it stops for the other, the other may be asleep: it had stopped for
/// the first one.
#[test]
fn who_stops_for_another_member_wakes_it() {
    let (first, second) = (ConnectionId(1), ConnectionId(2));
    let connections = vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Cmpp20)];
    let mut world = World::new(catalog(Strategy::Weighted, connections), 1);
    world.run(Duration::from_secs(2));
    let lines = (0..100).map(|_| Ok(world.prepared(HOLD, 1))).collect();
    let (reply, _) = oneshot::channel();
    let lane = &mut world.lane;
    lane.take_batch_part(BatchJob::new(ACCOUNT, None, lines, reply), world.now);
    let mut pull = |id: ConnectionId| {
        lane.take_wakes();
        lane.link_mut(first).unwrap().mail.poked = false;
        lane.link_mut(second).unwrap().mail.poked = false;
        let pulled = lane.pull(id, 100, world.now).len();
        (pulled, lane.take_wakes())
    };
    assert_eq!(pull(first), (5, [second].into()));
    assert_eq!(pull(second), (10, [first].into()));
    assert_eq!(pull(first), (10, [second].into()));
}

#[test]
fn queues_do_not_grow_with_what_expires_in_them() {
    let mut snapshot = catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]);
    snapshot
        .business_types
        .values_mut()
        .for_each(|kind| kind.validity_s = 1);
    let mut world = World::new(snapshot, 2);
    world
        .carriers
        .get_mut(&ConnectionId(1))
        .unwrap()
        .behaviour
        .reachable = false;
    for _ in 0..15 {
        let lines = (0..1_000).map(|_| Ok(world.prepared(HOLD, 1))).collect();
        world.batch(None, lines).unwrap();
        world.run(Duration::from_secs(3));
        assert!(world.lane.columns().is_empty());
    }
    assert!(world.lane.waiting() <= 10_000, "{} wait", world.lane.waiting());
}

/// A connection that takes a few of a backlog does not end all the rest in one go, when it has expired: a frame has its limits.
#[test]
fn a_backlog_may_expire_while_it_is_pulled() {
    let mut slow = connection(1, Protocol::Cmpp20);
    slow.rate_per_second = 50;
    let mut snapshot = catalog(Strategy::PrimaryBackup, vec![slow]);
    snapshot
        .business_types
        .values_mut()
        .for_each(|kind| kind.validity_s = 4);
    let mut world = World::new(snapshot, 4);
    world.run(Duration::from_millis(2_100));
    let lines = (0..30_000).map(|_| Ok(world.prepared(HOLD, 1))).collect();
    world.batch(None, lines).unwrap();
    world.run_until_empty(Duration::from_secs(10));
    let written = world.ledger.entries.len() as u64;
    assert!(written > 100, "{written} written");
    assert_eq!(world.lane.counters().finals_expired.get() + written, 30_000);
}

#[test]
fn the_least_busy_member_takes() {
    let (first, second) = (ConnectionId(1), ConnectionId(2));
    let mut wide = connection(2, Protocol::Cmpp20);
    wide.window = 64;
    let connections = vec![connection(1, Protocol::Cmpp20), wide];
    let mut world = World::new(catalog(Strategy::LeastBusy, connections), 3);
    world.run(Duration::from_secs(2));
    let lines = (0..100).map(|_| Ok(world.prepared(HOLD, 1))).collect();
    let (reply, _) = oneshot::channel();
    let lane = &mut world.lane;
    lane.take_batch_part(BatchJob::new(ACCOUNT, None, lines, reply), world.now);
    let mut pull = |id: ConnectionId, in_flight: [u32; 2]| {
        for (id, in_flight, slots) in [(first, in_flight[0], 32), (second, in_flight[1], 128)] {
            lane.set_load(id, Load { in_flight, slots });
            lane.set_link(id, true, slots - in_flight);
            lane.link_mut(id).unwrap().mail.poked = false;
        }
        lane.take_wakes();
        let pulled = lane.pull(id, 5, world.now).len();
        (pulled, lane.take_wakes())
    };
    // Three quarters of 128 slots are more than half of 32.
    assert_eq!(pull(second, [16, 96]), (0, [first].into()));
    assert_eq!(pull(first, [16, 96]), (5, [].into()));
    assert_eq!(pull(first, [24, 64]), (0, [second].into()));
    // About equally busy: whoever asks, and the other one when it has taken some.
    assert_eq!(pull(first, [24, 96]), (4, [second].into()));
    assert_eq!(pull(second, [24, 96]), (5, [].into()));
}
