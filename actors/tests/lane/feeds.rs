//! What an account reads of its messages: everything once, in order, and nothing of anybody else (API-1, ACK-1, PII-1).

use crate::world::{ACCOUNT, HOLD, World, catalog, connection};
use carillon_actors::feed::{Cursor, FeedError, FeedEvent, FeedKind, FeedPage, InvalidCursor, read_feed};
use carillon_domain::catalog::{Account, Protocol, Snapshot, Strategy};
use carillon_domain::fact::{FinalState, Finished, Reply};
use carillon_domain::ids::{AccountId, ConnectionId, MessageId};
use carillon_domain::journey::MessageState;
use carillon_storage::journal::FrameSeq;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

pub const OTHER: AccountId = AccountId(2);
const FIRST: ConnectionId = ConnectionId(1);
const SECOND: ConnectionId = ConnectionId(2);
const PHONE: &str = "13800000001";

/// [`ACCOUNT`] with extension 01, and others of the same organisation with these.
fn snapshot(extensions: &[(AccountId, &str)]) -> Snapshot {
    let connections = vec![connection(1, Protocol::Cmpp20), connection(2, Protocol::Smpp34)];
    let mut snapshot = catalog(Strategy::Weighted, connections);
    for (id, extension) in extensions {
        let account = Account {
            id: *id,
            name: format!("account-{}", id.0).into(),
            extension: (*extension).into(),
            api_key_sha256: [id.0 as u8 + 100; 32],
            ..snapshot.accounts[&ACCOUNT].clone()
        };
        snapshot.accounts.insert(*id, account);
    }
    snapshot
}

pub fn two_accounts(seed: u64) -> World {
    World::new(snapshot(&[(OTHER, "02")]), seed)
}

fn send_for(world: &mut World, account: AccountId, segments: u8) -> MessageId {
    let message = world.prepared_for(account, HOLD, segments);
    world.send_as(account, message, None).unwrap().unwrap().id
}

pub fn send_many(world: &mut World, messages: usize) {
    for _ in 0..messages {
        send_for(world, ACCOUNT, 1);
    }
}

fn page(world: &World, account: AccountId, kind: FeedKind, after: Option<Cursor>, limit: usize) -> FeedPage {
    read_feed(&**world.lane.journal(), account, kind, after, limit).expect("the feed can be read")
}

/// Every event after a cursor in pages of `limit`, and where the next one will be.
fn read_on(
    world: &World,
    account: AccountId,
    kind: FeedKind,
    mut after: Option<Cursor>,
    limit: usize,
) -> (Vec<FeedEvent>, Cursor) {
    let mut events = Vec::new();
    loop {
        let page = page(world, account, kind, after, limit);
        assert!(page.events.len() <= limit);
        assert!(after.is_none_or(|after| after <= page.next), "a cursor goes back");
        // Callers hold cursors as text.
        assert_eq!(page.next.to_string().parse(), Ok(page.next));
        assert!(page.events.is_sorted_by(|a, b| a.next < b.next));
        events.extend(page.events.into_iter().map(|placed| placed.event));
        if !page.more {
            return (events, page.next);
        }
        after = Some(page.next);
    }
}

fn receipts(world: &World, account: AccountId) -> Vec<(Finished, bool)> {
    let (events, _) = read_on(world, account, FeedKind::Receipts, None, 1_000);
    events.into_iter().map(finished).collect()
}

fn finished(event: FeedEvent) -> (Finished, bool) {
    match event {
        FeedEvent::Finished { finished, amended } => (finished, amended),
        FeedEvent::Reply(reply) => panic!("a reply among the receipts: {reply:?}"),
    }
}

fn replies(world: &World, account: AccountId) -> Vec<Reply> {
    let (events, _) = read_on(world, account, FeedKind::Replies, None, 1_000);
    let reply = |event| match event {
        FeedEvent::Reply(reply) => reply,
        other => panic!("a receipt among the replies: {other:?}"),
    };
    events.into_iter().map(reply).collect()
}

/// Traffic of two accounts with refusals, failures, cuts and crashes.
fn lively(seed: u64) -> World {
    let mut world = two_accounts(seed);
    for carrier in world.carriers.values_mut() {
        carrier.behaviour.rejected = 0.1;
        carrier.behaviour.undelivered = 0.2;
        carrier.behaviour.receipts_twice = 0.2;
        carrier.behaviour.receipts_first = 0.2;
    }
    for round in 0..30 {
        for number in 0..20 {
            let account = if number % 3 == 0 { OTHER } else { ACCOUNT };
            send_for(&mut world, account, 1 + number % 4 / 3);
        }
        world.run(Duration::from_millis(100));
        match round {
            7 => world.crash(false),
            14 => world.cut(FIRST),
            21 => {
                world.checkpoint();
                world.crash(true);
            }
            _ => {}
        }
    }
    world.run_until_empty(Duration::from_secs(4 * 3600));
    world
}

