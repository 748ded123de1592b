//! The catalog changes while traffic runs: nothing is lost, nothing is doubled, and everybody finds the new way.

use crate::world::{ACCOUNT, HOLD, World, assert_no_doubles, assert_same_state, catalog, connection};
use carillon_actors::connection::{Command, ConnectionCore};
use carillon_actors::status::ConnectionState;
use carillon_domain::catalog::{Connection, Member, Protocol, RouteGroup, Secret, Snapshot, Strategy};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{ConnectionId, RouteGroupId};
use carillon_domain::journey::MessageState;
use rand::RngExt;
use std::collections::BTreeSet;
use std::time::Duration;

const FIRST: ConnectionId = ConnectionId(1);
const SECOND: ConnectionId = ConnectionId(2);
const OTHER_GROUP: RouteGroupId = RouteGroupId(2);

fn world(strategy: Strategy, count: u16, seed: u64) -> World {
    let connections = (1..=count).map(|id| connection(id, Protocol::Cmpp20)).collect();
    let mut world = World::new(catalog(strategy, connections), seed);
    world.run(Duration::from_secs(2));
    world
}

/// One more connection in the group, granted to the account.
fn add(snapshot: &mut Snapshot, config: Connection) {
    let id = config.id;
    snapshot.connections.insert(id, config);
    let group = snapshot.route_groups.values_mut().next().unwrap();
    group.members.push(Member {
        connection: id,
        weight: 1,
    });
    let account = snapshot.accounts.get_mut(&ACCOUNT).unwrap();
    account.connections.push(id);
}

fn remove(snapshot: &mut Snapshot, id: ConnectionId) {
    snapshot.connections.remove(&id);
    for group in snapshot.route_groups.values_mut() {
        group.members.retain(|member| member.connection != id);
    }
    for account in snapshot.accounts.values_mut() {
        account.connections.retain(|granted| *granted != id);
    }
}

fn change(world: &mut World, id: ConnectionId, change: impl FnOnce(&mut Connection)) {
    world.install(|snapshot| change(snapshot.connections.get_mut(&id).unwrap()));
}

fn written_by(world: &World, id: ConnectionId) -> usize {
    world
        .ledger
        .entries
        .iter()
        .filter(|entry| entry.connection == id)
        .count()
}

/// Every message ended as delivered, and no segment was written twice (MSG-1, DUP-1).
fn all_delivered_once(world: &World, segments: usize) {
    for journey in world.finished.values() {
        let state = journey.state;
        assert_eq!(state, MessageState::Final(FinalState::Delivered), "{journey:?}");
    }
    let entries = &world.ledger.entries;
    let unique: BTreeSet<_> = entries.iter().map(|entry| (&entry.payload, entry.part)).collect();
    assert_eq!((entries.len(), unique.len()), (segments, segments));
    assert_eq!(world.lane.counters().segments_uncertain.get(), 0);
}

#[test]
fn a_connection_added_carries_its_share_at_once() {
    let mut world = world(Strategy::Weighted, 1, 1);
    for _ in 0..20 {
        world.send_many(HOLD, 10);
        world.run(Duration::from_millis(50));
    }
    world.send_many(HOLD, 2_000);
    world.install(|snapshot| add(snapshot, connection(2, Protocol::Smpp34)));
    let before = written_by(&world, FIRST);
    world.run_until_empty(Duration::from_secs(20));
    let by_second = written_by(&world, SECOND);
    let by_first = written_by(&world, FIRST) - before;
    assert!(by_second > 500 && by_first > 500, "{by_first} and {by_second}");
    all_delivered_once(&world, 2_200);
}

