//! The link as a state machine: events in, effects out, no clock and no socket.

use carillon_api::live::{LiveEnd, LiveMessage, LiveRequest, LiveState, OutOfStep};

use super::{backoff::delay_ms, view::LinkView};

/// The server speaks once a second; after this silence it is asked whether it is still there.
const SILENCE_PING_MS: u64 = 5_000;
/// After this silence the link counts as dead.
const SILENCE_DEAD_MS: u64 = 10_000;
/// Without a socket a snapshot is asked for this often.
const POLL_EVERY_MS: u64 = 5_000;
/// A screen that may not look on asks this seldom whether it may again.
const POLL_REFUSED_EVERY_MS: u64 = 15_000;
/// A cut shorter than this is not announced: what is shown is younger than what counts as live.
const BLINK_MS: u64 = 2_000;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The socket is open.
    Opened,
    /// The server said something.
    Heard(LiveMessage),
    /// The socket is closed, or could not be opened.
    Closed,
    /// What came of asking for a snapshot.
    Polled(Poll),
    /// Time went by.
    Tick,
    /// The page is looked at again; browsers stop the timers of hidden ones.
    Visible,
    /// Somebody wants to see an organisation, or everything (`None`).
    Scope(Option<String>),
}

/// The answer to a request for a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub enum Poll {
    Snapshot(LiveMessage),
    /// There is no session, or it may not look on.
    Refused,
    Unreachable,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open a socket; one that is still there is given up.
    Connect,
    Send(LiveRequest),
    /// Close the socket; nothing of it counts any more, not even its end.
    Close,
    /// Ask for a snapshot of this organisation, or of everything.
    Poll(Option<String>),
    /// The server is of another build: load the page anew.
    Reload,
    /// The server was away: it may have come back with other pages.
    LookForPages,
}

/// One link to the live feed, over all its sockets.
#[derive(Debug)]
pub struct Link {
    socket: Socket,
    scope: Option<String>,
    /// Attempts since something was heard.
    attempt: u32,
    /// Since when nothing arrives; `None` while the socket is alive.
    lost_since_ms: Option<u64>,
    next_poll_ms: u64,
    /// When a poll last brought a snapshot, while there is no socket.
    polled_ms: Option<u64>,
    is_refused: bool,
    /// What is known is of the scope that is wanted.
    is_of_scope: bool,
    build: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    Opening { since_ms: u64 },
    Open { heard_ms: u64, pinged: bool },
    Waiting { until_ms: u64 },
}

impl Link {
    /// A link at the moment `now_ms`, and what is to be done first.
    pub fn start(scope: Option<String>, now_ms: u64) -> (Self, Vec<Effect>) {
        let link = Self {
            socket: Socket::Opening { since_ms: now_ms },
            scope,
            attempt: 1,
            lost_since_ms: None,
            next_poll_ms: now_ms,
            polled_ms: None,
            is_refused: false,
            is_of_scope: false,
            build: None,
        };
        (link, vec![Effect::Connect])
    }

    /// Takes an event; `state` follows what is heard. `now_ms` never goes back; `random` is 0 to 1.
    pub fn apply(&mut self, event: Event, now_ms: u64, random: f64, state: &mut LiveState) -> Vec<Effect> {
        match event {
            Event::Opened => {
                self.socket = Socket::Open {
                    heard_ms: now_ms,
                    pinged: false,
                };
                let resume = state.place.filter(|_| self.is_of_scope);
                vec![Effect::Send(LiveRequest::Subscribe {
                    scope: self.scope.clone(),
                    resume,
                })]
            }
            Event::Heard(message) => self.heard(message, now_ms, random, state),
            Event::Closed => self.closed(now_ms, random),
            Event::Polled(poll) => self.polled(poll, now_ms, state),
            Event::Tick => self.tick(now_ms, random),
            Event::Visible => match self.socket {
                Socket::Waiting { .. } if !self.is_refused => self.connect(now_ms),
                _ => self.tick(now_ms, random),
            },
            Event::Scope(scope) => {
                self.scope = scope;
                self.is_of_scope = false;
                match self.socket {
                    Socket::Open { .. } => vec![self.subscribe()],
                    _ => vec![Effect::Poll(self.scope.clone())],
                }
            }
        }
    }

    /// What the screen says of the link.
    pub fn view(&self, now_ms: u64) -> LinkView {
        if self.is_refused {
            return LinkView::Refused;
        }
        let Some(lost_since_ms) = self.lost_since_ms else {
            return if self.build.is_some() {
                LinkView::Live
            } else {
                LinkView::Connecting
            };
        };
        if self
            .polled_ms
            .is_some_and(|at| now_ms.saturating_sub(at) <= 2 * POLL_EVERY_MS)
        {
            return LinkView::Polling;
        }
        if now_ms.saturating_sub(lost_since_ms) < BLINK_MS {
            return LinkView::Connecting;
        }
        let retry_in_ms = match self.socket {
            Socket::Waiting { until_ms } => until_ms.saturating_sub(now_ms),
            Socket::Opening { .. } | Socket::Open { .. } => 0,
        };
        LinkView::Lost {
            attempt: self.attempt,
            retry_in_ms,
        }
    }

