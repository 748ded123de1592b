//! A session with a relay after its opening: one transaction at a time, and what became of it.

use super::capabilities::Capabilities;
use super::reply::{Reply, ReplyClass, ReplyError, ReplyReader};
use super::stuffing::StuffedContent;
use bytes::{Bytes, BytesMut};
use carillon_domain::time::Monotonic;
use std::time::Duration;

/// After so long without a transaction the relay is asked for a sign of life, which also keeps it from closing.
const NOOP_AFTER: Duration = Duration::from_secs(30);

/// One mail, ready for the wire. No `Debug`: it holds texts and addresses (PII-1).
pub struct Outgoing {
    /// Given back with what became of it.
    pub token: u64,
    /// The envelope's sender, without angle brackets.
    pub from: String,
    /// The one recipient.
    pub to: String,
    /// The whole message in the form of RFC 5322.
    pub content: Bytes,
    /// Ask for reports of failure and delay where the relay can (RFC 3461).
    pub reports: bool,
}

/// What a session has to say.
#[derive(Debug)]
pub enum MailEvent {
    /// The relay has the mail (250 after its end).
    Accepted { token: u64 },
    /// The relay answered that it does not take the mail.
    Refused { token: u64, at: Stage, reply: Reply },
    /// The session is over; the socket is to be closed. What was open is told by [`MailSession::open`].
    Closed(SessionEnd),
}

