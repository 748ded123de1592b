//! Event feeds: what happened to an account's messages, read from the journal with a cursor (API-1).

use carillon_domain::fact::{Fact, Finished, Reply};
use carillon_domain::frame;
use carillon_domain::ids::AccountId;
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

/// Which events a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// Ends of messages and their corrections.
    Receipts,
    Replies,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FeedEvent {
    Finished { finished: Finished, amended: bool },
    Reply(Reply),
}

#[derive(Clone, Debug, PartialEq)]
pub struct FeedPage {
    pub events: Vec<FeedEvent>,
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

/// Journal bytes one page looks through at most; a reader of a quiet account gets an empty page and goes on.
const SCAN_BYTES_MAX: usize = 64 << 20;

/// Reads the next events of one account. Only what is durable is seen (ACK-1).
pub fn read_feed(
    journal: &dyn Journal,
    account: AccountId,
    kind: FeedKind,
    after: Option<Cursor>,
    limit: usize,
) -> Result<FeedPage, FeedError> {
    let oldest = Cursor {
        frame: journal.oldest(),
        facts: 0,
    };
    let start = after.unwrap_or(oldest);
    let mut next = start.max(Cursor {
        frame: FrameSeq(1),
        facts: 0,
    });
    if next < oldest {
        return Err(FeedError::Gone { oldest });
    }
    let mut events = Vec::new();
    let durable = journal.durable();
    let newest = Cursor {
        frame: durable.next(),
        facts: 0,
    };
    if next > newest {
        return Err(FeedError::Ahead { newest });
    }
    if next == newest {
        return Ok(FeedPage {
            events,
            next,
            more: false,
        });
    }
    let mut reader = journal.read(next.frame).map_err(|error| match error {
        JournalError::Gone { oldest, .. } => FeedError::Gone {
            oldest: Cursor {
                frame: oldest,
                facts: 0,
            },
        },
        other => FeedError::Journal(other),
    })?;
    let mut scanned = 0;
    while let Some(frame) = reader.next_frame().map_err(FeedError::Journal)? {
        let skip = if frame.seq == next.frame {
            next.facts as usize
        } else {
            0
        };
        let facts = frame::decode(&frame.payload).map_err(FeedError::Frame)?;
        for (index, fact) in facts.enumerate().skip(skip) {
            let Some(event) = event_of(fact.map_err(FeedError::Frame)?, account, kind) else {
                continue;
            };
            events.push(event);
            if events.len() >= limit.max(1) {
                let next = Cursor {
                    frame: frame.seq,
                    facts: index as u32 + 1,
                };
                return Ok(FeedPage {
                    events,
                    next,
                    more: true,
                });
            }
        }
        next = Cursor {
            frame: frame.seq.next(),
            facts: 0,
        };
        scanned += frame.payload.len();
        if scanned >= SCAN_BYTES_MAX {
            return Ok(FeedPage {
                events,
                next,
                more: next.frame <= durable,
            });
        }
    }
    Ok(FeedPage {
        events,
        next,
        more: false,
    })
}

fn event_of(fact: Fact, account: AccountId, kind: FeedKind) -> Option<FeedEvent> {
    match (kind, fact) {
        (FeedKind::Receipts, Fact::Final(finished)) if finished.account == account => {
            Some(FeedEvent::Finished {
                finished: *finished,
                amended: false,
            })
        }
        (FeedKind::Receipts, Fact::Amended(finished)) if finished.account == account => {
            Some(FeedEvent::Finished {
                finished: *finished,
                amended: true,
            })
        }
        (FeedKind::Replies, Fact::Reply(reply)) if reply.account == Some(account) => {
            Some(FeedEvent::Reply(*reply))
        }
        _ => None,
    }
}