    fn heard(
        &mut self,
        message: LiveMessage,
        now_ms: u64,
        random: f64,
        state: &mut LiveState,
    ) -> Vec<Effect> {
        self.socket = Socket::Open {
            heard_ms: now_ms,
            pinged: false,
        };
        match message {
            LiveMessage::End {
                reason: LiveEnd::Unauthenticated,
            } => {
                self.is_refused = true;
                self.give_up(now_ms, random)
            }
            LiveMessage::End {
                reason: LiveEnd::UnknownScope,
            } => {
                self.scope = None;
                self.is_of_scope = false;
                self.give_up(now_ms, random)
            }
            LiveMessage::End {
                reason: LiveEnd::BadRequest | LiveEnd::Stopping,
            } => self.give_up(now_ms, random),
            LiveMessage::Pong => Vec::new(),
            message @ (LiveMessage::Snapshot { .. } | LiveMessage::Change { .. }) => {
                self.is_of_scope |= matches!(message, LiveMessage::Snapshot { .. });
                self.is_refused = false;
                self.attempt = 1;
                self.polled_ms = None;
                let was_away = self.lost_since_ms.take().is_some();
                let mut effects = match state.apply(message) {
                    Ok(()) => self.compare_builds(state),
                    Err(OutOfStep) => vec![self.subscribe()],
                };
                effects.extend(was_away.then_some(Effect::LookForPages));
                effects
            }
        }
    }

    fn polled(&mut self, poll: Poll, now_ms: u64, state: &mut LiveState) -> Vec<Effect> {
        if matches!(self.socket, Socket::Open { .. }) {
            // What the socket brings is newer.
            return Vec::new();
        }
        match poll {
            Poll::Snapshot(message) => {
                let was_refused = std::mem::take(&mut self.is_refused);
                self.polled_ms = Some(now_ms);
                self.is_of_scope = true;
                // A snapshot is always in step.
                let _ = state.apply(message);
                let mut effects = self.compare_builds(state);
                if was_refused {
                    effects.extend(self.connect(now_ms));
                }
                effects
            }
            Poll::Refused => {
                self.is_refused = true;
                Vec::new()
            }
            Poll::Unreachable => Vec::new(),
        }
    }

    fn tick(&mut self, now_ms: u64, random: f64) -> Vec<Effect> {
        let mut effects = match self.socket {
            Socket::Open { heard_ms, pinged } => {
                let silence_ms = now_ms.saturating_sub(heard_ms);
                if silence_ms >= SILENCE_DEAD_MS {
                    self.give_up(now_ms, random)
                } else if silence_ms >= SILENCE_PING_MS && !pinged {
                    self.socket = Socket::Open {
                        heard_ms,
                        pinged: true,
                    };
                    vec![Effect::Send(LiveRequest::Ping)]
                } else {
                    Vec::new()
                }
            }
            Socket::Opening { since_ms } if now_ms.saturating_sub(since_ms) >= SILENCE_DEAD_MS => {
                self.give_up(now_ms, random)
            }
            Socket::Waiting { until_ms } if now_ms >= until_ms && !self.is_refused => self.connect(now_ms),
            Socket::Opening { .. } | Socket::Waiting { .. } => Vec::new(),
        };
        effects.extend(self.poll_when_due(now_ms));
        effects
    }

    fn poll_when_due(&mut self, now_ms: u64) -> Option<Effect> {
        let is_cut = self.lost_since_ms.is_some() && !matches!(self.socket, Socket::Open { .. });
        if !is_cut || now_ms < self.next_poll_ms {
            return None;
        }
        self.next_poll_ms = now_ms
            + if self.is_refused {
                POLL_REFUSED_EVERY_MS
            } else {
                POLL_EVERY_MS
            };
        Some(Effect::Poll(self.scope.clone()))
    }

    fn connect(&mut self, now_ms: u64) -> Vec<Effect> {
        self.socket = Socket::Opening { since_ms: now_ms };
        vec![Effect::Connect]
    }

    fn give_up(&mut self, now_ms: u64, random: f64) -> Vec<Effect> {
        let mut effects = vec![Effect::Close];
        effects.extend(self.closed(now_ms, random));
        effects
    }

