//! The server's interface; what differs between the protocols is in its neighbours.

use super::bind::{BindRefusal, BindRequest};
use super::cmpp::CmppServer;
use super::config::ServerConfig;
use super::desk::Desk;
use super::ending;
use super::event::{ServerEvent, SubmitTag};
use super::smpp::SmppServer;
use crate::frame::FrameReader;
use crate::session::link::{Due, Ignored, Link, LinkTimers};
use crate::session::smpp_refusal::refuse_frame;
use crate::session::{
    CloseReason, Millis, Protocol, Receipt, ReplyOut, SegmentId, SessionState, SubmitError,
};
use bytes::BytesMut;
use std::fmt;

/// One connection of a client, from its bind to the end.
///
/// What the peer asks for makes the output grow: stop reading while it does not drain.
pub struct ServerSession {
    link: Link,
    reader: FrameReader,
    desk: Desk,
    dialect: Dialect,
}

enum Dialect {
    Cmpp(CmppServer),
    Smpp(SmppServer),
}

impl ServerSession {
    pub fn new(config: ServerConfig, now: Millis) -> Self {
        let protocol = config.protocols.first().copied().unwrap_or(Protocol::Cmpp20);
        let timers = LinkTimers {
            response_timeout: config.response_timeout,
            link_test_interval: config.link_test_interval,
            bind_timeout: config.bind_timeout,
        };
        let dialect = match protocol.cmpp() {
            Some(_) => Dialect::Cmpp(CmppServer::new(&config)),
            None => Dialect::Smpp(SmppServer::default()),
        };
        Self {
            link: Link::new(protocol, config.window, timers, now),
            reader: protocol.frame_reader(),
            desk: Desk { config, bind: None },
            dialect,
        }
    }

    /// Bytes to write; the caller drains what the socket took.
    pub fn output(&mut self) -> &mut BytesMut {
        self.link.output()
    }

    /// Octets ever put into the output.
    pub fn output_total(&self) -> u64 {
        self.link.output_total()
    }

    pub fn state(&self) -> SessionState {
        self.link.state()
    }

    /// Receipts and replies that wait for their answer.
    pub fn in_flight(&self) -> usize {
        self.link.window().in_flight()
    }

    pub fn window_free(&self) -> usize {
        self.link.window().free()
    }

    /// What the client asked to be bound as, once it did.
    pub fn bind_request(&self) -> Option<&BindRequest> {
        self.desk.bind.as_ref()
    }

    /// Answers the bind. `secret` proves us to a CMPP client. Does nothing unless a bind waits.
    pub fn accept_bind(&mut self, secret: &str, now: Millis) {
        if self.link.state() != SessionState::Binding {
            return;
        }
        let Some(bind) = &self.desk.bind else {
            return;
        };
        match &self.dialect {
            Dialect::Cmpp(cmpp) => cmpp.accept(bind, secret, &mut self.link),
            Dialect::Smpp(smpp) => smpp.accept(&self.desk.config, &mut self.link),
        }
        self.link.bound();
        self.link.heard(now);
    }

    /// Answers the bind and closes. Does nothing unless a bind waits.
    pub fn refuse_bind(&mut self, refusal: BindRefusal) {
        if self.link.state() != SessionState::Binding || self.desk.bind.is_none() {
            return;
        }
        match &self.dialect {
            Dialect::Cmpp(cmpp) => cmpp.refuse(refusal, &mut self.link),
            Dialect::Smpp(smpp) => smpp.refuse(refusal, &mut self.link),
        }
        self.link.close();
    }

    /// Takes bytes from the client and appends what happened. Never fails: what cannot be read is answered as the
    /// specification says, and where the stream itself is lost the session closes.
    pub fn receive(&mut self, bytes: &[u8], now: Millis, events: &mut Vec<ServerEvent>) {
        if self.link.state() == SessionState::Closed || bytes.is_empty() {
            return;
        }
        self.link.heard(now);
        let mut reader = std::mem::take(&mut self.reader);
        reader.feed(bytes);
        while self.link.state() != SessionState::Closed {
            match reader.next_frame() {
                Ok(Some(frame)) => match &mut self.dialect {
                    Dialect::Cmpp(cmpp) => cmpp.receive(frame, &mut self.link, &mut self.desk, events),
                    Dialect::Smpp(smpp) => smpp.receive(frame, &mut self.link, &mut self.desk, events),
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

    /// Answers a submit with the id of its segment (of a group send, the first of its range) or with the protocol's own code,
    /// which must not be 0. CMPP carries numbers only: an id of text that is not a decimal number is answered as result 9.
    pub fn respond_submit(&mut self, tag: SubmitTag, answer: Result<SegmentId, u32>) {
        if !self.link.is_open() {
            return;
        }
        self.link.owed = self.link.owed.saturating_sub(1);
        match &self.dialect {
            Dialect::Cmpp(cmpp) => cmpp.respond(tag, answer, &mut self.link),
            Dialect::Smpp(smpp) => smpp.respond(tag, answer, &mut self.link),
        }
    }

    /// Sends a receipt. `from`: the destination of the submit; `to`: its source. `token` comes back with the answer; in CMPP it
    /// is also the Msg_Id of the DELIVER.
    ///
    /// # Errors
    /// The window is full, the client takes no receipts, or a value does not fit into its field. Nothing is written then.
    pub fn deliver_receipt(
        &mut self,
        receipt: &Receipt,
        from: &str,
        to: &str,
        token: u64,
        now: Millis,
    ) -> Result<(), SubmitError> {
        self.desk.check_receives()?;
        let dialect = &mut self.dialect;
        self.link.open_request(token, now, |sequence, out| match dialect {
            Dialect::Cmpp(cmpp) => cmpp.deliver.put_receipt(receipt, from, to, token, sequence, out),
            Dialect::Smpp(smpp) => smpp.deliver.put_receipt(receipt, from, to, sequence, out),
        })
    }

    /// Sends a message from a phone. `token` comes back with the answer.
    ///
    /// # Errors
    /// As [`ServerSession::deliver_receipt`].
    pub fn deliver_reply(
        &mut self,
        reply: &ReplyOut<'_>,
        token: u64,
        now: Millis,
    ) -> Result<(), SubmitError> {
        self.desk.check_receives()?;
        let dialect = &mut self.dialect;
        self.link.open_request(token, now, |sequence, out| match dialect {
            Dialect::Cmpp(cmpp) => cmpp.deliver.put_reply(reply, token, sequence, out),
            Dialect::Smpp(smpp) => smpp.deliver.put_reply(reply, sequence, out),
        })
    }

    /// Sends link tests, and appends what time has brought about.
    pub fn tick(&mut self, now: Millis, events: &mut Vec<ServerEvent>) {
        while let Some(due) = self.link.tick(now) {
            events.push(match due {
                Due::TimedOut { token } => ServerEvent::DeliverTimedOut { token },
                Due::Closed { reason } => ServerEvent::Closed { reason },
            });
        }
    }

    /// When [`ServerSession::tick`] is due next; 0 for at once, `Millis::MAX` for never.
    pub fn next_tick(&self) -> Millis {
        self.link.next_tick()
    }

    /// Ends the session in order: nothing new, open requests of both sides are waited for, then the unbind and its answer.
    pub fn unbind(&mut self, now: Millis) {
        self.link.unbind(now);
    }

    pub fn ignored(&self) -> Ignored {
        self.link.ignored
    }
}

impl fmt::Debug for ServerSession {
    /// Without the buffers, which hold passwords, numbers and texts (PII-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSession")
            .field("protocol", &self.link.protocol)
            .field("state", &self.state())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
