//! What both ends of a session share: output, window, sequence numbers, link tests and the way to the end.

use super::link_test::{Health, LinkTest, TRIES};
use super::protocol::Protocol;
use super::sequence::Sequence;
use super::state::{CloseReason, Millis, SessionState};
use super::submit::{OpenSubmit, SubmitError};
use super::window::{Answered, OpenRequest, Window};
use crate::error::EncodeError;
use bytes::BytesMut;

pub(super) struct Link {
    pub protocol: Protocol,
    pub ignored: Ignored,
    output: BytesMut,
    output_total: u64,
    state: SessionState,
    window: Window,
    sequence: Sequence,
    link_test: LinkTest,
    response_timeout: Millis,
    /// Requests of the peer that we have not answered yet.
    pub owed: usize,
    /// When the bind, the wait before the unbind, or the unbind that was sent has taken too long.
    deadline: Millis,
    unbind_sent: bool,
}

/// What came from the peer and had no effect, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Answers to nothing: unknown sequence numbers and second answers.
    pub answers: u64,
    /// Commands that are unknown, or not for this side or this state.
    pub commands: u64,
    /// Bodies that could not be read.
    pub malformed: u64,
    /// Submits beyond the window (server side).
    pub beyond_window: u64,
}

/// What time brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    TimedOut { token: u64 },
    Closed { reason: CloseReason },
}

pub(super) struct LinkTimers {
    pub response_timeout: Millis,
    pub link_test_interval: Millis,
    pub bind_timeout: Millis,
}

impl Link {
    pub fn new(protocol: Protocol, window: u16, timers: LinkTimers, now: Millis) -> Self {
        Self {
            protocol,
            ignored: Ignored::default(),
            output: BytesMut::new(),
            output_total: 0,
            state: SessionState::Binding,
            window: Window::new(window),
            sequence: Sequence::new(protocol.sequence_max()),
            link_test: LinkTest::new(timers.link_test_interval, timers.response_timeout, now),
            response_timeout: timers.response_timeout,
            deadline: now.saturating_add(timers.bind_timeout),
            owed: 0,
            unbind_sent: false,
        }
    }

    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    pub fn output_total(&self) -> u64 {
        self.output_total
    }