    /// A socket that ended is asked about at once: only an answer tells a server that is gone from one that refuses.
    fn closed(&mut self, now_ms: u64, random: f64) -> Vec<Effect> {
        if matches!(self.socket, Socket::Waiting { .. }) {
            return Vec::new();
        }
        if self.lost_since_ms.is_some() {
            self.attempt = self.attempt.saturating_add(1);
        }
        self.lost_since_ms.get_or_insert(now_ms);
        self.socket = Socket::Waiting {
            until_ms: now_ms + delay_ms(self.attempt, random),
        };
        self.poll_when_due(now_ms).into_iter().collect()
    }

    fn subscribe(&self) -> Effect {
        Effect::Send(LiveRequest::Subscribe {
            scope: self.scope.clone(),
            resume: None,
        })
    }

    fn compare_builds(&mut self, state: &LiveState) -> Vec<Effect> {
        let known = self.build.get_or_insert_with(|| state.build.clone());
        if *known == state.build {
            Vec::new()
        } else {
            vec![Effect::Reload]
        }
    }
}

#[cfg(test)]
mod tests {
    use carillon_api::live::{PanelsChange, Place};

    use super::*;

    struct Screen {
        link: Link,
        state: LiveState,
        now_ms: u64,
    }

    impl Screen {
        fn new() -> Self {
            let (link, effects) = Link::start(None, 0);
            assert_eq!(effects, [Effect::Connect]);
            Self {
                link,
                state: LiveState::default(),
                now_ms: 0,
            }
        }

        fn live() -> Self {
            let mut screen = Self::new();
            assert_eq!(screen.take(Event::Opened), [subscribe(None)]);
            assert_eq!(screen.take(snapshot("a", 7)), []);
            screen
        }

        fn take(&mut self, event: Event) -> Vec<Effect> {
            self.link.apply(event, self.now_ms, 0.5, &mut self.state)
        }

        fn after(&mut self, ms: u64) -> Vec<Effect> {
            self.now_ms += ms;
            self.take(Event::Tick)
        }

        fn view(&self) -> LinkView {
            self.link.view(self.now_ms)
        }
    }

    fn subscribe(resume: Option<Place>) -> Effect {
        Effect::Send(LiveRequest::Subscribe { scope: None, resume })
    }

    fn message(build: &str, seq: u64) -> LiveMessage {
        LiveMessage::Snapshot {
            place: Place { epoch: 1, seq },
            at_ms: 1,
            build: build.to_owned(),
            scope: String::new(),
            scopes: Vec::new(),
            panels: Box::default(),
        }
    }

    fn snapshot(build: &str, seq: u64) -> Event {
        Event::Heard(message(build, seq))
    }

    fn change(seq: u64) -> Event {
        let panels = Box::new(PanelsChange::default());
        Event::Heard(LiveMessage::Change {
            place: Place { epoch: 1, seq },
            at_ms: 2,
            panels,
        })
    }

    fn end(reason: LiveEnd) -> Event {
        Event::Heard(LiveMessage::End { reason })
    }

    #[test]
    fn a_link_goes_live_with_its_snapshot() {
        let mut screen = Screen::new();
        assert_eq!(screen.view(), LinkView::Connecting);
        screen.take(Event::Opened);
        assert_eq!(screen.view(), LinkView::Connecting);
        screen.take(snapshot("a", 1));
        assert_eq!(screen.view(), LinkView::Live);
        assert_eq!(screen.take(change(2)), []);
        assert_eq!(screen.state.place, Some(Place { epoch: 1, seq: 2 }));
    }

    #[test]
    fn a_cut_is_announced_and_mended_where_it_was() {
        let mut screen = Screen::live();
        assert_eq!(screen.take(Event::Closed), [Effect::Poll(None)]);
        assert_eq!(
            screen.view(),
            LinkView::Connecting,
            "for two seconds it may be nothing"
        );
        assert_eq!(screen.after(500), [Effect::Connect]);
        screen.now_ms += 1_500;
        assert_eq!(screen.take(Event::Closed), []);
        assert_eq!(
            screen.view(),
            LinkView::Lost {
                attempt: 2,
                retry_in_ms: 1_000
            }
        );
        assert_eq!(screen.after(1_000), [Effect::Connect]);
        assert_eq!(
            screen.view(),
            LinkView::Lost {
                attempt: 2,
                retry_in_ms: 0
            }
        );
        assert_eq!(
            screen.take(Event::Opened),
            [subscribe(Some(Place { epoch: 1, seq: 7 }))]
        );
        assert_eq!(screen.take(change(8)), [Effect::LookForPages]);
        assert_eq!(screen.take(change(9)), [], "once");
        assert_eq!(screen.view(), LinkView::Live);
    }