#[test]
fn a_connection_removed_finishes_what_it_began_and_leaves_the_rest_to_others() {
    for seed in 0..10 {
        let mut world = world(Strategy::PrimaryBackup, 2, 100 + seed);
        let carrier = world.carriers.get_mut(&FIRST).unwrap();
        carrier.behaviour.latency = Duration::from_millis(300);
        for _ in 0..20 {
            world.send(HOLD, 4);
        }
        world.send_many(HOLD, 60);
        world.run(Duration::from_millis(10 * seed));
        world.install(|snapshot| remove(snapshot, FIRST));
        let begun = written_by(&world, FIRST);
        world.run(Duration::from_millis(100));
        assert!(
            written_by(&world, FIRST) <= begun + 4 * 32,
            "the rest of what was begun"
        );
        assert!(written_by(&world, SECOND) > 0, "others have the rest at once");
        world.run_until_empty(Duration::from_secs(30));
        all_delivered_once(&world, 140);
        world.run(Duration::from_secs(5));
        assert!(!world.connections.contains_key(&FIRST), "it has left");
        assert!(world.lane.link(FIRST).is_none());
    }
}

#[test]
fn a_connection_removed_waits_for_receipts_but_not_for_ever() {
    let mut world = world(Strategy::PrimaryBackup, 2, 3);
    let carrier = world.carriers.get_mut(&FIRST).unwrap();
    carrier.behaviour.receipt_after = Duration::from_secs(20);
    world.send_many(HOLD, 10);
    world.run(Duration::from_secs(1));
    world.install(|snapshot| remove(snapshot, FIRST));
    world.run(Duration::from_secs(10));
    let status = world.connections.get_mut(&FIRST).unwrap().status(world.now);
    assert_eq!(
        (status.state, status.sessions_bound),
        (ConnectionState::Draining, 2)
    );
    world.run_until_empty(Duration::from_secs(15));
    all_delivered_once(&world, 10);
    world.run(Duration::from_secs(3));
    assert!(
        !world.connections.contains_key(&FIRST),
        "nothing is owed any more"
    );

    let carrier = world.carriers.get_mut(&SECOND).unwrap();
    carrier.behaviour.mute = true;
    world.send_many(HOLD, 10);
    world.run(Duration::from_secs(1));
    world.install(|snapshot| remove(snapshot, SECOND));
    world.run(Duration::from_secs(55));
    assert!(world.connections.contains_key(&SECOND));
    world.run(Duration::from_secs(8));
    assert!(!world.connections.contains_key(&SECOND), "the time is up");
    // Nobody can say what became of them: the receipt wait ends them.
    world.run_until_empty(Duration::from_secs(3 * 3600));
    assert_eq!(world.finished.len(), 20, "(MSG-1)");
}

#[test]
fn segments_that_cannot_leave_any_more_end_by_their_deadline() {
    let mut world = world(Strategy::PrimaryBackup, 2, 4);
    world.carriers.get_mut(&FIRST).unwrap().behaviour.throttled = 1.0;
    change(&mut world, FIRST, |config| config.window = 1);
    world.carriers.get_mut(&FIRST).unwrap().behaviour.latency = Duration::from_millis(100);
    world.send(HOLD, 5);
    world.run(Duration::from_millis(50));
    world.carriers.get_mut(&FIRST).unwrap().behaviour.throttled = 0.0;
    world.run(Duration::from_millis(600));
    world.carriers.get_mut(&FIRST).unwrap().behaviour.silent = true;
    world.install(|snapshot| remove(snapshot, FIRST));
    world.run(Duration::from_secs(100));
    assert!(!world.connections.contains_key(&FIRST));
    world.run_until_empty(Duration::from_secs(4 * 3600));
    assert_eq!(world.finished.len(), 1, "(MSG-1)");
}

#[test]
fn an_intent_that_is_not_durable_when_its_connection_leaves_is_given_back() {
    let mut world = world(Strategy::PrimaryBackup, 2, 6);
    change(&mut world, FIRST, |config| {
        (config.sessions, config.window) = (1, 1)
    });
    let behaviour = &mut world.carriers.get_mut(&FIRST).unwrap().behaviour;
    (behaviour.latency, behaviour.receipt_after) = (Duration::from_millis(100), Duration::ZERO);
    world.run(Duration::from_secs(1));
    world.send_many(HOLD, 2);
    world.run(Duration::from_millis(20));
    // The first message is answered and receipted, so that the second has the window.
    for _ in 0..2 {
        world.wait(Duration::from_millis(120));
        world.carrier_acts(FIRST);
    }
    assert!(!world.lane.columns().awaits_receipts(FIRST));
    assert_eq!(world.lane.counters().segments_intended.get(), 2);
    // Its INTENT stands in the open frame when the connection is removed and its only session breaks.
    world.install_only(|snapshot| remove(snapshot, FIRST));
    let epoch = world.carriers.get_mut(&FIRST).unwrap().cut(0).unwrap();
    let core = world.connections.get_mut(&FIRST).unwrap();
    core.lost(&mut world.lane, 0, epoch, "cut", 0.5, world.now);
    world.wait(Duration::from_secs(2));
    world.look(FIRST);
    assert!(world.lane.link(FIRST).is_none(), "it has left");
    world.run_until_empty(Duration::from_secs(30));
    all_delivered_once(&world, 2);
}

