use super::call_error::{CallError, Outcome};
use super::caller::Kept;
use super::line::{Line, Seen};
use super::message::{EVENTS_MAX, Message, feed_word};
use super::office::Office;
use super::signature::SigningKey;
use crate::http::Chain;
use carillon_actors::feed::{Cursor, FeedError, FeedKind, FeedPage, PlacedEvent};
use carillon_domain::webhook::{CallEffects, CallEvent, Turn};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Pause after the journal could not be read.
const JOURNAL_PAUSE: Duration = Duration::from_secs(5);

/// Delivers the events of one account, one call after the other; others never wait for it.
pub struct Deliverer {
    office: Arc<Office>,
    line: Arc<Line>,
    kept: Option<Kept>,
    buffers: BTreeMap<FeedKind, Buffer>,
    /// What the receiver has not taken yet.
    pending: Option<(Message, Seen)>,
    /// The feed that comes first now, so that one does not starve the other.
    first: usize,
}

/// Events taken and not yet sent; valid for the setting they were taken under.
struct Buffer {
    events: VecDeque<PlacedEvent>,
    next: Cursor,
    setting: u32,
}

/// What a look for events found.
enum Found {
    Message(Message, Seen),
    /// All is delivered; the reader of the journal wakes the line.
    Nothing,
    /// More has to be looked through.
    Again,
}

impl Deliverer {
    pub fn new(office: Arc<Office>, line: Arc<Line>) -> Self {
        Deliverer {
            office,
            line,
            kept: None,
            buffers: BTreeMap::new(),
            pending: None,
            first: 0,
        }
    }

    /// Never ends by itself.
    pub async fn run(mut self) {
        loop {
            #[cfg(test)]
            super::office::Faults::meet(&self.office.faults.deliverer);
            match self.line.turn(self.office.now()) {
                Turn::Now => {}
                Turn::At(until) => {
                    let wait = until - self.office.now().monotonic;
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = self.line.wake.notified() => {}
                    }
                    continue;
                }
                Turn::Off(_) => {
                    self.kept = None;
                    self.line.wake.notified().await;
                    continue;
                }
            }
            match self.pending.take() {
                Some((message, seen)) if self.line.seen(message.kind) == Some(seen) => {
                    self.deliver(message, seen).await;
                }
                _ => self.look().await,
            }
        }
    }

    async fn look(&mut self) {
        let kinds = self.line.kinds();
        let mut nothing = true;
        for n in 0..kinds.len() {
            let kind = kinds[(self.first + n) % kinds.len()];
            match self.find(kind).await {
                Ok(Found::Message(message, seen)) => {
                    self.first = (self.first + n + 1) % kinds.len();
                    self.line.waits(&message);
                    return self.deliver(message, seen).await;
                }
                Ok(Found::Nothing) => self.line.caught_up(kind),
                Ok(Found::Again) => nothing = false,
                Err(error) => {
                    tracing::error!(account = %self.line.account, feed = feed_word(kind), error = %Chain(&error), "events of a webhook cannot be read");
                    sleep(JOURNAL_PAUSE).await;
                    nothing = false;
                }
            }
        }
        if nothing {
            self.line.wake.notified().await;
        }
    }

    async fn find(&mut self, kind: FeedKind) -> Result<Found, FeedError> {
        let Some(seen) = self.line.seen(kind) else {
            return Ok(Found::Nothing);
        };
        if let Some(message) = self.compose(kind, seen) {
            return Ok(Found::Message(message, seen));
        }
        let key = (self.line.account, kind);
        let taken = self.office.fan.lock().take(key, seen.cursor, EVENTS_MAX);
        let (events, next, is_end) = match taken {
            Some(taken) => (taken.events, taken.next, true),
            None => {
                let page = self.read(kind, seen.cursor).await?;
                let is_end =
                    page.events.is_empty() && !page.more && self.office.fan.lock().join(key, page.next);
                (page.events, page.next, is_end)
            }
        };
        if events.is_empty() {
            self.line.advance(kind, seen, next);
            return Ok(if is_end { Found::Nothing } else { Found::Again });
        }
        let buffer = Buffer {
            events: events.into(),
            next,
            setting: seen.setting,
        };
        self.buffers.insert(kind, buffer);
        Ok(self
            .compose(kind, seen)
            .map_or(Found::Again, |message| Found::Message(message, seen)))
    }

    /// The next message of what was taken already.
    fn compose(&mut self, kind: FeedKind, seen: Seen) -> Option<Message> {
        let buffer = self.buffers.get_mut(&kind)?;
        if buffer.setting != seen.setting {
            self.buffers.remove(&kind);
            return None;
        }
        let catalog = self.office.lane.catalog();
        let now = self.office.now().unix;
        Message::take(
            self.line.account,
            kind,
            &mut buffer.events,
            buffer.next,
            &catalog,
            now,
        )
    }

    /// From the journal; what is no longer kept is skipped and counted.
    async fn read(&self, kind: FeedKind, after: Cursor) -> Result<FeedPage, FeedError> {
        // Never closed.
        let _turn = self.office.readings.acquire().await;
        let account = self.line.account;
        let lane = &self.office.lane;
        let from = match lane.feed(account, kind, Some(after), EVENTS_MAX).await {
            Err(FeedError::Gone { oldest }) => oldest,
            Err(FeedError::Ahead { newest }) => newest,
            page => return page,
        };
        self.office.figures.gaps.add(1);
        tracing::warn!(%account, feed = feed_word(kind), %after, %from, "events that a webhook has not had are no longer kept");
        lane.feed(account, kind, Some(from), EVENTS_MAX).await
    }

    async fn deliver(&mut self, message: Message, seen: Seen) {
        let result = self.call(&message).await;
        let outcome = Outcome::of(&result);
        self.office.figures.called(outcome);
        let now = self.office.now();
        let effects = match result {
            Ok(()) => {
                self.office.figures.delivered(message.kind, message.events);
                self.line.taken(&message, seen, now)
            }
            Err(error) => {
                let event = match &error {
                    CallError::Gone => CallEvent::Gone,
                    CallError::Status { wait, .. } => CallEvent::Failed { wait: *wait },
                    _ => CallEvent::Failed { wait: None },
                };
                let text = Chain(&error).to_string();
                tracing::info!(account = %self.line.account, outcome = outcome.word(), error = text, "a webhook's receiver did not take a call");
                self.pending = Some((message, seen));
                self.line.apply(event, Some(text), now, rand::random())
            }
        };
        self.act(effects).await;
    }

    async fn call(&mut self, message: &Message) -> Result<(), CallError> {
        let key = SigningKey::new(self.line.webhook.secret.reveal())?;
        let target = self.line.target.as_ref().ok_or(CallError::Url)?;
        let unix_s = self.office.now().unix.0 / 1000;
        let headers = [
            ("webhook-id", message.id.clone()),
            ("webhook-timestamp", unix_s.to_string()),
            ("webhook-signature", key.sign(&message.id, unix_s, &message.body)),
        ];
        let caller = &self.office.caller;
        caller.post(&mut self.kept, target, &headers, &message.body).await
    }

    async fn act(&self, effects: CallEffects) {
        let account = self.line.account;
        if let Some(off) = effects.switched_off {
            tracing::error!(%account, reason = super::view::off_word(off), "a webhook is switched off; an operator has to enable it");
        }
        if let Some(standing) = effects.standing
            && let Err(error) = self.office.lane.record_standing(account, standing).await
        {
            tracing::debug!(%account, %error, "how a webhook does is not recorded");
        }
    }
}
