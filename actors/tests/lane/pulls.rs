//! Who pulls, and that nobody sleeps while it is his turn.

use crate::world::{ACCOUNT, HOLD, World, catalog, connection};
use carillon_actors::lane::BatchJob;
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
    let mut pull = |id: ConnectionId, credits: [u32; 2]| {
        lane.set_link(first, true, credits[0]);
        lane.set_link(second, true, credits[1]);
        lane.take_wakes();
        lane.link_mut(first).unwrap().mail.poked = false;
        lane.link_mut(second).unwrap().mail.poked = false;
        let pulled = lane.pull(id, 5, world.now).len();
        (pulled, lane.take_wakes())
    };
    // Half of 32 slots is more than a quarter of 128.
    assert_eq!(pull(second, [16, 32]), (0, [first].into()));
    assert_eq!(pull(first, [16, 32]), (5, [].into()));
    assert_eq!(pull(first, [8, 64]), (0, [second].into()));
    // Equally busy: whoever asks.
    assert_eq!(pull(first, [8, 32]), (5, [].into()));
    assert_eq!(pull(second, [8, 32]), (5, [].into()));
}