#[test]
fn every_end_is_told_once_in_order_and_only_to_its_account() {
    for seed in 0..4 {
        let world = lively(seed);
        let mut told = 0;
        for account in [ACCOUNT, OTHER] {
            let events = receipts(&world, account);
            told += events.len();
            assert!(
                events.is_sorted_by_key(|(finished, _)| finished.at),
                "seed {seed}: in the order of what happened"
            );
            let ends: BTreeMap<_, _> = events
                .iter()
                .filter(|(finished, amended)| finished.account == account && !amended)
                .map(|(finished, _)| (finished.message, finished))
                .collect();
            assert_eq!(ends.len(), events.len(), "seed {seed}: once, and nobody else's");
            for (id, end) in ends {
                let journey = &world.finished[&id];
                assert_eq!(journey.account, account);
                assert_eq!(journey.state, MessageState::Final(end.state));
                assert_eq!((&journey.cause, journey.final_at), (&end.cause, Some(end.at)));
                assert_eq!(journey.to, end.to);
            }
        }
        assert_eq!(told, 600, "seed {seed}");
        assert_eq!(world.finished.len(), 600, "seed {seed}");
        assert_eq!(receipts(&world, AccountId(3)), []);
    }
}

#[test]
fn pages_of_any_size_give_the_same_events() {
    let world = lively(10);
    for account in [ACCOUNT, OTHER] {
        let whole = read_on(&world, account, FeedKind::Receipts, None, usize::MAX);
        assert!(whole.0.len() >= 200);
        for limit in [1, 7, 1_000] {
            let paged = read_on(&world, account, FeedKind::Receipts, None, limit);
            assert_eq!(paged.0, whole.0, "pages of {limit}");
            let rest = page(&world, account, FeedKind::Receipts, Some(paged.1), limit);
            assert_eq!((rest.events.as_slice(), rest.more), (&[][..], false));
        }
    }
}

#[test]
fn a_reader_that_keeps_up_sees_what_one_that_comes_late_sees() {
    let mut world = two_accounts(11);
    let (mut seen, mut after) = (Vec::new(), None);
    for round in 0..100 {
        send_many(&mut world, 5);
        world.run(Duration::from_millis(50));
        let (events, next) = read_on(&world, ACCOUNT, FeedKind::Receipts, after, 3);
        seen.extend(events);
        after = Some(next);
        if round % 40 == 39 {
            world.crash(true);
        }
    }
    world.run_until_empty(Duration::from_secs(4 * 3600));
    seen.extend(read_on(&world, ACCOUNT, FeedKind::Receipts, after, 3).0);
    assert_eq!(seen.len(), 500);
    assert_eq!(seen, read_on(&world, ACCOUNT, FeedKind::Receipts, None, 1_000).0);
}

/// What a sync has failed on may be gone after the crash; whoever had seen it would see it happen again, otherwise.
#[test]
fn only_what_is_durable_is_told() {
    for seed in 20..30 {
        let mut world = two_accounts(seed);
        send_many(&mut world, 10);
        world.run_until_empty(Duration::from_secs(20));
        let unreachable = |world: &mut World| {
            world
                .carriers
                .values_mut()
                .for_each(|carrier| carrier.behaviour.reachable = false);
            [FIRST, SECOND].into_iter().for_each(|id| world.cut(id));
        };
        unreachable(&mut world);
        send_many(&mut world, 50);
        let (before, next) = read_on(&world, ACCOUNT, FeedKind::Receipts, None, 7);
        assert_eq!(before.len(), 10);

        world.now.unix = world.now.unix + Duration::from_secs(3_601);
        world.fail_syncs();
        world.lane.end_due(world.now);
        world.lane.commit();
        assert!(world.lane.columns().is_empty(), "all have ended");
        while world.lane.failure().is_none() {
            std::thread::yield_now();
        }
        assert!(world.lane.journal().durable() < world.lane.appended());
        let read = page(&world, ACCOUNT, FeedKind::Receipts, Some(next), 1_000);
        assert_eq!(
            (read.events, read.next, read.more),
            (vec![], next, false),
            "(ACK-1)"
        );

        world.heal_syncs();
        world.crash(true);
        world.run(Duration::from_secs(2));
        let (after, _) = read_on(&world, ACCOUNT, FeedKind::Receipts, Some(next), 7);
        assert_eq!(after.len(), 50, "seed {seed}");
        assert_eq!(world.finished.len(), 60);
        assert!(
            after
                .into_iter()
                .all(|event| finished(event).0.state == FinalState::Expired)
        );
    }
}