/// How far a transaction has come (RFC 5321 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Mail,
    Rcpt,
    Data,
    /// The content is on its way to the socket.
    Content,
    /// All of it was handed to the socket; the answer is waited for.
    Answer,
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionEnd {
    #[error("the relay closed the connection")]
    Eof,
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the relay closes the session: {0}")]
    ClosedBy(Reply),
    #[error("the relay did not answer {0} within {s} s", s = .1.as_secs())]
    Late(&'static str, Duration),
    #[error(transparent)]
    Unreadable(#[from] ReplyError),
    #[error("the relay answered before it was asked")]
    Unasked,
    #[error("the relay answered {command} with {code}")]
    Unexpected { command: &'static str, code: u16 },
    #[error("the session was ended by us")]
    Quit,
}

/// The transaction that was open when a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    pub token: u64,
    /// The relay may have it: at least one byte of its content was handed to the socket.
    pub begun: bool,
}

/// The mail cannot be sent by this session now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session is not ready for a mail")]
pub struct NotReady;

/// A session as a pure state machine: bytes in, bytes and events out.
pub struct MailSession {
    capabilities: Capabilities,
    answer_timeout: Duration,
    state: State,
    replies: ReplyReader,
    /// Commands that the socket has not got yet.
    output: BytesMut,
    /// Since when the relay owes an answer, or when it gave the last one.
    since: Monotonic,
    /// No new transaction; QUIT comes after the open one.
    quitting: bool,
    /// [`MailEvent::Closed`] was told; nothing counts any more.
    over: bool,
    /// Mails the relay has taken or refused.
    served: u64,
}

enum State {
    Ready,
    Transaction(Stage, Box<Transaction>),
    Rset,
    Noop,
    Quit,
}

struct Transaction {
    mail: Outgoing,
    content: StuffedContent,
    begun: bool,
}

impl MailSession {
    /// A session whose opening is over: greeted, secured, logged in.
    pub fn new(capabilities: Capabilities, answer_timeout: Duration, now: Monotonic) -> Self {
        MailSession {
            capabilities,
            answer_timeout,
            state: State::Ready,
            replies: ReplyReader::default(),
            output: BytesMut::new(),
            since: now,
            quitting: false,
            over: false,
            served: 0,
        }
    }

    /// Whether a mail may be given to it (WIN-1: one at a time).
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready) && !self.quitting && !self.over
    }

    /// The transaction that is open.
    pub fn open(&self) -> Option<Open> {
        match &self.state {
            State::Transaction(_, transaction) => Some(Open {
                token: transaction.mail.token,
                begun: transaction.begun,
            }),
            _ => None,
        }
    }

    /// Begins a transaction.
    pub fn submit(&mut self, mail: Outgoing, now: Monotonic) -> Result<(), NotReady> {
        if !self.is_ready() {
            return Err(NotReady);
        }
        let mut command = format!("MAIL FROM:<{}>", mail.from);
        if self.capabilities.size {
            command.push_str(&format!(" SIZE={}", mail.content.len()));
        }
        if self.capabilities.dsn && mail.reports {
            command.push_str(" RET=HDRS");
        }
        self.say(&command, now);
        let content = StuffedContent::new(mail.content.clone());
        let transaction = Transaction {
            mail,
            content,
            begun: false,
        };
        self.state = State::Transaction(Stage::Mail, Box::new(transaction));
        Ok(())
    }

    /// Bytes came from the relay.
    pub fn receive(&mut self, bytes: &[u8], now: Monotonic, events: &mut Vec<MailEvent>) {
        self.replies.push(bytes);
        while !self.over {
            match self.replies.next_reply() {
                Ok(None) => return,
                Ok(Some(reply)) => self.replied(reply, now, events),
                Err(error) => self.close(error.into(), events),
            }
        }
    }

    /// Lets time pass: an answer may be late, an idle relay is asked for a sign of life.
    pub fn tick(&mut self, now: Monotonic, events: &mut Vec<MailEvent>) {
        if self.over {
            return;
        }
        let waited = now - self.since;
        if matches!(self.state, State::Ready) {
            if self.quitting {
                self.say("QUIT", now);
                self.state = State::Quit;
            } else if waited >= NOOP_AFTER {
                self.say("NOOP", now);
                self.state = State::Noop;
            }
        } else if waited >= self.answer_timeout {
            self.close(SessionEnd::Late(self.asked(), self.answer_timeout), events);
        }
    }

    /// When [`MailSession::tick`] has something to do.
    pub fn next_tick(&self) -> Option<Monotonic> {
        match self.state {
            _ if self.over => None,
            State::Ready => Some(self.since + NOOP_AFTER),
            _ => Some(self.since + self.answer_timeout),
        }
    }

    /// How long the relay has owed an answer; `None` when it owes none.
    pub fn silence(&self, now: Monotonic) -> Option<Duration> {
        (!matches!(self.state, State::Ready)).then(|| now - self.since)
    }

    /// Ends the session in order: after the open transaction.
    pub fn quit(&mut self, now: Monotonic, events: &mut Vec<MailEvent>) {
        self.quitting = true;
        self.tick(now, events);
    }

    /// The next bytes for the socket. From the moment they are given out they count as written; the next are asked for when
    /// the socket has taken these.
    pub fn take_output(&mut self, now: Monotonic) -> Option<Bytes> {
        if !self.output.is_empty() {
            return Some(self.output.split().freeze());
        }
        let State::Transaction(stage @ Stage::Content, transaction) = &mut self.state else {
            return None;
        };
        // A relay that takes the content piece by piece is not silent.
        self.since = now;
        transaction.begun = true;
        let piece = transaction.content.next_piece();
        if transaction.content.is_ended() {
            *stage = Stage::Answer;
        }
        piece
    }

    fn replied(&mut self, reply: Reply, now: Monotonic, events: &mut Vec<MailEvent>) {
        // An answer to a command that has not left yet answers something else. Were it taken, so would be the next ones, and
        // a mail would count as accepted that nobody has.
        if !self.output.is_empty() {
            return self.close(SessionEnd::Unasked, events);
        }
        self.since = now;
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Transaction(stage, transaction) => {
                self.transaction_replied(stage, transaction, reply, now, events);
            }
            State::Ready if reply.code == 421 => self.close(SessionEnd::ClosedBy(reply), events),
            State::Ready => self.close(SessionEnd::Unasked, events),
            State::Noop | State::Rset if reply.is_done() => {}
            State::Noop | State::Rset => self.close(SessionEnd::ClosedBy(reply), events),
            State::Quit => self.close(SessionEnd::Quit, events),
        }
        if self.quitting && !self.over && matches!(self.state, State::Ready) {
            self.tick(now, events);
        }
    }

    fn transaction_replied(
        &mut self,
        stage: Stage,
        transaction: Box<Transaction>,
        reply: Reply,
        now: Monotonic,
        events: &mut Vec<MailEvent>,
    ) {
        let wanted = match stage {
            Stage::Data => ReplyClass::GoOn,
            _ => ReplyClass::Done,
        };
        let token = transaction.mail.token;
        match (stage, reply.class()) {
            // 421 is said of the session, not of the mail. One that has served before may have come to its end.
            (Stage::Mail, ReplyClass::Later) if reply.code == 421 && self.served > 0 => {
                self.state = State::Transaction(stage, transaction);
                self.close(SessionEnd::ClosedBy(reply), events);
            }
            (_, ReplyClass::Later | ReplyClass::Never) => {
                self.served += 1;
                // The content was broken off, or the relay goes: there is no way on in this session.
                let over = stage == Stage::Content || reply.code == 421;
                let end = over.then(|| SessionEnd::ClosedBy(reply.clone()));
                events.push(MailEvent::Refused {
                    token,
                    at: stage,
                    reply,
                });
                match end {
                    Some(end) => self.close(end, events),
                    None if matches!(stage, Stage::Rcpt | Stage::Data) => {
                        self.say("RSET", now);
                        self.state = State::Rset;
                    }
                    None => self.state = State::Ready,
                }
            }
            (Stage::Content, _) => {
                self.state = State::Transaction(stage, transaction);
                self.close(SessionEnd::Unasked, events);
            }
            (Stage::Answer, ReplyClass::Done) => {
                self.served += 1;
                events.push(MailEvent::Accepted { token });
                self.state = State::Ready;
            }
            (_, class) if class == wanted => {
                let next = match stage {
                    Stage::Mail => {
                        let mut command = format!("RCPT TO:<{}>", transaction.mail.to);
                        if self.capabilities.dsn && transaction.mail.reports {
                            command.push_str(" NOTIFY=FAILURE,DELAY");
                        }
                        self.say(&command, now);
                        Stage::Rcpt
                    }
                    Stage::Rcpt => {
                        self.say("DATA", now);
                        Stage::Data
                    }
                    _ => Stage::Content,
                };
                self.state = State::Transaction(next, transaction);
            }
            _ => {
                self.state = State::Transaction(stage, transaction);
                let (command, code) = (self.asked(), reply.code);
                self.close(SessionEnd::Unexpected { command, code }, events);
            }
        }
    }

    /// What the relay was asked last.
    fn asked(&self) -> &'static str {
        match &self.state {
            State::Transaction(Stage::Mail, _) => "MAIL",
            State::Transaction(Stage::Rcpt, _) => "RCPT",
            State::Transaction(Stage::Data, _) => "DATA",
            State::Transaction(..) => "the content",
            State::Rset => "RSET",
            State::Noop => "NOOP",
            State::Quit => "QUIT",
            State::Ready => "nothing",
        }
    }

    fn say(&mut self, command: &str, now: Monotonic) {
        debug_assert!(!command.contains(['\r', '\n']), "one command, one line");
        self.output.extend_from_slice(command.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.since = now;
    }

    fn close(&mut self, end: SessionEnd, events: &mut Vec<MailEvent>) {
        self.over = true;
        self.output.clear();
        events.push(MailEvent::Closed(end));
    }
}