#[test]
fn what_needs_no_bind_changes_in_place() {
    let mut world = world(Strategy::PrimaryBackup, 1, 5);
    let binds = world.carriers[&FIRST].binds();
    world.send_many(HOLD, 600);
    world.run(Duration::from_millis(100));
    change(&mut world, FIRST, |config| {
        config.rate_per_second = 50;
        config.window = 3;
        config.response_timeout_s = 7;
        config.name = "another name".into();
        config.look_ahead = 2;
    });
    world.run(Duration::from_secs(2));
    let before = world.ledger.entries.len();
    world.run(Duration::from_secs(4));
    let written = world.ledger.entries.len() - before;
    assert!((180..=201).contains(&written), "{written} in 4 s (RATE-1)");
    change(&mut world, FIRST, |config| {
        (config.rate_per_second, config.window) = (2_000, 200)
    });
    world.carriers.get_mut(&FIRST).unwrap().behaviour.latency = Duration::from_millis(500);
    world.run(Duration::from_millis(450));
    let status = world.connections.get_mut(&FIRST).unwrap().status(world.now);
    assert!(status.in_flight > 60, "{} in flight (WIN-1)", status.in_flight);
    world.run_until_empty(Duration::from_secs(20));
    all_delivered_once(&world, 600);
    assert_eq!(
        world.carriers[&FIRST].binds(),
        binds,
        "no session was bound again"
    );
}

#[test]
fn a_new_password_is_taken_session_by_session_without_losing_a_request() {
    let mut world = world(Strategy::PrimaryBackup, 1, 6);
    change(&mut world, FIRST, |config| config.sessions = 4);
    world.run(Duration::from_secs(2));
    assert_eq!(world.carriers[&FIRST].binds(), 4, "two more");
    world.carriers.get_mut(&FIRST).unwrap().behaviour.latency = Duration::from_millis(200);
    world.send_many(HOLD, 400);
    world.run(Duration::from_millis(300));
    world.carriers.get_mut(&FIRST).unwrap().change_password("another");
    change(&mut world, FIRST, |config| {
        config.password = Secret::new("another")
    });
    let mut least = 4;
    for _ in 0..100 {
        world.run(Duration::from_millis(20));
        let status = world.connections.get_mut(&FIRST).unwrap().status(world.now);
        least = least.min(status.sessions_bound);
    }
    assert!(least >= 3, "{least} were bound at the least");
    assert_eq!(world.carriers[&FIRST].binds(), 8, "each once");
    world.run_until_empty(Duration::from_secs(20));
    all_delivered_once(&world, 400);
    change(&mut world, FIRST, |config| config.sessions = 1);
    world.run(Duration::from_secs(1));
    let status = world.connections.get_mut(&FIRST).unwrap().status(world.now);
    assert_eq!((status.sessions_bound, status.sessions_wanted), (1, 1));
}

#[test]
fn a_wrong_password_costs_one_session_and_the_right_one_brings_it_back() {
    let mut world = world(Strategy::PrimaryBackup, 1, 7);
    change(&mut world, FIRST, |config| config.password = Secret::new("wrong"));
    world.run(Duration::from_secs(30));
    let status = world.connections.get_mut(&FIRST).unwrap().status(world.now);
    assert_eq!(
        (status.state, status.sessions_bound),
        (ConnectionState::Degraded, 1)
    );
    world.send_many(HOLD, 50);
    world.run_until_empty(Duration::from_secs(20));
    change(&mut world, FIRST, |config| {
        config.password = Secret::new("secret")
    });
    world.run(Duration::from_secs(2));
    let status = world.connections.get_mut(&FIRST).unwrap().status(world.now);
    assert_eq!((status.state, status.sessions_bound), (ConnectionState::Up, 2));
    all_delivered_once(&world, 50);
}