#[test]
fn an_amended_end_is_told_after_the_first_one() {
    let mut snapshot = snapshot(&[(OTHER, "02")]);
    snapshot
        .business_types
        .values_mut()
        .for_each(|kind| (kind.validity_s, kind.receipt_wait_s) = (5, 5));
    let mut world = World::new(snapshot, 12);
    for carrier in world.carriers.values_mut() {
        carrier.behaviour.receipt_after = Duration::from_secs(10);
    }
    let ids = [ACCOUNT, OTHER].map(|account| send_for(&mut world, account, 1));
    world.run(Duration::from_secs(15));
    for (account, id) in [ACCOUNT, OTHER].into_iter().zip(ids) {
        let events = receipts(&world, account);
        let told: Vec<_> = events
            .iter()
            .map(|(finished, amended)| (finished.message, finished.state, *amended))
            .collect();
        assert_eq!(
            told,
            [(id, FinalState::Sent, false), (id, FinalState::Delivered, true)]
        );
        assert!(events[0].0.at < events[1].0.at);
    }
}

#[test]
fn a_reply_is_found_by_access_number_and_longest_extension() {
    const LONGER: AccountId = AccountId(3);
    const NOT_GRANTED: AccountId = AccountId(4);
    let mut snapshot = snapshot(&[(OTHER, "02"), (LONGER, "0123"), (NOT_GRANTED, "017")]);
    let connections = &mut snapshot.accounts.get_mut(&NOT_GRANTED).unwrap().connections;
    connections.retain(|id| *id == SECOND);
    let cases = [
        (FIRST, "1069000001", Some(ACCOUNT)),
        (FIRST, "10690000019", Some(ACCOUNT)),
        (FIRST, "106900000122", Some(ACCOUNT)),
        (FIRST, "106900000123", Some(LONGER)),
        (FIRST, "10690000012345", Some(LONGER)),
        (FIRST, "1069000002", Some(OTHER)),
        (FIRST, "10690000017", Some(ACCOUNT)),
        (SECOND, "10690000017", Some(NOT_GRANTED)),
        (SECOND, "1069000002", Some(OTHER)),
        (FIRST, "1069000003", None),
        (FIRST, "10690000", None),
        (FIRST, "1069000", None),
        (FIRST, "01", None),
        (FIRST, "", None),
        (SECOND, "2069000001", None),
    ];
    let mut world = World::new(snapshot, 13);
    world.run(Duration::from_secs(2));
    for (number, (connection, to, _)) in cases.iter().enumerate() {
        let carrier = world.carriers.get_mut(connection).unwrap();
        carrier.send_reply(PHONE, to, &format!("回复 {number}"), world.now);
    }
    world.run(Duration::from_secs(1));
    world.crash(true);
    for account in [ACCOUNT, OTHER, LONGER, NOT_GRANTED] {
        let mut told: Vec<_> = replies(&world, account)
            .into_iter()
            .map(|reply| (reply.connection, reply.to.to_string(), reply.text.to_string()))
            .collect();
        let mut expected: Vec<_> = (0..)
            .zip(&cases)
            .filter(|(_, (.., owner))| *owner == Some(account))
            .map(|(number, (connection, to, _))| (*connection, (*to).to_owned(), format!("回复 {number}")))
            .collect();
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "{account:?}");
        assert_eq!(receipts(&world, account), [], "replies are no receipts");
    }
}

#[test]
fn a_reply_that_nobody_owns_is_kept_counted_and_in_nobodys_feed() {
    let mut world = two_accounts(14);
    world.run(Duration::from_secs(2));
    let carrier = world.carriers.get_mut(&FIRST).unwrap();
    carrier.send_reply(PHONE, "1069000099", "给谁的", world.now);
    carrier.send_reply(PHONE, "1069000002", "收到", world.now);
    world.run(Duration::from_secs(1));
    let counters = world.lane.counters();
    assert_eq!((counters.replies.get(), counters.replies_unowned.get()), (2, 1));
    assert_eq!(replies(&world, ACCOUNT), []);
    let told = replies(&world, OTHER);
    assert_eq!(told.len(), 1);
    assert_eq!((&*told[0].from, &*told[0].text), (PHONE, "收到"));
}