    pub fn state(&self) -> SessionState {
        self.state
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, SessionState::Bound | SessionState::Unbinding)
    }

    pub fn window(&self) -> &Window {
        &self.window
    }

    pub fn bound(&mut self) {
        self.state = SessionState::Bound;
    }

    pub fn close(&mut self) {
        self.state = SessionState::Closed;
    }

    /// Something came from the peer.
    pub fn heard(&mut self, now: Millis) {
        self.link_test.heard(now);
    }

    /// Writes something that needs no answer, or whose answer the window does not wait for.
    pub fn put<R>(&mut self, write: impl FnOnce(&mut BytesMut) -> R) -> R {
        let before = self.output.len();
        let written = write(&mut self.output);
        self.output_total += (self.output.len() - before) as u64;
        written
    }

    pub fn answer_link_test(&mut self, sequence: u32) {
        let protocol = self.protocol;
        self.put(|out| protocol.put_link_test_answer(sequence, out));
    }

    pub fn answer_unbind(&mut self, sequence: u32) {
        let protocol = self.protocol;
        self.put(|out| protocol.put_unbind_answer(sequence, out));
        self.close();
    }

    pub fn take_sequence(&mut self) -> u32 {
        self.sequence.take()
    }

    /// Writes a request and takes a window slot for it (WIN-1).
    pub fn open_request(
        &mut self,
        token: u64,
        now: Millis,
        write: impl FnOnce(u32, &mut BytesMut) -> Result<(), EncodeError>,
    ) -> Result<(), SubmitError> {
        if self.state != SessionState::Bound {
            return Err(SubmitError::NotBound);
        }
        if self.window.free() == 0 {
            return Err(SubmitError::WindowFull);
        }
        let mut sequence = self.sequence.take();
        while !self.window.fits(sequence) {
            sequence = self.sequence.take();
        }
        let offset = self.output_total;
        self.put(|out| write(sequence, out))?;
        self.window.insert(
            sequence,
            OpenRequest {
                token,
                offset,
                sent_at: now,
            },
        );
        Ok(())
    }

    /// An answer came to the request of this number; an answer to nothing is counted.
    pub fn answered(&mut self, sequence: u32) -> Option<Answered> {
        let answered = self.window.answer(sequence);
        if answered.is_none() {
            self.ignored.answers += 1;
        }
        answered
    }

    pub fn open_requests(&self) -> Vec<OpenSubmit> {
        let open = |request: OpenRequest| OpenSubmit {
            token: request.token,
            offset: request.offset,
        };
        self.window.iter().map(open).collect()
    }

    pub fn silence(&self, now: Millis) -> Option<Millis> {
        let oldest = self.window.oldest()?;
        Some(now.saturating_sub(self.link_test.last_heard().max(oldest.sent_at)))
    }

    /// Another window and other times from now on; what is open stays open, and is late by the new time.
    pub fn set_limits(&mut self, window: u16, response_timeout: Millis) {
        self.window.set_limit(window);
        self.response_timeout = response_timeout;
        self.link_test.set_response_timeout(response_timeout);
    }

    pub fn unbind(&mut self, now: Millis) {
        if self.state == SessionState::Closed || self.state == SessionState::Unbinding {
            return;
        }
        self.state = SessionState::Unbinding;
        self.deadline = now.saturating_add(self.response_timeout);
        self.unbind_if_idle(now);
    }

    /// Sends the unbind that was asked for, once nothing is open on either side or that has taken too long.
    pub fn unbind_if_idle(&mut self, now: Millis) {
        let waits = !self.is_idle() && now < self.deadline;
        if self.state != SessionState::Unbinding || self.unbind_sent || waits {
            return;
        }
        self.unbind_sent = true;
        self.deadline = now.saturating_add(self.response_timeout);
        let sequence = self.take_sequence();
        let protocol = self.protocol;
        self.put(|out| protocol.put_unbind(sequence, out));
    }

    /// The next thing that time has brought about; to be called until there is none.
    pub fn tick(&mut self, now: Millis) -> Option<Due> {
        match self.state {
            SessionState::Closed => return None,
            SessionState::Binding if now >= self.deadline => {
                return Some(self.closed(CloseReason::BindTimeout));
            }
            SessionState::Binding => return None,
            SessionState::Bound | SessionState::Unbinding => {}
        }
        if let Some(before) = now.checked_sub(self.response_timeout)
            && let Some(request) = self.window.expire(before)
        {
            return Some(Due::TimedOut { token: request.token });
        }
        self.unbind_if_idle(now);
        if self.unbind_sent && now >= self.deadline {
            return Some(self.closed(CloseReason::UnbindTimeout));
        }
        match self.link_test.check(now) {
            Health::Well => None,
            Health::Dead => Some(self.closed(CloseReason::LinkTestTimeout { count: TRIES })),
            Health::Ask => {
                let sequence = self.take_sequence();
                let protocol = self.protocol;
                self.put(|out| protocol.put_link_test(sequence, out));
                None
            }
        }
    }

    /// When [`Link::tick`] is due next; 0 for at once.
    pub fn next_tick(&self) -> Millis {
        let response = self.window.oldest().map_or(Millis::MAX, |oldest| {
            oldest.sent_at.saturating_add(self.response_timeout)
        });
        let open = response.min(self.link_test.due());
        match self.state {
            SessionState::Closed => Millis::MAX,
            SessionState::Binding => self.deadline,
            SessionState::Bound => open,
            SessionState::Unbinding if !self.unbind_sent && self.is_idle() => 0,
            SessionState::Unbinding => open.min(self.deadline),
        }
    }

    fn is_idle(&self) -> bool {
        self.window.in_flight() == 0 && self.owed == 0
    }

    fn closed(&mut self, reason: CloseReason) -> Due {
        self.close();
        Due::Closed { reason }
    }
}