#[test]
fn a_connection_switched_off_drains_and_comes_back() {
    let mut world = world(Strategy::PrimaryBackup, 2, 8);
    world.carriers.get_mut(&FIRST).unwrap().behaviour.latency = Duration::from_millis(200);
    world.send_many(HOLD, 100);
    world.run(Duration::from_millis(100));
    change(&mut world, FIRST, |config| config.enabled = false);
    world.run(Duration::from_secs(3));
    let status = world.connections.get_mut(&FIRST).unwrap().status(world.now);
    assert_eq!((status.state, status.sessions_bound), (ConnectionState::Off, 0));
    assert_eq!(world.ledger.entries.len(), 100, "the other one has what was left");
    // The carrier keeps its receipts until it is bound again.
    change(&mut world, FIRST, |config| config.enabled = true);
    world.run(Duration::from_secs(1));
    let before = written_by(&world, FIRST);
    world.send_many(HOLD, 10);
    world.run_until_empty(Duration::from_secs(20));
    assert_eq!(written_by(&world, FIRST), before + 10);
    all_delivered_once(&world, 110);
}

#[test]
fn an_operator_holds_a_connection_back_and_lets_it_go_on() {
    let mut world = world(Strategy::PrimaryBackup, 1, 9);
    assert!(world.lane.hold_back(FIRST));
    assert!(!world.lane.hold_back(SECOND), "there is none");
    world.settle();
    world.send_many(HOLD, 20);
    world.run(Duration::from_secs(5));
    assert!(world.ledger.entries.is_empty());
    let status = world.connections.get_mut(&FIRST).unwrap().status(world.now);
    assert_eq!(
        (status.state, status.sessions_bound),
        (ConnectionState::Draining, 2)
    );
    // A change of the catalog is no reason to go on.
    change(&mut world, FIRST, |config| config.rate_per_second = 400);
    world.run(Duration::from_secs(1));
    assert!(world.ledger.entries.is_empty());
    assert!(world.lane.resume(FIRST));
    world.settle();
    world.run_until_empty(Duration::from_secs(5));
    all_delivered_once(&world, 20);
}

/// The group goes; another one over the other connection is where the rules lead now.
fn move_to_other_group(snapshot: &mut Snapshot) {
    let group = RouteGroup {
        id: OTHER_GROUP,
        name: "other".into(),
        strategy: Strategy::PrimaryBackup,
        members: vec![Member {
            connection: SECOND,
            weight: 1,
        }],
    };
    snapshot.route_groups = [(OTHER_GROUP, group)].into();
    snapshot.route_rules[0].group = OTHER_GROUP;
}

#[test]
fn messages_of_a_removed_group_go_where_the_rules_lead_now() {
    let mut world = world(Strategy::PrimaryBackup, 2, 10);
    for id in [FIRST, SECOND] {
        assert!(world.lane.hold_back(id));
    }
    world.settle();
    world.send_many(HOLD, 2_500);
    world.install(move_to_other_group);
    world.crash(true);
    assert_eq!(world.replayed(), world.lane.columns().state().unwrap());
    world.run_until_empty(Duration::from_secs(30));
    assert_eq!(written_by(&world, SECOND), 2_500);
    all_delivered_once(&world, 2_500);
}

#[test]
fn messages_without_any_way_end() {
    let mut world = world(Strategy::PrimaryBackup, 1, 11);
    assert!(world.lane.hold_back(FIRST));
    world.settle();
    world.send_many(HOLD, 10);
    world.install(|snapshot| {
        snapshot.route_groups.clear();
        snapshot.route_rules.clear();
    });
    world.run(Duration::from_millis(100));
    let ends: BTreeSet<_> = world
        .finished
        .values()
        .map(|journey| (journey.state.word(), journey.cause.as_deref()))
        .collect();
    assert_eq!(ends, [("failed", Some("no_route"))].into());
    assert_eq!(world.finished.len(), 10);
}

