//! Who may send when there is not enough for all: shares between organisations, accounts and classes, grants and quotas.

use crate::world::{ACCOUNT, HOLD, World, catalog, connection};
use carillon_actors::intake::IntakeError;
use carillon_domain::catalog::{Organisation, Priority, Protocol, Snapshot, Strategy};
use carillon_domain::ids::{AccountId, BusinessTypeId, ConnectionId, TenantId};
use std::time::Duration;

const OTHER: AccountId = AccountId(2);
const OTHER_TENANT: TenantId = TenantId(2);

/// Two organisations with one account each on one slow connection.
fn two_tenants(weight: u16, other_weight: u16) -> Snapshot {
    let mut config = connection(1, Protocol::Cmpp20);
    config.rate_per_second = 200;
    let mut snapshot = catalog(Strategy::PrimaryBackup, vec![config]);
    snapshot
        .organisations
        .values_mut()
        .for_each(|organisation| organisation.weight = weight);
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
    snapshot
}

fn written_for(world: &World, extension: &str) -> usize {
    world
        .ledger
        .entries
        .iter()
        .filter(|entry| entry.from.ends_with(extension))
        .count()
}

#[test]
fn backlogged_organisations_share_by_weight() {
    for (weight, other_weight) in [(1, 1), (1, 3), (5, 2)] {
        let mut world = World::new(two_tenants(weight, other_weight), 1);
        for _ in 0..3_000 {
            let message = world.prepared(HOLD, 1);
            world.send_as(ACCOUNT, message, None).unwrap();
        }
        for _ in 0..3_000 {
            let message = world.prepared_for(OTHER, HOLD, 1);
            world.send_as(OTHER, message, None).unwrap();
        }
        // Both have much waiting from here on.
        let (first, second) = (written_for(&world, "01"), written_for(&world, "02"));
        world.run(Duration::from_secs(10));
        let first = (written_for(&world, "01") - first) as f64;
        let second = (written_for(&world, "02") - second) as f64;
        let fair = f64::from(weight) / f64::from(weight + other_weight);
        let share = first / (first + second);
        assert!(
            share >= 0.9 * fair && 1.0 - share >= 0.9 * (1.0 - fair),
            "{share} of {fair} (FAIR-1)"
        );
    }
}

#[test]
fn a_backlog_delays_another_organisation_by_no_more_than_its_share() {
    let mut world = World::new(two_tenants(1, 1), 2);
    for _ in 0..5_000 {
        let message = world.prepared(HOLD, 1);
        world.send_as(ACCOUNT, message, None).unwrap();
    }
    world.run(Duration::from_secs(3));
    for _ in 0..50 {
        let message = world.prepared_for(OTHER, HOLD, 1);
        world.send_as(OTHER, message, None).unwrap();
    }
    // Half of 200 a second is hers: 50 messages need half a second.
    world.run(Duration::from_millis(700));
    assert_eq!(written_for(&world, "02"), 50);
}

#[test]
fn a_code_overtakes_a_backlog_of_its_own_organisation() {
    let mut config = connection(1, Protocol::Cmpp20);
    config.rate_per_second = 100;
    let mut snapshot = catalog(Strategy::PrimaryBackup, vec![config]);
    let code = BusinessTypeId(3);
    let mut business_type = snapshot.business_types[&HOLD].clone();
    (business_type.id, business_type.name, business_type.priority) = (code, "code".into(), Priority::High);
    snapshot.business_types.insert(code, business_type);
    let mut world = World::new(snapshot, 3);
    world.send_many(HOLD, 2_000);
    world.run(Duration::from_secs(3));
    let before = world.ledger.entries.len();
    let message = world.prepared(code, 1);
    let id = world.send_as(ACCOUNT, message, None).unwrap().unwrap().id;
    world.run(Duration::from_millis(600));
    let journey = world.finished.get(&id).expect("the code is delivered");
    let marker = journey.headline().split('#').nth(1).unwrap().to_owned();
    let place = world.ledger.entries[before..]
        .iter()
        .position(|entry| entry.text().contains(&format!("#{marker}#")));
    assert!(
        place.is_some_and(|place| place < 40),
        "{place:?} were written before it"
    );
}

#[test]
fn an_account_sends_only_by_connections_it_is_granted() {
    let connections = vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Cmpp20)];
    let mut snapshot = catalog(Strategy::PrimaryBackup, connections);
    snapshot.accounts.get_mut(&ACCOUNT).unwrap().connections = vec![ConnectionId(2)];
    let mut world = World::new(snapshot, 4);
    // The primary is up, and not granted; the backup waits for its turn in the group.
    world
        .carriers
        .get_mut(&ConnectionId(1))
        .unwrap()
        .behaviour
        .reachable = false;
    world.send_many(HOLD, 20);
    world.run_until_empty(Duration::from_secs(20));
    assert!(
        world
            .ledger
            .entries
            .iter()
            .all(|entry| entry.connection == ConnectionId(2)),
        "(SEND-10)"
    );
}

#[test]
fn a_primary_that_is_not_granted_does_not_hold_the_backup_up() {
    let connections = vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Cmpp20)];
    let mut snapshot = catalog(Strategy::PrimaryBackup, connections);
    snapshot.accounts.get_mut(&ACCOUNT).unwrap().connections = vec![ConnectionId(2)];
    let mut world = World::new(snapshot, 5);
    world.run(Duration::from_secs(2));
    world.send_many(HOLD, 20);
    world.run_until_empty(Duration::from_secs(20));
    assert!(
        world
            .ledger
            .entries
            .iter()
            .all(|entry| entry.connection == ConnectionId(2)),
        "(SEND-10)"
    );
}

#[test]
fn a_quota_is_exact_over_a_crash_and_comes_back_with_what_was_never_sent() {
    let mut snapshot = catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]);
    snapshot.accounts.get_mut(&ACCOUNT).unwrap().quota_per_day = Some(10);
    let mut world = World::new(snapshot, 6);
    world
        .carriers
        .get_mut(&ConnectionId(1))
        .unwrap()
        .behaviour
        .reachable = false;
    assert_eq!(world.send(HOLD, 4), None);
    world.crash(true);
    assert_eq!(world.send(HOLD, 6), None);
    let used_up = Some(IntakeError::QuotaExceeded { quota: 10 });
    assert_eq!(world.send(HOLD, 1), used_up);
    let lines = (0..3).map(|_| Ok(world.prepared(HOLD, 1))).collect();
    let taken = world.batch(None, lines).unwrap();
    assert_eq!((taken.accepted.len(), taken.refused.len()), (0, 3));
    assert!(taken.refused.iter().all(|line| line.code == "quota_exceeded"));
    // They expire without a carrier ever having seen them.
    world.run_until_empty(Duration::from_secs(2 * 3600));
    assert_eq!(world.send(HOLD, 10), None, "what was never sent is given back");
    assert_eq!(world.send(HOLD, 1), used_up);
}
