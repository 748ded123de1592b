//! Event feeds: what happened to an account's messages, read from the journal with a cursor (API-1).

pub use carillon_domain::fact::FeedName as FeedKind;

use carillon_domain::fact::{Fact, Finished, Reply};
use carillon_domain::frame;
use carillon_domain::ids::AccountId;
use carillon_domain::time::UnixMs;
use carillon_storage::journal::{FrameSeq, Journal, JournalError};
use std::fmt;
use std::str::FromStr;

/// A place in the journal: everything before it was seen. Ordered as the journal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub frame: FrameSeq,
    /// How many facts of that frame were seen.
    pub facts: u32,
}

impl Cursor {
    /// Before the frame.
    pub fn before(frame: FrameSeq) -> Self {
        Cursor { frame, facts: 0 }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.frame.0, self.facts)
    }
}

/// Text that is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: use the `next` of the page before, or none to start with the oldest event")]
pub struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (frame, facts) = text.split_once('-').ok_or(InvalidCursor)?;
        Ok(Cursor {
            frame: FrameSeq(frame.parse().map_err(|_| InvalidCursor)?),
            facts: facts.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum FeedEvent {
    Finished { finished: Finished, amended: bool },
    Reply(Reply),
}

impl FeedEvent {
    /// The event a fact tells, to whom, and in which feed.
    pub fn of(fact: Fact) -> Option<(AccountId, FeedKind, FeedEvent)> {
        let (finished, amended) = match fact {
            Fact::Final(finished) => (*finished, false),
            Fact::Amended(finished) => (*finished, true),
            Fact::Reply(reply) => return Some((reply.account?, FeedKind::Replies, FeedEvent::Reply(*reply))),
            _ => return None,
        };
        let account = finished.account;
        Some((
            account,
            FeedKind::Receipts,
            FeedEvent::Finished { finished, amended },
        ))
    }

    pub fn at(&self) -> UnixMs {
        match self {
            FeedEvent::Finished { finished, .. } => finished.at,
            FeedEvent::Reply(reply) => reply.at,
        }
    }
}

/// An event and the cursor with which a reader goes on behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedEvent {
    pub next: Cursor,
    pub event: FeedEvent,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FeedPage {
    pub events: Vec<PlacedEvent>,
    /// Where the next page begins, also when this one is empty.
    pub next: Cursor,
    /// The reader has not caught up: more can be read at once.
    pub more: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("events before {oldest} are no longer kept")]
    Gone { oldest: Cursor },
    /// No page gave this cursor. Waiting for it would miss everything until then.
    #[error("the cursor is ahead of everything that has happened; the newest is {newest}")]
    Ahead { newest: Cursor },
    #[error("the journal cannot be read")]
    Journal(#[source] carillon_storage::journal::JournalError),
    #[error("the journal holds a frame that cannot be read")]
    Frame(#[source] carillon_domain::frame::FrameError),
    #[error("the service is stopping")]
    Interrupted,
}

impl FeedError {
    pub(crate) fn of_journal(error: JournalError) -> Self {
        match error {
            JournalError::Gone { oldest, .. } => FeedError::Gone {
                oldest: Cursor::before(oldest),
            },
            other => FeedError::Journal(other),
        }
    }
}

/// Journal bytes one page looks through at most; a reader of a quiet account gets an empty page and goes on.
const SCAN_BYTES_MAX: usize = 64 << 20;

/// Events of several accounts, each with whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct EventsPage {
    pub events: Vec<(AccountId, PlacedEvent)>,
    /// Where the next page begins, also when this one is empty.
    pub next: Cursor,
    /// The reader has not caught up: more can be read at once.
    pub more: bool,
}

/// Reads the next events of one account. Only what is durable is seen (ACK-1).
pub fn read_feed(
    journal: &dyn Journal,
    account: AccountId,
    kind: FeedKind,
    after: Option<Cursor>,
    limit: usize,
) -> Result<FeedPage, FeedError> {
    let page = read_events(journal, after, limit, |to, feed| to == account && feed == kind)?;
    Ok(FeedPage {
        events: page.events.into_iter().map(|(_, event)| event).collect(),
        next: page.next,
        more: page.more,
    })
}

/// Reads the next events that are `wanted`. Only what is durable is seen (ACK-1).
pub fn read_events(
    journal: &dyn Journal,
    after: Option<Cursor>,
    limit: usize,
    wanted: impl Fn(AccountId, FeedKind) -> bool,
) -> Result<EventsPage, FeedError> {
    let oldest = Cursor::before(journal.oldest());
    let mut next = after.unwrap_or(oldest).max(Cursor::before(FrameSeq(1)));
    if next < oldest {
        return Err(FeedError::Gone { oldest });
    }
    let mut events = Vec::new();
    let durable = journal.durable();
    let newest = Cursor::before(durable.next());
    if next > newest {
        return Err(FeedError::Ahead { newest });
    }
    if next == newest {
        return Ok(EventsPage {
            events,
            next,
            more: false,
        });
    }
    let mut reader = journal.read(next.frame).map_err(FeedError::of_journal)?;
    let mut scanned = 0;
    while let Some(frame) = reader.next_frame().map_err(FeedError::of_journal)? {
        let seen = if frame.seq == next.frame { next.facts } else { 0 };
        for fact in frame::decode_events(&frame.payload).map_err(FeedError::Frame)? {
            let (index, fact) = fact.map_err(FeedError::Frame)?;
            let Some((to, _, event)) =
                FeedEvent::of(fact).filter(|(to, feed, _)| index >= seen && wanted(*to, *feed))
            else {
                continue;
            };
            let next = Cursor {
                frame: frame.seq,
                facts: index + 1,
            };
            events.push((to, PlacedEvent { next, event }));
            if events.len() >= limit.max(1) {
                return Ok(EventsPage {
                    events,
                    next,
                    more: true,
                });
            }
        }
        next = Cursor::before(frame.seq.next());
        scanned += frame.payload.len();
        if scanned >= SCAN_BYTES_MAX {
            return Ok(EventsPage {
                events,
                next,
                more: next.frame <= durable,
            });
        }
    }
    Ok(EventsPage {
        events,
        next,
        more: false,
    })
}