#[test]
fn what_an_account_had_accepted_is_sent_after_its_removal() {
    let mut world = world(Strategy::PrimaryBackup, 1, 12);
    assert!(world.lane.hold_back(FIRST));
    world.settle();
    world.send_many(HOLD, 30);
    let late = world.prepared(HOLD, 1);
    world.install(|snapshot| snapshot.accounts.clear());
    assert!(world.send_prepared(late, None).is_some(), "nothing new is taken");
    assert!(world.lane.resume(FIRST));
    world.settle();
    world.run_until_empty(Duration::from_secs(20));
    all_delivered_once(&world, 30);
}

/// A kill in the middle of a drain: the catalog in the store is the truth, and what was under way is of unknown outcome.
#[test]
fn a_crash_while_a_removed_connection_drains_loses_and_doubles_nothing() {
    for seed in 0..10 {
        let mut world = world(Strategy::PrimaryBackup, 2, 200 + seed);
        world.carriers.get_mut(&FIRST).unwrap().behaviour.latency = Duration::from_millis(400);
        for _ in 0..10 {
            world.send(HOLD, 3);
        }
        world.send_many(HOLD, 50);
        world.run(Duration::from_millis(5 + 20 * seed));
        world.install(|snapshot| remove(snapshot, FIRST));
        world.run(Duration::from_millis(10 * seed));
        world.crash(seed % 2 == 0);
        assert!(!world.connections.contains_key(&FIRST));
        world.run_until_empty(Duration::from_secs(4 * 3600));
        assert_eq!(world.finished.len(), 60, "(MSG-1)");
        let entries = &world.ledger.entries;
        let unique: BTreeSet<_> = entries.iter().map(|entry| (&entry.payload, entry.part)).collect();
        assert_eq!(entries.len(), unique.len(), "(DUP-1)");
    }
}

#[test]
fn the_least_busy_carries_more_and_the_slow_one_is_not_flooded() {
    let mut world = world(Strategy::LeastBusy, 2, 13);
    world.carriers.get_mut(&FIRST).unwrap().behaviour.latency = Duration::from_millis(50);
    world.carriers.get_mut(&SECOND).unwrap().behaviour.latency = Duration::from_millis(400);
    let mut most = 0;
    for _ in 0..200 {
        world.send_many(HOLD, 10);
        world.run(Duration::from_millis(50));
        let status = world.connections.get_mut(&SECOND).unwrap().status(world.now);
        most = most.max(status.in_flight);
    }
    world.run_until_empty(Duration::from_secs(20));
    let (fast, slow) = (written_by(&world, FIRST), written_by(&world, SECOND));
    let share = fast as f64 / (fast + slow) as f64;
    assert!((0.75..0.95).contains(&share), "{share} by the fast one");
    assert!(most <= 16, "{most} of 32 in flight at the slow one");
    all_delivered_once(&world, 2_000);
}

#[test]
fn least_busy_members_with_the_same_speed_share_evenly() {
    let mut world = world(Strategy::LeastBusy, 2, 14);
    for _ in 0..100 {
        world.send_many(HOLD, 20);
        world.run(Duration::from_millis(100));
    }
    world.run_until_empty(Duration::from_secs(20));
    let first = written_by(&world, FIRST);
    assert!((700..=1_300).contains(&first), "{first} of 2000");
    all_delivered_once(&world, 2_000);
}

/// Operators and carriers at the same time, with kills in between: nothing acknowledged is lost, nothing is doubled, and the
/// state is the fold over its facts.
#[test]
fn storms_of_changes() {
    for (seed, strategy) in (300..312).zip(
        [Strategy::Weighted, Strategy::PrimaryBackup, Strategy::LeastBusy]
            .into_iter()
            .cycle(),
    ) {
        storm(seed, strategy);
    }
}

