use super::message::Message;
use super::target::Target;
use super::view::LineView;
use carillon_actors::WebhookProgress;
use carillon_actors::fan_out::FeedKey;
use carillon_actors::feed::{Cursor, FeedKind};
use carillon_domain::catalog::{Webhook, WebhookEvent};
use carillon_domain::ids::AccountId;
use carillon_domain::time::{Now, UnixMs};
use carillon_domain::webhook::{CallEffects, CallEvent, Standing, Turn, WebhookCalls};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Frames after which the place of a quiet feed is recorded too, so that a restart need not look through them again.
const QUIET_FRAMES: u64 = 10_000;
const ERROR_CHARACTERS_MAX: usize = 300;

/// One account's webhook: what its deliverer, the recorder and operators share.
pub struct Line {
    pub account: AccountId,
    pub webhook: Webhook,
    pub target: Option<Target>,
    pub wake: Notify,
    state: Mutex<State>,
}

struct State {
    calls: WebhookCalls,
    places: BTreeMap<FeedKind, Place>,
    last_error: Option<String>,
    last_taken_at: Option<UnixMs>,
    delivered: u64,
    /// When the oldest event happened that is not delivered.
    oldest: BTreeMap<FeedKind, UnixMs>,
}

/// How far one feed has come.
#[derive(Clone, Copy)]
struct Place {
    /// Everything before it was delivered.
    seen: Cursor,
    recorded: Option<Cursor>,
    /// Counts the times an operator set it; what was on its way then no longer moves it.
    setting: u32,
    /// `seen` must be recorded as soon as may be.
    due: bool,
}

/// A feed's place as its deliverer found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub cursor: Cursor,
    pub setting: u32,
}

impl Line {
    /// A feed that was never delivered begins at `now_at`.
    pub fn new(
        account: AccountId,
        webhook: Webhook,
        off_after: Duration,
        progress: WebhookProgress,
        now_at: Cursor,
    ) -> Self {
        let place = |event: &WebhookEvent| {
            let (kind, recorded) = match event {
                WebhookEvent::Receipts => (FeedKind::Receipts, progress.receipts),
                WebhookEvent::Replies => (FeedKind::Replies, progress.replies),
            };
            let place = Place {
                seen: recorded.unwrap_or(now_at),
                recorded,
                setting: 0,
                due: recorded.is_none(),
            };
            (kind, place)
        };
        Line {
            account,
            target: Target::parse(&webhook.url),
            state: Mutex::new(State {
                calls: WebhookCalls::new(off_after, progress.standing),
                places: webhook.events.iter().map(place).collect(),
                last_error: None,
                last_taken_at: None,
                delivered: 0,
                oldest: BTreeMap::new(),
            }),
            webhook,
            wake: Notify::new(),
        }
    }

    /// Nothing in the state is left half changed by a panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn kinds(&self) -> Vec<FeedKind> {
        self.state().places.keys().copied().collect()
    }

    pub fn keys(&self) -> impl Iterator<Item = FeedKey> {
        self.kinds().into_iter().map(|kind| (self.account, kind))
    }

    pub fn turn(&self, now: Now) -> Turn {
        self.state().calls.turn(now)
    }

    pub fn seen(&self, kind: FeedKind) -> Option<Seen> {
        self.state().places.get(&kind).map(|place| Seen {
            cursor: place.seen,
            setting: place.setting,
        })
    }

    /// Moves on over what was for others. `false` when an operator has set the place since.
    pub fn advance(&self, kind: FeedKind, from: Seen, to: Cursor) -> bool {
        match self.state().places.get_mut(&kind) {
            Some(place) if place.setting == from.setting => {
                place.seen = to;
                true
            }
            _ => false,
        }
    }

    /// Everything that is kept is delivered.
    pub fn caught_up(&self, kind: FeedKind) {
        self.state().oldest.remove(&kind);
    }

    pub fn waits(&self, message: &Message) {
        self.state().oldest.insert(message.kind, message.oldest);
    }

    /// The receiver took a message.
    pub fn taken(&self, message: &Message, from: Seen, now: Now) -> CallEffects {
        let mut state = self.state();
        state.last_error = None;
        state.last_taken_at = Some(now.unix);
        state.delivered += message.events as u64;
        state.oldest.remove(&message.kind);
        if let Some(place) = state.places.get_mut(&message.kind)
            && place.setting == from.setting
        {
            place.seen = message.next;
            place.due = true;
        }
        state.calls.apply(CallEvent::Taken, now, 0.0)
    }

    /// It did not, or was switched on again.
    pub fn apply(&self, event: CallEvent, error: Option<String>, now: Now, random: f64) -> CallEffects {
        let mut state = self.state();
        state.last_error = error.map(|text| text.chars().take(ERROR_CHARACTERS_MAX).collect());
        state.calls.apply(event, now, random)
    }

    /// Sets the place of one feed, or of all.
    pub fn replay(&self, only: Option<FeedKind>, after: Cursor) {
        let mut state = self.state();
        for (kind, place) in &mut state.places {
            if only.is_none_or(|only| only == *kind) {
                place.seen = after;
                place.setting = place.setting.wrapping_add(1);
                place.due = true;
            }
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Places that should be recorded now.
    pub fn to_record(&self) -> Vec<(FeedKey, Cursor)> {
        let mut due = Vec::new();
        for (kind, place) in &mut self.state().places {
            let recorded = place.recorded.unwrap_or_default();
            let quiet = place.seen.frame.0.saturating_sub(recorded.frame.0) >= QUIET_FRAMES;
            if place.recorded != Some(place.seen) && (place.due || quiet) {
                place.recorded = Some(place.seen);
                due.push(((self.account, *kind), place.seen));
            }
            place.due = false;
        }
        due
    }

    pub fn standing(&self) -> Standing {
        self.state().calls.standing()
    }

    pub fn view(&self) -> LineView {
        let state = self.state();
        LineView {
            standing: state.calls.standing(),
            last_error: state.last_error.clone(),
            last_taken_at: state.last_taken_at,
            delivered: state.delivered,
            oldest: state.oldest.values().min().copied(),
            places: state
                .places
                .iter()
                .map(|(kind, place)| (*kind, place.seen))
                .collect(),
        }
    }
}
