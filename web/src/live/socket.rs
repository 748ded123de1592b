use super::budget::Budget;
use super::hub::{Beat, LiveHub, Update};
use super::link_counts::Closed;
use super::scope::{self, Scope};
use super::seats::Seat;
use super::stream::text;
use crate::right::LiveRight;
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, ProtocolError, Session};
use carillon_api::live::{LiveEnd, LiveMessage, LiveRequest, Place};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, timeout};

/// Messages sent and not known to be read; above it nothing more is sent until a ping is answered.
const UNREAD_MAX: u32 = 24;
/// The same before the first answer, so that thousands of peers that never read cost next to nothing.
const UNREAD_MAX_AT_FIRST: u32 = 4;
/// How long the goodbye may take.
const GOODBYE_MAX: Duration = Duration::from_secs(2);

/// How patient sockets are.
#[derive(Clone, Copy, Debug)]
pub struct SocketTimes {
    /// How long a peer may take to say what it wants to see.
    pub subscribe: Duration,
    pub ping_every: Duration,
    /// Who has not answered a ping for so long does not read any more.
    pub silence_max: Duration,
}

impl SocketTimes {
    /// For peers that may be silent for so long.
    pub fn new(silence_max: Duration) -> Self {
        SocketTimes {
            subscribe: silence_max / 3,
            ping_every: silence_max / 6,
            silence_max,
        }
    }
}

/// One screen's socket.
pub struct Socket {
    pub hub: Arc<LiveHub>,
    pub right: LiveRight,
    pub session: Session,
    pub messages: MessageStream,
    pub seat: Seat,
}

/// Why a socket is closed.
enum Over {
    /// The peer left, or breaks the protocol.
    Left,
    /// It does not read.
    Silent,
    Saying(LiveEnd),
}

/// The state of one socket between events.
struct Reader {
    hub: Arc<LiveHub>,
    times: SocketTimes,
    right: LiveRight,
    session: Session,
    /// What it looks at, and how far it has come.
    subscribed: Option<(Scope, Option<Place>)>,
    budget: Budget,
    opened: Instant,
    /// Pings that were not answered, oldest first.
    pings: VecDeque<u64>,
    pinged: Instant,
    /// When a ping was answered last; the opening counts as an answer.
    answered: Instant,
    /// A ping was answered.
    reads: bool,
    unread: u32,
    /// It is sent nothing until it answers.
    held_back: bool,
}

impl Socket {
    /// Serves the peer until it leaves or must.
    pub async fn run(self) {
        let Socket {
            hub,
            right,
            session,
            mut messages,
            seat,
        } = self;
        let mut beats = hub.beats();
        // Beside the beats: patience ends also when nothing happens any more.
        let mut checks = tokio::time::interval(hub.times.ping_every);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = Instant::now();
        let mut reader = Reader {
            times: hub.times,
            hub,
            right,
            session,
            subscribed: None,
            budget: Budget::new(now),
            opened: now,
            pings: VecDeque::new(),
            pinged: now,
            answered: now,
            reads: false,
            unread: 0,
            held_back: false,
        };
        let over = loop {
            let event = tokio::select! {
                message = messages.recv() => reader.message(message).await,
                beat = next(&mut beats) => reader.beat(beat).await,
                _ = checks.tick() => reader.check(Instant::now()).await,
            };
            if let Err(over) = event {
                break over;
            }
        };
        reader.close(over).await;
        drop(seat);
    }
}

/// The next beat; `None` when there will be none any more.
async fn next(beats: &mut watch::Receiver<Beat>) -> Option<Beat> {
    beats.changed().await.ok()?;
    Some(*beats.borrow_and_update())
}

impl Reader {
    async fn message(&mut self, message: Option<Result<Message, ProtocolError>>) -> Result<(), Over> {
        let Some(Ok(message)) = message else {
            return Err(Over::Left);
        };
        if !self.budget.take(Instant::now()) {
            return Err(Over::Saying(LiveEnd::BadRequest));
        }
        match message {
            Message::Text(request) => match serde_json::from_str(&request) {
                Ok(LiveRequest::Subscribe { scope, resume }) => self.subscribe(scope, resume).await,
                Ok(LiveRequest::Ping) => self.send(text(&LiveMessage::Pong)).await,
                Err(_) => Err(Over::Saying(LiveEnd::BadRequest)),
            },
            Message::Ping(payload) => {
                waited(timeout(self.times.silence_max, self.session.pong(&payload)).await)
            }
            Message::Pong(payload) => {
                self.answered(&payload);
                Ok(())
            }
            Message::Nop => Ok(()),
            Message::Close(_) => Err(Over::Left),
            Message::Binary(_) | Message::Continuation(_) => Err(Over::Saying(LiveEnd::BadRequest)),
        }
    }

