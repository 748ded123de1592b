//! The same key gives the same answer: at once, after a crash, and for a batch that was cut in the middle (IDEM-1).

use crate::world::{ACCOUNT, HOLD, World, catalog, connection};
use carillon_actors::intake::IntakeError;
use carillon_actors::lane::BatchTaken;
use carillon_domain::catalog::{Protocol, Strategy};
use carillon_domain::fact::IdempotencyKey;
use std::time::Duration;

const KEY: IdempotencyKey = IdempotencyKey {
    key: [1; 16],
    fingerprint: 11,
};
const SAME_KEY_OTHER_BODY: IdempotencyKey = IdempotencyKey {
    key: [1; 16],
    fingerprint: 12,
};

fn world(seed: u64) -> World {
    World::new(
        catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]),
        seed,
    )
}

#[test]
fn a_repeat_gets_the_first_answer_also_after_a_crash() {
    let mut world = world(1);
    let message = world.prepared(HOLD, 1);
    let first = world
        .send_as(ACCOUNT, message.clone(), Some(KEY))
        .unwrap()
        .unwrap();
    assert!(!first.repeated);
    for _ in 0..3 {
        let again = world
            .send_as(ACCOUNT, message.clone(), Some(KEY))
            .unwrap()
            .unwrap();
        assert_eq!((again.id, again.repeated), (first.id, true));
        world.crash(true);
    }
    world.checkpoint();
    world.crash(false);
    let again = world
        .send_as(ACCOUNT, message.clone(), Some(KEY))
        .unwrap()
        .unwrap();
    assert_eq!(again.id, first.id);
    let conflict = world.send_as(ACCOUNT, message, Some(SAME_KEY_OTHER_BODY));
    assert_eq!(conflict, Err(IntakeError::IdempotencyConflict));
    world.run_until_empty(Duration::from_secs(20));
    assert_eq!(world.ledger.entries.len(), 1, "sent once");
}

#[test]
fn a_key_is_free_again_after_a_day() {
    let mut world = world(2);
    let message = world.prepared(HOLD, 1);
    let first = world
        .send_as(ACCOUNT, message.clone(), Some(KEY))
        .unwrap()
        .unwrap();
    world.run_until_empty(Duration::from_secs(20));
    world.now.unix = world.now.unix + Duration::from_secs(30 * 3600);
    world.lane.forget_keys(world.now);
    let next = world
        .send_as(ACCOUNT, message, Some(SAME_KEY_OTHER_BODY))
        .unwrap()
        .unwrap();
    assert_ne!(next.id, first.id);
}

#[test]
fn a_batch_goes_on_after_its_last_durable_line() {
    for seed in 0..8 {
        let mut world = world(seed);
        let lines: Vec<_> = (0..4_000).map(|_| world.prepared(HOLD, 1)).collect();
        let lines = || lines.iter().cloned().map(Ok).collect::<Vec<_>>();
        // The power fails while the batch is being taken.
        world.begin_batch(Some(KEY), lines(), 1 + seed as usize);
        world.crash(true);
        let open = world.lane.columns().len();
        let taken = world.batch(Some(KEY), lines()).unwrap();
        let known = taken.known.map_or(0, |known| known.lines as usize);
        assert_eq!(known, open, "what is durable is known, and nothing else");
        assert_eq!(known + taken.accepted.len(), 4_000);
        assert_eq!(world.lane.columns().len(), 4_000, "no line twice");
        let again = world.batch(Some(KEY), lines()).unwrap();
        assert_eq!(again.known.unwrap().lines, 4_000);
        assert_eq!(again.accepted, []);
        assert_eq!(
            world.batch(Some(SAME_KEY_OTHER_BODY), lines()),
            Err(IntakeError::IdempotencyConflict)
        );
        assert_eq!(world.known_lines(&KEY, &again).len(), 4_000);
        let (first, rest) = (world.known_lines(&KEY, &again), taken.accepted);
        assert!(first.ends_with(&rest), "the same ids as the first time");
    }
}

#[test]
fn a_batch_and_a_single_message_do_not_share_a_key() {
    let mut world = world(9);
    let message = world.prepared(HOLD, 1);
    world.send_as(ACCOUNT, message.clone(), Some(KEY)).unwrap();
    let refused: Result<BatchTaken, _> = world.batch(Some(KEY), vec![Ok(message)]);
    assert_eq!(refused, Err(IntakeError::IdempotencyConflict));
}

#[test]
fn no_key_is_forgotten_to_make_room_for_another() {
    let mut world = world(10);
    world.options.columns.keys_max = 2;
    world.crash(false);
    let key = |n: u8| {
        Some(IdempotencyKey {
            key: [n; 16],
            fingerprint: 1,
        })
    };
    let message = world.prepared(HOLD, 1);
    let first = world.send_as(ACCOUNT, message.clone(), key(1)).unwrap().unwrap();
    world.send_as(ACCOUNT, message.clone(), key(2)).unwrap();
    let refused = world.send_as(ACCOUNT, message.clone(), key(3));
    assert_eq!(refused, Err(IntakeError::Overloaded { retry_after_s: 600 }));
    assert_eq!(
        world
            .send_as(ACCOUNT, message.clone(), key(1))
            .unwrap()
            .unwrap()
            .id,
        first.id
    );
    assert!(
        world.send_as(ACCOUNT, message, None).is_ok(),
        "without a key there is room"
    );
}