/// Several accounts may send from the bare access number; nobody can say whose the answer is, so it is nobody's (PII-1).
#[test]
fn a_reply_to_a_number_that_several_share_goes_to_none_of_them() {
    let third = AccountId(3);
    let mut shared = snapshot(&[(OTHER, ""), (third, "")]);
    let mut world = World::new(shared.clone(), 15);
    let reply = |world: &mut World| {
        world.run(Duration::from_secs(2));
        let carrier = world.carriers.get_mut(&FIRST).unwrap();
        carrier.send_reply(PHONE, "10690000", "收到", world.now);
        carrier.send_reply(PHONE, "1069000001", "收到", world.now);
        world.run(Duration::from_secs(1));
        [ACCOUNT, OTHER, third].map(|account| replies(world, account).len())
    };
    assert_eq!(reply(&mut world), [1, 0, 0]);
    assert_eq!(world.lane.counters().replies_unowned.get(), 1);
    shared.accounts.remove(&third);
    let mut world = World::new(shared, 16);
    assert_eq!(reply(&mut world), [1, 1, 0], "one alone has it");
}

#[test]
fn events_that_are_no_longer_kept_are_gone_and_the_answer_says_where_to_go_on() {
    let mut world = two_accounts(17);
    // More than one volume holds.
    for _ in 0..30 {
        send_many(&mut world, 40);
        world.run(Duration::from_millis(200));
    }
    world.run_until_empty(Duration::from_secs(20));
    let early = page(&world, ACCOUNT, FeedKind::Receipts, None, 5);
    let (all, end) = read_on(&world, ACCOUNT, FeedKind::Receipts, None, 1_000);
    assert_eq!(all.len(), 1_200);
    world.checkpoint();
    let journal = world.lane.journal();
    journal.release(journal.durable()).unwrap();
    let oldest = journal.oldest();
    assert!(oldest > early.next.frame, "something went");

    let gone = read_feed(&**journal, ACCOUNT, FeedKind::Receipts, Some(early.next), 5);
    let Err(FeedError::Gone { oldest: told }) = gone else {
        panic!("{gone:?}");
    };
    assert_eq!(told.frame, oldest);
    let rest = read_on(&world, ACCOUNT, FeedKind::Receipts, Some(told), 7).0;
    assert!(all.ends_with(&rest));
    assert_eq!(read_on(&world, ACCOUNT, FeedKind::Receipts, None, 7).0, rest);
    send_for(&mut world, ACCOUNT, 1);
    world.run_until_empty(Duration::from_secs(20));
    assert_eq!(
        read_on(&world, ACCOUNT, FeedKind::Receipts, Some(end), 7).0.len(),
        1
    );
}

#[test]
fn texts_that_are_no_cursor() {
    for text in [
        "",
        "-",
        "1",
        "1-",
        "-1",
        "a-b",
        "1-2-3",
        "1 -2",
        "1--2",
        "٣-١",
        "0x1-0",
        "18446744073709551616-0",
        "1-4294967296",
    ] {
        assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text:?}");
    }
}

/// A cursor that no page gave would wait in silence until the journal gets there, and miss what happens until then.
#[test]
fn a_cursor_ahead_of_everything_is_refused() {
    let mut world = two_accounts(18);
    let read = |world: &World, after| {
        read_feed(
            &**world.lane.journal(),
            ACCOUNT,
            FeedKind::Receipts,
            Some(after),
            10,
        )
    };
    send_for(&mut world, ACCOUNT, 1);
    world.run_until_empty(Duration::from_secs(20));
    let end = page(&world, ACCOUNT, FeedKind::Receipts, None, 10).next;
    assert!(read(&world, end).is_ok());
    for (frame, facts) in [
        (end.frame, 1),
        (end.frame.next(), 0),
        (FrameSeq(u64::MAX), u32::MAX),
    ] {
        let refused = read(&world, Cursor { frame, facts });
        assert!(
            matches!(refused, Err(FeedError::Ahead { newest }) if newest == end),
            "{refused:?}"
        );
    }
}

#[test]
fn a_feed_of_an_empty_journal_begins_where_its_first_event_will_be() {
    let mut world = two_accounts(19);
    let empty = page(&world, ACCOUNT, FeedKind::Receipts, None, 10);
    assert_eq!((empty.events.as_slice(), empty.more), (&[][..], false));
    send_for(&mut world, ACCOUNT, 1);
    world.run_until_empty(Duration::from_secs(20));
    let read = page(&world, ACCOUNT, FeedKind::Receipts, Some(empty.next), 10);
    assert_eq!(read.events.len(), 1);
}

proptest! {
    #[test]
    fn a_cursor_comes_back_from_its_text(frame: u64, facts: u32) {
        let cursor = Cursor { frame: FrameSeq(frame), facts };
        prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,24}|[0-9]{0,22}-[0-9]{0,12}") {
        if let Ok(cursor) = text.parse::<Cursor>() {
            prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }
    }
}
