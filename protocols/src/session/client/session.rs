//! The client's interface; what differs between the protocols is in its neighbours.

use super::cmpp::CmppClient;
use super::config::{ClientConfig, ConfigError};
use super::ending;
use super::event::{ClientEvent, DeliverTag};
use super::smpp::SmppClient;
use crate::frame::FrameReader;
use crate::session::link::{Due, Ignored, Link, LinkTimers};
use crate::session::smpp_refusal::refuse_frame;
use crate::session::{CloseReason, Millis, OpenSubmit, SessionState, Submit, SubmitError};
use bytes::BytesMut;
use std::fmt;

/// One connection to a carrier, from the bind to the end.
///
/// What the peer asks for makes the output grow: stop reading while it does not drain.
pub struct ClientSession {
    link: Link,
    reader: FrameReader,
    dialect: Dialect,
}

enum Dialect {
    Cmpp(CmppClient),
    Smpp(SmppClient),
}

impl ClientSession {
    /// Puts the bind into the output. `timestamp`: MMDDHHMMSS of local time (UTC+8) as a decimal number, for CMPP.
    ///
    /// # Errors
    /// The window is 0, or a text does not fit into its field.
    pub fn new(config: ClientConfig, timestamp: u32, now: Millis) -> Result<Self, ConfigError> {
        if config.window == 0 {
            return Err(ConfigError::NoWindow);
        }
        let timers = LinkTimers {
            response_timeout: config.response_timeout,
            link_test_interval: config.link_test_interval,
            bind_timeout: config.bind_timeout,
        };
        let mut link = Link::new(config.protocol, config.window, timers, now);
        let dialect = match config.protocol.cmpp() {
            Some(version) => Dialect::Cmpp(CmppClient::bind(config, version, timestamp, &mut link)?),
            None => Dialect::Smpp(SmppClient::bind(config, &mut link)?),
        };
        Ok(Self {
            reader: link.protocol.frame_reader(),
            link,
            dialect,
        })
    }

    /// Bytes to write; the caller drains what the socket took.
    pub fn output(&mut self) -> &mut BytesMut {
        self.link.output()
    }

    /// Octets ever put into the output: the stream offset at which the next PDU begins.
    pub fn output_total(&self) -> u64 {
        self.link.output_total()
    }

    pub fn state(&self) -> SessionState {
        self.link.state()
    }

    pub fn in_flight(&self) -> usize {
        self.link.window().in_flight()
    }

    pub fn window_free(&self) -> usize {
        self.link.window().free()
    }

    /// Takes bytes from the peer and appends what happened. Never fails: what cannot be read is answered as the
    /// specification says, and where the stream itself is lost the session closes.
    pub fn receive(&mut self, bytes: &[u8], now: Millis, events: &mut Vec<ClientEvent>) {
        if self.link.state() == SessionState::Closed || bytes.is_empty() {
            return;
        }
        self.link.heard(now);
        let mut reader = std::mem::take(&mut self.reader);
        reader.feed(bytes);
        while self.link.state() != SessionState::Closed {
            match reader.next_frame() {
                Ok(Some(frame)) => match &mut self.dialect {
                    Dialect::Cmpp(cmpp) => cmpp.receive(frame, &mut self.link, events),
                    Dialect::Smpp(smpp) => smpp.receive(frame, &mut self.link, events),
                },
                Ok(None) => break,
                Err(error) => {
                    if let Dialect::Smpp(_) = self.dialect {
                        refuse_frame(&mut self.link);
                    }
                    ending::close(CloseReason::Frame(error), &mut self.link, events);
                }
            }
        }
        self.reader = reader;
        self.link.unbind_if_idle(now);
    }

    /// Writes one segment and takes a window slot for it (WIN-1). `token` comes back with the answer.
    ///
    /// # Errors
    /// The window is full, the session is not bound, or a value does not fit into its field. Nothing is written then.
    pub fn submit(&mut self, submit: &Submit<'_>, token: u64, now: Millis) -> Result<(), SubmitError> {
        match &mut self.dialect {
            Dialect::Cmpp(cmpp) => self
                .link
                .open_request(token, now, |sequence, out| cmpp.put_submit(submit, sequence, out)),
            Dialect::Smpp(smpp) => self
                .link
                .open_request(token, now, |sequence, out| smpp.put_submit(submit, sequence, out)),
        }
    }

    /// Answers a receipt or reply. `ok: false` asks the carrier to send it again. After the end of the session this does
    /// nothing.
    pub fn acknowledge(&mut self, tag: DeliverTag, ok: bool) {
        if !self.link.is_open() {
            return;
        }
        match &self.dialect {
            Dialect::Cmpp(cmpp) => cmpp.acknowledge(tag, ok, &mut self.link),
            Dialect::Smpp(smpp) => smpp.acknowledge(tag, ok, &mut self.link),
        }
    }

    /// Sends link tests, and appends what time has brought about.
    pub fn tick(&mut self, now: Millis, events: &mut Vec<ClientEvent>) {
        while let Some(due) = self.link.tick(now) {
            events.push(match due {
                Due::TimedOut { token } => ClientEvent::TimedOut { token },
                Due::Closed { reason } => ClientEvent::Closed { reason },
            });
        }
    }

    /// When [`ClientSession::tick`] is due next; `Millis::MAX` for never.
    pub fn next_tick(&self) -> Millis {
        self.link.next_tick()
    }

    /// Changes the window and the response time-out in the middle of the session. A window smaller than what is in flight
    /// lets nothing out until it fits again (WIN-1).
    pub fn set_limits(&mut self, window: u16, response_timeout: Millis) {
        self.link.set_limits(window.max(1), response_timeout);
    }

    /// Ends the session in order: nothing new, open submits are waited for, then the unbind and its answer.
    pub fn unbind(&mut self, now: Millis) {
        self.link.unbind(now);
    }

    /// How long nothing came while a submit waited for its answer; `None` when none waits.
    pub fn silence(&self, now: Millis) -> Option<Millis> {
        self.link.silence(now)
    }

    /// Submits not answered and not timed out, in the order written.
    pub fn open_submits(&self) -> Vec<OpenSubmit> {
        self.link.open_requests()
    }

    pub fn ignored(&self) -> Ignored {
        self.link.ignored
    }
}

impl fmt::Debug for ClientSession {
    /// Without the buffers, which hold passwords, numbers and texts (PII-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSession")
            .field("protocol", &self.link.protocol)
            .field("state", &self.state())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
