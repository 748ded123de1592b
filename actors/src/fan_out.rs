use crate::feed::{Cursor, FeedKind, PlacedEvent};
use carillon_domain::ids::AccountId;
use std::collections::{HashMap, VecDeque};

/// Events kept for one feed of one account; a receiver that is further behind reads the journal itself.
const EVENTS_PER_FEED_MAX: usize = 1_000;
/// Events kept over all feeds.
const EVENTS_MAX: usize = 100_000;

/// Frames without an event after which a live feed's deliverer is woken all the same: its place has to move on, or a restart
/// would look through all of them again.
const QUIET_FRAMES: u64 = 10_000;

/// One feed of one account.
pub type FeedKey = (AccountId, FeedKind);

/// Events on their way from the one reader of the journal to whoever delivers them.
///
/// A feed is *live* when the next event it needs comes from here, otherwise its deliverer reads the journal from its own
/// cursor until it meets the reader. A feed whose queue is full stops being live, so that memory is bounded and a slow receiver
/// holds nobody.
#[derive(Debug)]
pub struct FanOut {
    /// Everything before it was offered.
    place: Cursor,
    feeds: HashMap<FeedKey, Option<Queue>>,
    events: usize,
    woken: Vec<FeedKey>,
}

#[derive(Debug)]
struct Queue {
    /// Everything before it was taken.
    taken: Cursor,
    /// The deliverer was woken, or took something, when the reader stood here.
    woken: Cursor,
    events: VecDeque<PlacedEvent>,
}

/// Events in order, and the cursor behind them and behind all that was for others.
#[derive(Debug, PartialEq)]
pub struct Taken {
    pub events: Vec<PlacedEvent>,
    pub next: Cursor,
}

impl FanOut {
    /// Of a reader that stands at `place`.
    pub fn new(place: Cursor) -> Self {
        FanOut {
            place,
            feeds: HashMap::new(),
            events: 0,
            woken: Vec::new(),
        }
    }

    /// Adds a feed, which is not live at first.
    pub fn add(&mut self, key: FeedKey) {
        self.feeds.entry(key).or_default();
    }

    pub fn remove(&mut self, key: FeedKey) {
        self.leave(key);
        self.feeds.remove(&key);
    }

    pub fn is_empty(&self) -> bool {
        self.feeds.is_empty()
    }

    /// The reader stands somewhere else now: nobody is live any more.
    pub fn restart(&mut self, place: Cursor) {
        self.place = place;
        let feeds: Vec<_> = self.feeds.keys().copied().collect();
        feeds.into_iter().for_each(|key| self.leave(key));
    }

    /// An event, whoever it is for. Events come in the order of their places.
    pub fn offer(&mut self, key: FeedKey, event: PlacedEvent) {
        self.place = event.next;
        let Some(queue) = self.feeds.get_mut(&key).and_then(Option::as_mut) else {
            return;
        };
        if event.next <= queue.taken {
            return;
        }
        if queue.events.len() >= EVENTS_PER_FEED_MAX || self.events >= EVENTS_MAX {
            return self.leave(key);
        }
        if queue.events.is_empty() {
            self.woken.push(key);
        }
        queue.events.push_back(event);
        self.events += 1;
    }

    /// Everything before `place` was offered.
    pub fn advance(&mut self, place: Cursor) {
        self.place = self.place.max(place);
    }

    /// Feeds that have something to take, and had nothing before; and those that have had nothing for long.
    pub fn take_woken(&mut self) -> Vec<FeedKey> {
        let mut woken = std::mem::take(&mut self.woken);
        let live = self.feeds.iter_mut();
        for (key, queue) in live.filter_map(|(key, queue)| Some((key, queue.as_mut()?))) {
            let frames = self.place.frame.0.saturating_sub(queue.woken.frame.0);
            if queue.events.is_empty() && frames >= QUIET_FRAMES {
                queue.woken = self.place;
                woken.push(*key);
            }
        }
        woken
    }