    #[test]
    fn attempts_grow_rarer_and_begin_anew_after_success() {
        let mut screen = Screen::live();
        let mut waits = Vec::new();
        for _ in 0..7 {
            screen.take(Event::Closed);
            let Socket::Waiting { until_ms } = screen.link.socket else {
                panic!("no wait")
            };
            waits.push(until_ms - screen.now_ms);
            screen.now_ms = until_ms;
            assert!(screen.take(Event::Tick).contains(&Effect::Connect));
        }
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        screen.take(Event::Opened);
        screen.take(change(8));
        screen.take(Event::Closed);
        assert_eq!(screen.link.attempt, 1);
    }

    #[test]
    fn silence_is_asked_about_and_then_taken_for_a_cut() {
        let mut screen = Screen::live();
        assert_eq!(screen.after(4_999), []);
        assert_eq!(screen.after(1), [Effect::Send(LiveRequest::Ping)]);
        assert_eq!(screen.after(1_000), [], "once");
        screen.take(Event::Heard(LiveMessage::Pong));
        assert_eq!(screen.after(5_000), [Effect::Send(LiveRequest::Ping)]);
        assert_eq!(screen.after(5_000), [Effect::Close, Effect::Poll(None)]);
        assert!(matches!(screen.view(), LinkView::Connecting));
    }

    #[test]
    fn a_socket_that_never_opens_is_given_up() {
        let mut screen = Screen::new();
        assert_eq!(screen.after(9_999), []);
        assert_eq!(screen.after(1), [Effect::Close, Effect::Poll(None)]);
    }

    #[test]
    fn without_a_socket_the_server_is_asked() {
        let mut screen = Screen::live();
        screen.take(Event::Closed);
        screen.take(Event::Polled(Poll::Snapshot(message("a", 9))));
        screen.now_ms += 3_000;
        assert_eq!(screen.view(), LinkView::Polling);
        let effects = screen.after(2_000);
        assert!(effects.contains(&Effect::Poll(None)), "{effects:?}");
        screen.now_ms += 8_000;
        screen.take(Event::Polled(Poll::Unreachable));
        assert!(matches!(screen.view(), LinkView::Lost { .. }));
    }

    #[test]
    fn what_is_polled_does_not_overtake_the_socket() {
        let mut screen = Screen::live();
        screen.take(Event::Polled(Poll::Snapshot(message("a", 1))));
        assert_eq!(screen.state.place, Some(Place { epoch: 1, seq: 7 }));
    }

    #[test]
    fn a_refused_screen_waits_until_it_may() {
        let mut screen = Screen::live();
        assert_eq!(
            screen.take(end(LiveEnd::Unauthenticated)),
            [Effect::Close, Effect::Poll(None)]
        );
        assert_eq!(screen.view(), LinkView::Refused);
        screen.take(Event::Polled(Poll::Refused));
        assert_eq!(screen.after(14_999), []);
        assert_eq!(screen.after(1), [Effect::Poll(None)]);
        assert_eq!(screen.take(Event::Visible), [], "it does not knock all the time");
        assert_eq!(
            screen.take(Event::Polled(Poll::Snapshot(message("a", 1)))),
            [Effect::Connect]
        );
        assert_eq!(screen.view(), LinkView::Polling);
    }

    #[test]
    fn a_screen_without_rights_is_told_at_the_first_answer() {
        let mut screen = Screen::new();
        assert_eq!(screen.take(Event::Closed), [Effect::Poll(None)]);
        screen.take(Event::Polled(Poll::Refused));
        assert_eq!(screen.view(), LinkView::Refused);
    }

    #[test]
    fn another_build_loads_the_page_anew() {
        let mut screen = Screen::live();
        assert_eq!(screen.take(snapshot("a", 1)), []);
        assert_eq!(screen.take(snapshot("b", 1)), [Effect::Reload]);
    }

    #[test]
    fn out_of_step_asks_for_everything() {
        let mut screen = Screen::live();
        assert_eq!(screen.take(change(9)), [subscribe(None)]);
    }

    #[test]
    fn scopes_are_changed_and_forgotten() {
        let mut screen = Screen::live();
        let scope = Some("城东医院".to_owned());
        let subscribed = screen.take(Event::Scope(scope.clone()));
        assert_eq!(
            subscribed,
            [Effect::Send(LiveRequest::Subscribe {
                scope: scope.clone(),
                resume: None
            })]
        );
        screen.take(Event::Closed);
        screen.take(Event::Opened);
        assert_eq!(screen.take(end(LiveEnd::UnknownScope)), [Effect::Close]);
        screen.now_ms += 20_000;
        screen.take(Event::Tick);
        assert_eq!(screen.take(Event::Opened), [subscribe(None)]);
    }

    #[test]
    fn a_page_that_comes_back_connects_at_once() {
        let mut screen = Screen::live();
        screen.take(Event::Closed);
        assert_eq!(screen.take(Event::Visible), [Effect::Connect]);
    }
}