fn storm(seed: u64, strategy: Strategy) {
    let connections: Vec<_> = [Protocol::Cmpp20, Protocol::Cmpp30, Protocol::Smpp34]
        .into_iter()
        .zip(1..)
        .map(|(protocol, id)| connection(id, protocol))
        .collect();
    let mut world = World::new(catalog(strategy, connections.clone()), seed);
    for carrier in world.carriers.values_mut() {
        carrier.behaviour.receipts_first = 0.2;
        carrier.behaviour.throttled = 0.02;
        carrier.behaviour.undelivered = 0.1;
        carrier.behaviour.torn_writes = 0.01;
    }
    for _ in 0..120 {
        for _ in 0..world.rng.random_range(0..20) {
            let segments = if world.rng.random_bool(0.2) { 4 } else { 1 };
            world.send(HOLD, segments);
        }
        let time = world.rng.random_range(5..200);
        world.run(Duration::from_millis(time));
        // The first one always stays.
        let index = world.rng.random_range(1..=2);
        let id = connections[index].id;
        let number = world.rng.random_range(1..=300);
        let is_there = world.lane.catalog().snapshot().connections.contains_key(&id);
        match world.rng.random_range(0..24) {
            0 | 1 if is_there => world.install(|snapshot| remove(snapshot, id)),
            0 | 1 => world.install(|snapshot| add(snapshot, connections[index].clone())),
            2 if is_there => change(&mut world, id, |config| config.enabled = !config.enabled),
            3 => change(&mut world, FIRST, |config| {
                config.window = 1 + number / 10;
                config.rate_per_second = 100 + u32::from(number);
                config.sessions = 1 + (number % 4) as u8;
            }),
            4 => {
                let password = if number % 2 == 0 { "secret" } else { "another" };
                world.carriers.get_mut(&FIRST).unwrap().change_password(password);
                change(&mut world, FIRST, |config| {
                    config.password = Secret::new(password)
                });
            }
            5 if number % 2 == 0 => drop(world.lane.hold_back(id)),
            5 => drop(world.lane.resume(id)),
            6 => world.install(|snapshot| {
                let mut group = snapshot.route_groups.pop_first().unwrap().1;
                group.id = RouteGroupId(group.id.0 + 1);
                snapshot.route_rules[0].group = group.id;
                snapshot.route_groups.insert(group.id, group);
            }),
            7 => world.crash(number % 2 == 0),
            8 => world.cut(FIRST),
            9 => world.checkpoint(),
            10 => {
                let replayed = world.replayed();
                let lived = world.lane.columns().state().unwrap();
                assert_same_state(&lived, &replayed, seed);
            }
            _ => {}
        }
        world.settle();
    }
    for carrier in world.carriers.values_mut() {
        carrier.behaviour.torn_writes = 0.0;
    }
    world.run_until_empty(Duration::from_secs(4 * 3600));
    assert_no_doubles(&world);
    for id in &world.acknowledged {
        assert!(
            world.finished.contains_key(id),
            "seed {seed}: {id} is lost (ACK-1, MSG-1)"
        );
    }
    assert!(
        world
            .finished
            .values()
            .all(|journey| journey.cause.as_deref() != Some("no_route"))
    );
}

/// Settings change while a socket opens. Whichever opens first, the session is one by the new settings.
#[test]
fn a_try_to_connect_by_settings_that_changed_comes_to_nothing() {
    let mut world = world(Strategy::PrimaryBackup, 1, 12);
    let config = world.lane.link(FIRST).unwrap().config.clone();
    let mut core = ConnectionCore::new(config, 100, world.lane.quiet_after_start(), world.now);
    let tries = |commands: Vec<Command>| -> Vec<u32> {
        let tried = commands.into_iter().filter_map(|command| match command {
            Command::Connect { slot: 0, epoch } => Some(epoch),
            _ => None,
        });
        tried.collect()
    };
    assert_eq!(tries(core.tick(&mut world.lane, 0.0, world.now)), [100]);
    change(&mut world, FIRST, |connection| connection.login = "900002".into());
    assert_eq!(tries(core.tick(&mut world.lane, 0.0, world.now)), [102]);
    assert!(core.awaits(0, 102) && !core.awaits(0, 100));
    assert_eq!(core.connected(0, 102, 0, world.now), [Command::Flush { slot: 0 }]);
    assert_eq!(
        core.connected(0, 100, 0, world.now),
        [],
        "its socket is not this one's"
    );
    assert!(core.output(0, 102).is_some());
}
