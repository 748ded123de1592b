use crate::fan_out::FeedKey;
use crate::feed::{Cursor, EventsPage, FeedError, FeedKind, read_events};
use crate::feed_tail::FeedTail;
use crate::handle::{LaneHandle, QueryError};
use carillon_domain::fact::{Cursor as CursorFact, Fact, WebhookStanding};
use carillon_domain::ids::AccountId;
use carillon_domain::webhook::Standing;
use carillon_storage::journal::FrameSeq;

/// How far an account's webhook has come, as the journal has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookProgress {
    pub receipts: Option<Cursor>,
    pub replies: Option<Cursor>,
    pub standing: Standing,
}

/// Cursors between which there may be events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedBounds {
    pub oldest: Cursor,
    /// Behind everything that is durable.
    pub newest: Cursor,
}

impl LaneHandle {
    pub fn feed_bounds(&self) -> FeedBounds {
        let journal = &self.inner.journal;
        FeedBounds {
            oldest: Cursor::before(journal.oldest()),
            newest: Cursor::before(journal.durable().next()),
        }
    }

    /// The next events that are `wanted`, and whose they are. Reads the journal: not for a web thread.
    pub fn events(
        &self,
        after: Cursor,
        limit: usize,
        wanted: impl Fn(AccountId, FeedKind) -> bool,
    ) -> Result<EventsPage, FeedError> {
        read_events(&*self.inner.journal, Some(after), limit, wanted)
    }

    /// A reader of all that happens from now on.
    pub fn feed_tail(&self) -> FeedTail {
        FeedTail::at_end(self.inner.journal.clone())
    }

    /// What was recorded last of an account's webhook.
    pub async fn webhook_progress(&self, account: AccountId) -> Result<WebhookProgress, QueryError> {
        self.ask(move |lane| {
            lane.read(|core| {
                let cursors = core.columns().cursors();
                let place = |feed| {
                    cursors.place(account, feed).map(|cursor| Cursor {
                        frame: FrameSeq(cursor.frame),
                        facts: cursor.index,
                    })
                };
                WebhookProgress {
                    receipts: place(FeedKind::Receipts),
                    replies: place(FeedKind::Replies),
                    standing: cursors
                        .standing(account)
                        .map(|standing| Standing {
                            failing_since: standing.failing_since,
                            off: standing.off,
                        })
                        .unwrap_or_default(),
                }
            })
        })
        .await
    }

    /// Records how far events were delivered. Not to be called for every event: once a second is plenty.
    pub async fn record_cursors(&self, cursors: Vec<(FeedKey, Cursor)>) -> Result<(), QueryError> {
        self.ask(move |lane| {
            lane.with(|core, now| {
                for ((account, feed), cursor) in cursors {
                    core.record(Fact::Cursor(CursorFact {
                        account,
                        feed,
                        frame: cursor.frame.0,
                        index: cursor.facts,
                        at: now.unix,
                    }));
                    core.commit_when_large();
                }
            });
        })
        .await
    }

    /// Records how an account's webhook does.
    pub async fn record_standing(&self, account: AccountId, standing: Standing) -> Result<(), QueryError> {
        self.ask(move |lane| {
            lane.with(|core, now| {
                core.record(Fact::Webhook(WebhookStanding {
                    account,
                    failing_since: standing.failing_since,
                    off: standing.off,
                    at: now.unix,
                }));
            });
        })
        .await
    }
}