    /// Makes a feed live whose deliverer has seen everything before `seen`; `false` when the reader is further already.
    pub fn join(&mut self, key: FeedKey, seen: Cursor) -> bool {
        if seen < self.place {
            return false;
        }
        self.leave(key);
        let Some(queue) = self.feeds.get_mut(&key) else {
            return false;
        };
        *queue = Some(Queue {
            taken: seen,
            woken: seen,
            events: VecDeque::new(),
        });
        true
    }

    /// At most `max` events behind `seen`, or `None` when the journal has to be read for them.
    pub fn take(&mut self, key: FeedKey, seen: Cursor, max: usize) -> Option<Taken> {
        let place = self.place;
        let queue = self.feeds.get_mut(&key)?.as_mut()?;
        if queue.taken != seen {
            self.leave(key);
            return None;
        }
        let events: Vec<_> = queue.events.drain(..max.min(queue.events.len())).collect();
        self.events -= events.len();
        let next = match events.last() {
            Some(last) if !queue.events.is_empty() => last.next,
            _ => place.max(seen),
        };
        (queue.taken, queue.woken) = (next, next);
        Some(Taken { events, next })
    }

    /// Puts back what was taken and cannot be delivered now: the journal gives it again.
    pub fn leave(&mut self, key: FeedKey) {
        if let Some(queue) = self.feeds.get_mut(&key).and_then(Option::take) {
            self.events -= queue.events.len();
            self.woken.push(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::FeedEvent;
    use carillon_domain::fact::Reply;
    use carillon_domain::ids::{ConnectionId, MessageId};
    use carillon_domain::time::UnixMs;
    use carillon_storage::journal::FrameSeq;
    use proptest::prelude::*;

    const KEY: FeedKey = (AccountId(1), FeedKind::Replies);
    const OTHER: FeedKey = (AccountId(2), FeedKind::Replies);

    fn place(frame: u64) -> Cursor {
        Cursor::before(FrameSeq(frame))
    }

    fn event(frame: u64) -> PlacedEvent {
        let reply = Reply {
            id: MessageId::new(frame, 0, 0),
            connection: ConnectionId(1),
            account: Some(KEY.0),
            from: "13800000001".into(),
            to: "1069".into(),
            text: "".into(),
            part: None,
            at: UnixMs(frame),
        };
        PlacedEvent {
            next: place(frame + 1),
            event: FeedEvent::Reply(reply),
        }
    }

    fn frames(taken: &Taken) -> Vec<u64> {
        taken.events.iter().map(|event| event.next.frame.0 - 1).collect()
    }

    #[test]
    fn a_feed_joins_where_it_meets_the_reader_and_takes_in_order() {
        let mut fan = FanOut::new(place(10));
        fan.add(KEY);
        assert_eq!(fan.take(KEY, place(10), 10), None, "not live yet");
        assert!(!fan.join(KEY, place(9)), "frame 9 was offered to nobody");
        assert!(fan.join(KEY, place(10)));
        fan.offer(KEY, event(10));
        fan.offer(OTHER, event(11));
        fan.offer(KEY, event(12));
        fan.advance(place(20));
        assert_eq!(fan.take_woken(), [KEY]);
        let first = fan.take(KEY, place(10), 1).unwrap();
        assert_eq!((frames(&first), first.next), (vec![10], place(11)));
        let second = fan.take(KEY, first.next, 10).unwrap();
        assert_eq!((frames(&second), second.next), (vec![12], place(20)));
        let nothing = fan.take(KEY, second.next, 10).unwrap();
        assert_eq!((frames(&nothing), nothing.next), (vec![], place(20)));
        assert_eq!(fan.events, 0);
    }

    #[test]
    fn a_feed_that_joined_ahead_of_the_reader_sees_nothing_twice() {
        let mut fan = FanOut::new(place(5));
        fan.add(KEY);
        assert!(fan.join(KEY, place(8)));
        for frame in 5..10 {
            fan.offer(KEY, event(frame));
        }
        let taken = fan.take(KEY, place(8), 100).unwrap();
        assert_eq!((frames(&taken), taken.next), (vec![8, 9], place(10)));
    }

    #[test]
    fn a_full_queue_is_given_up_and_another_place_reads_the_journal() {
        let mut fan = FanOut::new(place(1));
        fan.add(KEY);
        fan.join(KEY, place(1));
        let many = EVENTS_PER_FEED_MAX as u64;
        (1..=many).for_each(|frame| fan.offer(KEY, event(frame)));
        assert_eq!(fan.events, EVENTS_PER_FEED_MAX);
        fan.offer(KEY, event(many + 1));
        assert_eq!(fan.events, 0);
        assert_eq!(fan.take(KEY, place(1), 10), None);
        assert!(fan.join(KEY, place(many + 2)));
        assert_eq!(fan.take(KEY, place(3), 10), None, "an operator has set it back");
        assert_eq!(fan.take(KEY, place(many + 2), 10), None);
    }

    #[test]
    fn a_feed_that_is_quiet_for_long_moves_on_all_the_same() {
        let mut fan = FanOut::new(place(1));
        fan.add(KEY);
        fan.join(KEY, place(1));
        fan.advance(place(QUIET_FRAMES));
        assert_eq!(fan.take_woken(), []);
        fan.advance(place(QUIET_FRAMES + 1));
        assert_eq!(fan.take_woken(), [KEY]);
        assert_eq!(fan.take_woken(), [], "once");
        let taken = fan.take(KEY, place(1), 10).unwrap();
        assert_eq!((frames(&taken), taken.next), (vec![], place(QUIET_FRAMES + 1)));
        fan.advance(place(2 * QUIET_FRAMES));
        assert_eq!(fan.take_woken(), []);
    }

    #[test]
    fn what_all_feeds_keep_is_bounded() {
        let mut fan = FanOut::new(place(1));
        let keys: Vec<_> = (0..200).map(|n| (AccountId(n), FeedKind::Replies)).collect();
        for key in &keys {
            fan.add(*key);
            fan.join(*key, place(1));
        }
        for frame in 1..=EVENTS_PER_FEED_MAX as u64 {
            keys.iter().for_each(|key| fan.offer(*key, event(frame)));
            assert!(fan.events <= EVENTS_MAX);
        }
        keys.iter().for_each(|key| fan.remove(*key));
        assert_eq!((fan.events, fan.is_empty()), (0, true));
    }

    proptest! {
        /// A deliverer that takes, falls back to the journal and joins again in any order sees each event once, in order.
        #[test]
        fn every_event_is_seen_once(steps in proptest::collection::vec((0u8..5, 1usize..40), 1..200)) {
            let mut fan = FanOut::new(place(1));
            fan.add(KEY);
            let (mut end, mut seen, mut got) = (1u64, place(1), Vec::new());
            for (step, n) in steps {
                match step {
                    0 | 1 => for _ in 0..n * 20 {
                        if end % 3 == 0 { fan.offer(OTHER, event(end)) } else { fan.offer(KEY, event(end)) }
                        end += 1;
                    },
                    2 => fan.leave(KEY),
                    _ => match fan.take(KEY, seen, n) {
                        Some(taken) => {
                            got.extend(frames(&taken));
                            seen = taken.next;
                        }
                        None => {
                            got.extend((seen.frame.0..end).filter(|frame| frame % 3 != 0));
                            seen = place(end);
                            prop_assert!(fan.join(KEY, seen));
                        }
                    },
                }
            }
            let wanted: Vec<_> = (1..seen.frame.0).filter(|frame| frame % 3 != 0).collect();
            prop_assert_eq!(got, wanted);
        }
    }
}
