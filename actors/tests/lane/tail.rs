//! What is pushed: the one reader of the journal, feeds that fall behind it, and the places kept over a crash (API-1).

use crate::feeds::{OTHER, send_many, two_accounts};
use crate::world::{ACCOUNT, World};
use carillon_actors::fan_out::{FanOut, FeedKey};
use carillon_actors::feed::{Cursor, FeedKind, PlacedEvent, read_feed};
use carillon_actors::feed_tail::FeedTail;
use carillon_domain::fact::{Cursor as CursorFact, Fact, WebhookOff, WebhookStanding};
use carillon_domain::ids::AccountId;
use carillon_domain::time::UnixMs;
use parking_lot::Mutex;
use std::time::Duration;

/// Delivers as a deliverer does, without a receiver.
struct Reader {
    key: FeedKey,
    seen: Cursor,
    events: Vec<PlacedEvent>,
    /// Times the journal had to be read.
    pages: usize,
}

impl Reader {
    fn new(fan: &Mutex<FanOut>, account: AccountId, seen: Cursor) -> Reader {
        let key = (account, FeedKind::Receipts);
        fan.lock().add(key);
        Reader {
            key,
            seen,
            events: Vec::new(),
            pages: 0,
        }
    }

    /// Until nothing is left.
    fn read_all(&mut self, world: &World, fan: &Mutex<FanOut>) {
        loop {
            let taken = fan.lock().take(self.key, self.seen, 7);
            if let Some(taken) = taken {
                self.seen = taken.next;
                if taken.events.is_empty() {
                    return;
                }
                self.events.extend(taken.events);
                continue;
            }
            let journal = &**world.lane.journal();
            let page = read_feed(journal, self.key.0, self.key.1, Some(self.seen), 7).unwrap();
            self.pages += 1;
            self.seen = page.next;
            let is_end = page.events.is_empty() && !page.more;
            self.events.extend(page.events);
            if is_end && fan.lock().join(self.key, self.seen) {
                return;
            }
        }
    }
}

fn pulled(world: &World, account: AccountId, after: Cursor) -> Vec<PlacedEvent> {
    let journal = &**world.lane.journal();
    read_feed(journal, account, FeedKind::Receipts, Some(after), usize::MAX)
        .unwrap()
        .events
}

#[test]
fn by_the_tail_comes_what_would_have_been_pulled() {
    let mut world = two_accounts(30);
    send_many(&mut world, 20);
    world.run_until_empty(Duration::from_secs(20));
    let mut tail = FeedTail::at_end(world.lane.journal().clone());
    let begin = tail.place();
    let fan = Mutex::new(FanOut::new(begin));
    let mut prompt = Reader::new(&fan, ACCOUNT, begin);
    let mut slow = Reader::new(&fan, ACCOUNT, begin);
    let mut other = Reader::new(&fan, OTHER, begin);
    for round in 0..60 {
        send_many(&mut world, 50);
        world.run(Duration::from_millis(100));
        tail.read(&fan).unwrap();
        prompt.read_all(&world, &fan);
        other.read_all(&world, &fan);
        if round == 59 {
            slow.read_all(&world, &fan);
        }
    }
    world.run_until_empty(Duration::from_secs(600));
    tail.read(&fan).unwrap();
    for reader in [&mut prompt, &mut slow, &mut other] {
        reader.read_all(&world, &fan);
        assert_eq!(reader.events, pulled(&world, reader.key.0, begin));
    }
    assert_eq!(prompt.events.len(), 60 * 50);
    assert_eq!((other.events.len(), other.pages), (0, 1));
    assert!(slow.pages > 1, "a second reader of a feed is behind the first");
}

#[test]
fn a_tail_is_behind_only_as_long_as_it_has_not_read() {
    let mut world = two_accounts(31);
    let mut tail = FeedTail::at_end(world.lane.journal().clone());
    assert!(!tail.is_behind());
    let fan = Mutex::new(FanOut::new(tail.place()));
    send_many(&mut world, 1);
    world.run_until_empty(Duration::from_secs(20));
    assert!(tail.is_behind());
    tail.read(&fan).unwrap();
    assert!(!tail.is_behind());
    assert_eq!(
        tail.place(),
        FeedTail::at_end(world.lane.journal().clone()).place()
    );
}

#[test]
fn places_and_standings_are_kept_over_crashes_and_checkpoints() {
    let mut world = two_accounts(32);
    let cursor = |feed, frame| CursorFact {
        account: ACCOUNT,
        feed,
        frame,
        index: 3,
        at: UnixMs(1),
    };
    let off = WebhookStanding {
        account: OTHER,
        failing_since: Some(UnixMs(7)),
        off: Some(WebhookOff::Failing),
        at: UnixMs(9),
    };
    // An operator may set a place back: the last one holds.
    for frame in [5, 9, 2] {
        world.lane.record(Fact::Cursor(cursor(FeedKind::Receipts, frame)));
    }
    world.lane.record(Fact::Webhook(off));
    world.lane.commit();
    world.settle();
    for checkpoint in [false, true] {
        if checkpoint {
            world.checkpoint();
        }
        world.crash(true);
        let cursors = world.lane.columns().cursors();
        assert_eq!(
            cursors.place(ACCOUNT, FeedKind::Receipts),
            Some(&cursor(FeedKind::Receipts, 2))
        );
        assert_eq!(cursors.place(ACCOUNT, FeedKind::Replies), None);
        assert_eq!(cursors.standing(OTHER), Some(&off));
        assert_eq!(cursors.standing(ACCOUNT), None);
    }
    let enabled = WebhookStanding {
        failing_since: None,
        off: None,
        ..off
    };
    world.lane.record(Fact::Webhook(enabled));
    assert_eq!(world.lane.columns().cursors().standing(OTHER), None);
}