    /// What a ping holds cannot be guessed: whoever answers it has read everything before it.
    fn answered(&mut self, payload: &[u8]) {
        let place = self.pings.iter().position(|ping| ping.to_be_bytes() == payload);
        if let Some(place) = place {
            self.pings.drain(..=place);
            self.answered = Instant::now();
            self.reads = true;
            self.unread = 0;
            self.held_back = false;
        }
    }

    async fn subscribe(&mut self, name: Option<String>, resume: Option<Place>) -> Result<(), Over> {
        let catalog = self.hub.sources.lane.catalog();
        let Some(scope) = scope::asked(self.right.scope(), name.as_deref(), &catalog) else {
            return Err(Over::Saying(LiveEnd::UnknownScope));
        };
        self.subscribed = Some((scope, resume));
        self.bring_up_to_date().await?;
        if self.reads {
            return Ok(());
        }
        self.ping(Instant::now()).await
    }

    async fn beat(&mut self, beat: Option<Beat>) -> Result<(), Over> {
        if beat.is_none_or(|beat| beat.stopping) {
            return Err(Over::Saying(LiveEnd::Stopping));
        }
        self.check(Instant::now()).await?;
        self.bring_up_to_date().await
    }

    /// Whether the peer may stay, which it has to show now and then.
    async fn check(&mut self, now: Instant) -> Result<(), Over> {
        if !self.right.still_valid() {
            return Err(Over::Saying(LiveEnd::Unauthenticated));
        }
        if self.subscribed.is_none() && now - self.opened > self.times.subscribe {
            return Err(Over::Saying(LiveEnd::BadRequest));
        }
        if now - self.answered > self.times.silence_max {
            return Err(Over::Silent);
        }
        if now - self.pinged >= self.times.ping_every {
            self.ping(now).await?;
        }
        Ok(())
    }

    async fn ping(&mut self, now: Instant) -> Result<(), Over> {
        let ping: u64 = rand::random();
        self.pinged = now;
        self.pings.push_back(ping);
        waited(timeout(self.times.silence_max, self.session.ping(&ping.to_be_bytes())).await)
    }

    /// Sends what the peer has not got, unless it has not read for a while: then it gets everything anew when it does.
    async fn bring_up_to_date(&mut self) -> Result<(), Over> {
        let Some((scope, place)) = self.subscribed else {
            return Ok(());
        };
        let unread_max = if self.reads {
            UNREAD_MAX
        } else {
            UNREAD_MAX_AT_FIRST
        };
        if self.unread >= unread_max {
            if !std::mem::replace(&mut self.held_back, true) {
                self.hub.links.count_held_back();
            }
            return Ok(());
        }
        match self.hub.update(self.right.scope(), scope, place) {
            Update::Nothing => Ok(()),
            Update::Gone => Err(Over::Saying(LiveEnd::UnknownScope)),
            Update::Texts(texts, place) => {
                self.subscribed = Some((scope, Some(place)));
                for text in texts {
                    self.send(text).await?;
                }
                Ok(())
            }
        }
    }

    async fn send(&mut self, text: bytestring::ByteString) -> Result<(), Over> {
        self.unread = self.unread.saturating_add(1);
        waited(timeout(self.times.silence_max, self.session.text(text)).await)
    }

    async fn close(mut self, over: Over) {
        let (code, why) = match &over {
            Over::Left => (CloseCode::Normal, Closed::Left),
            Over::Silent => (CloseCode::Normal, Closed::Silent),
            Over::Saying(LiveEnd::Stopping) => (CloseCode::Restart, Closed::Stopping),
            Over::Saying(LiveEnd::BadRequest) => (CloseCode::Policy, Closed::BadRequest),
            Over::Saying(LiveEnd::UnknownScope) => (CloseCode::Policy, Closed::UnknownScope),
            Over::Saying(LiveEnd::Unauthenticated) => (CloseCode::Policy, Closed::Unauthenticated),
        };
        self.hub.links.count_closed(why);
        let goodbye = async move {
            if let Over::Saying(reason) = over {
                let _peer_may_be_gone = self.session.text(text(&LiveMessage::End { reason })).await;
            }
            let _peer_may_be_gone = self.session.close(Some(CloseReason::from(code))).await;
        };
        let _peer_may_not_read = timeout(GOODBYE_MAX, goodbye).await;
    }
}

fn waited<E>(sent: Result<Result<(), actix_ws::Closed>, E>) -> Result<(), Over> {
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(actix_ws::Closed)) => Err(Over::Left),
        Err(_too_long) => Err(Over::Silent),
    }
}
