//! An organisation with a million messages waiting, and what is left for others (FAIR-1).

use crate::world::{ACCOUNT, HOLD, World, catalog, connection};
use carillon_domain::catalog::{Organisation, Priority, Protocol, Snapshot, Strategy};
use carillon_domain::ids::{AccountId, BusinessTypeId, TenantId};
use std::time::Duration;

const BACKLOG: usize = 1_000_000;
const LINES: usize = 10_000;
const RATE: u32 = 400;
const OTHER: AccountId = AccountId(2);
const OTHER_TENANT: TenantId = TenantId(2);
const CODE: BusinessTypeId = BusinessTypeId(3);

/// How long a message of somebody without a backlog may wait at most, at 400 segments a second: for what the windows hold (32
/// segments) and the other's turn (4 segments for each of at most 5 weights).
const WAIT_MAX: Duration = Duration::from_millis(130);

/// Two organisations on one connection; verification codes go before everything else of their organisation.
fn snapshot(weight: u16, other_weight: u16) -> Snapshot {
    let mut config = connection(1, Protocol::Cmpp20);
    config.rate_per_second = RATE;
    let mut snapshot = catalog(Strategy::PrimaryBackup, vec![config]);
    let tenant = snapshot.organisations.values_mut().next().unwrap();
    tenant.weight = weight;
    let organisation = Organisation {
        id: OTHER_TENANT,
        name: "示范学校".into(),
        weight: other_weight,
        quiet_hours: None,
        lane: 0,
    };
    snapshot.organisations.insert(OTHER_TENANT, organisation);
    let mut account = snapshot.accounts[&ACCOUNT].clone();
    (account.id, account.tenant, account.name) = (OTHER, OTHER_TENANT, "school".into());
    (account.extension, account.api_key_sha256) = ("02".into(), [8; 32]);
    snapshot.accounts.insert(OTHER, account);
    let mut code = snapshot.business_types[&HOLD].clone();
    (code.id, code.name, code.priority) = (CODE, "code".into(), Priority::High);
    snapshot.business_types.insert(CODE, code);
    for kind in snapshot.business_types.values_mut() {
        kind.validity_s = 24 * 3_600;
    }
    snapshot
}

/// The first organisation's messages wait before anything is written.
fn world_with_backlog(snapshot: Snapshot, seed: u64) -> World {
    let mut world = World::new(snapshot, seed);
    let message = world.prepared(HOLD, 1);
    for _ in 0..BACKLOG / LINES {
        let lines = (0..LINES).map(|_| Ok(message.clone())).collect();
        assert_eq!(world.batch(None, lines).unwrap().accepted.len(), LINES);
    }
    world.run(Duration::from_secs(3));
    assert!(world.lane.waiting() > BACKLOG - 10_000);
    world
}

fn written_for(world: &World, extension: &str) -> usize {
    let entries = world.ledger.entries.iter();
    entries.filter(|entry| entry.from.ends_with(extension)).count()
}

/// Sends one message at a time and gives how long the slowest was on its way to the carrier.
fn slowest(
    world: &mut World,
    account: AccountId,
    business_type: BusinessTypeId,
    messages: usize,
) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..messages {
        let message = world.prepared_for(account, business_type, 1);
        let mark = message
            .text()
            .split('#')
            .nth(1)
            .map(|mark| format!("#{mark}#"))
            .unwrap();
        let (sent, before) = (world.now.monotonic, world.ledger.entries.len());
        world.send_as(account, message, None).unwrap();
        world.run(Duration::from_millis(10));
        while !world.ledger.entries[before..]
            .iter()
            .any(|entry| entry.text().contains(&mark))
        {
            assert!(
                world.now.monotonic - sent < Duration::from_secs(5),
                "{mark} is never written"
            );
            world.run(Duration::from_millis(5));
        }
        slowest = slowest.max(world.now.monotonic - sent);
    }
    slowest
}

#[test]
fn a_million_waiting_messages_leave_others_their_share() {
    for (seed, weight, other_weight) in [(1, 1, 1), (2, 5, 2)] {
        let mut world = world_with_backlog(snapshot(weight, other_weight), seed);
        let alone = slowest(&mut world, OTHER, HOLD, 100);
        assert!(alone <= WAIT_MAX, "a single message waited {alone:?}");
        let code = slowest(&mut world, ACCOUNT, CODE, 100);
        assert!(
            code <= WAIT_MAX,
            "a code waited {code:?} behind its own organisation"
        );
        // The other organisation has enough waiting as well, for 10 s.
        let message = world.prepared_for(OTHER, HOLD, 1);
        for _ in 0..10 * RATE {
            world.send_as(OTHER, message.clone(), None).unwrap();
        }
        let (first, second) = (written_for(&world, "01"), written_for(&world, "02"));
        world.run(Duration::from_secs(10));
        let first = (written_for(&world, "01") - first) as f64;
        let second = (written_for(&world, "02") - second) as f64;
        assert!(
            first + second >= 0.95 * f64::from(10 * RATE),
            "{first} and {second} in 10 s"
        );
        let fair = f64::from(other_weight) / f64::from(weight + other_weight);
        let share = second / (first + second);
        println!("share {share:.3} of {fair:.3}, single {alone:?}, code {code:?}");
        assert!(
            share >= 0.9 * fair && 1.0 - share >= 0.9 * (1.0 - fair),
            "{share} of {fair} (FAIR-1)"
        );
    }
}
