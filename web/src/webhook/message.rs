use crate::feed::{receipt, reply};
use crate::http::time::rfc3339;
use actix_web::web::Bytes;
use carillon_actors::feed::{Cursor, FeedEvent, FeedKind, PlacedEvent};
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::AccountId;
use carillon_domain::time::UnixMs;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

pub const EVENTS_MAX: usize = 500;
const BODY_BYTES_MAX: usize = 256 * 1024;

/// One call: events of one feed, ready to be signed.
#[derive(Debug)]
pub struct Message {
    /// The same for every try, and for the same events after a restart: receivers know by it what they have.
    pub id: String,
    pub body: Bytes,
    pub kind: FeedKind,
    pub events: usize,
    /// Behind its events, and behind those of others that follow them.
    pub next: Cursor,
    /// When the first of its events happened.
    pub oldest: UnixMs,
}

impl Message {
    /// Takes events from the front, as many as a call may carry. `next` is the cursor behind all of them. `None` without events.
    pub fn take(
        account: AccountId,
        kind: FeedKind,
        events: &mut VecDeque<PlacedEvent>,
        next: Cursor,
        catalog: &Compiled,
        now: UnixMs,
    ) -> Option<Message> {
        let first = events.front()?;
        let (begin, oldest) = (first.next, first.event.at());
        let mut end = begin;
        let head = format!(
            "{{\"type\":\"{}\",\"timestamp\":\"{}\",\"data\":{{\"events\":[",
            feed_word(kind),
            rfc3339(now)
        );
        let mut body = head.into_bytes();
        let mut taken = 0;
        while let Some(placed) = events.front() {
            let json = json(&placed.event, catalog);
            if taken == EVENTS_MAX || (taken > 0 && body.len() + json.len() > BODY_BYTES_MAX - TAIL_BYTES_MAX)
            {
                break;
            }
            if taken > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&json);
            end = placed.next;
            taken += 1;
            events.pop_front();
        }
        body.extend_from_slice(format!("],\"next\":\"{end}\"}}}}").as_bytes());
        Some(Message {
            id: id(account, kind, begin, end),
            body: body.into(),
            kind,
            events: taken,
            next: if events.is_empty() { next } else { end },
            oldest,
        })
    }
}

/// The longest end of a body: `],"next":"` with two numbers, and the brackets.
const TAIL_BYTES_MAX: usize = 64;

pub fn feed_word(kind: FeedKind) -> &'static str {
    match kind {
        FeedKind::Receipts => "receipts",
        FeedKind::Replies => "replies",
    }
}

fn json(event: &FeedEvent, catalog: &Compiled) -> Vec<u8> {
    match event {
        FeedEvent::Finished { finished, amended } => serde_json::to_vec(&receipt(finished, *amended)),
        FeedEvent::Reply(event) => serde_json::to_vec(&reply(event, catalog)),
    }
    .expect("an event is plain JSON")
}

fn id(account: AccountId, kind: FeedKind, begin: Cursor, end: Cursor) -> String {
    let digest = Sha256::digest(format!("{account} {} {begin} {end}", feed_word(kind)));
    let hex: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("evt_{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::catalog::Snapshot;
    use carillon_domain::fact::{FinalState, Finished, Reply};
    use carillon_domain::ids::{ConnectionId, MessageId};
    use carillon_storage::journal::FrameSeq;
    use std::sync::Arc;

    const ACCOUNT: AccountId = AccountId(7);

    fn placed(frame: u64, event: FeedEvent) -> PlacedEvent {
        PlacedEvent {
            next: Cursor::before(FrameSeq(frame)),
            event,
        }
    }

    fn ended(frame: u64) -> PlacedEvent {
        let finished = Finished {
            message: MessageId::new(frame, 0, 0),
            account: ACCOUNT,
            to: None,
            reference: Some("visit".into()),
            state: FinalState::Delivered,
            cause: None,
            at: UnixMs(frame),
        };
        placed(
            frame,
            FeedEvent::Finished {
                finished,
                amended: false,
            },
        )
    }

    fn reply_of(frame: u64, bytes: usize) -> PlacedEvent {
        let reply = Reply {
            id: MessageId::new(frame, 0, 0),
            connection: ConnectionId(1),
            account: Some(ACCOUNT),
            from: "13800000001".into(),
            to: "1069".into(),
            text: "\"".repeat(bytes).into(),
            part: None,
            at: UnixMs(frame),
        };
        placed(frame, FeedEvent::Reply(reply))
    }

    fn take(kind: FeedKind, events: &mut VecDeque<PlacedEvent>) -> Option<Message> {
        let catalog = Compiled::new(Arc::new(Snapshot::default())).unwrap();
        let next = Cursor::before(FrameSeq(9_999));
        Message::take(ACCOUNT, kind, events, next, &catalog, UnixMs(0))
    }

    #[test]
    fn a_message_holds_its_events_and_where_to_go_on() {
        let mut events: VecDeque<_> = (1..=3).map(ended).collect();
        let message = take(FeedKind::Receipts, &mut events).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(body["type"], "receipts");
        assert_eq!(body["timestamp"], "1970-01-01T08:00:00.000+08:00");
        assert_eq!(body["data"]["events"].as_array().unwrap().len(), 3);
        assert_eq!(body["data"]["events"][0]["status"], "delivered");
        assert_eq!(body["data"]["next"], "3-0");
        assert_eq!((message.next.frame.0, message.oldest), (9_999, UnixMs(1)));
        assert!(take(FeedKind::Receipts, &mut events).is_none());
    }

    #[test]
    fn the_same_events_have_the_same_id_and_others_another() {
        let id = |frames: std::ops::RangeInclusive<u64>| {
            take(FeedKind::Receipts, &mut frames.map(ended).collect())
                .unwrap()
                .id
        };
        assert_eq!(id(1..=3), id(1..=3));
        assert_ne!(id(1..=3), id(1..=2));
        assert_ne!(id(1..=3), id(2..=3));
        assert!(!id(1..=3).contains('.'), "the signature would be ambiguous");
    }

    #[test]
    fn a_call_is_bounded_in_events_and_bytes() {
        let mut events: VecDeque<_> = (1..=EVENTS_MAX as u64 + 1).map(ended).collect();
        let message = take(FeedKind::Receipts, &mut events).unwrap();
        assert_eq!((message.events, events.len()), (EVENTS_MAX, 1));
        assert_eq!(message.next.frame.0, EVENTS_MAX as u64);

        // Each quote takes two bytes of JSON.
        let mut events: VecDeque<_> = (1..=40).map(|frame| reply_of(frame, 10_000)).collect();
        let mut told = 0;
        while let Some(message) = take(FeedKind::Replies, &mut events) {
            assert!(message.body.len() <= BODY_BYTES_MAX);
            told += message.events;
        }
        assert_eq!(told, 40);
        let mut huge = VecDeque::from([reply_of(1, BODY_BYTES_MAX), ended(2)]);
        assert_eq!(
            take(FeedKind::Replies, &mut huge).unwrap().events,
            1,
            "it is not kept for ever"
        );
    }
}
