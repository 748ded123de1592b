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
    /// By its words; by the code alone where the words may hold the recipient (PII-1).
    #[error("the relay closes the session: {0}")]
    ClosedBy(String),
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

    /// Whether it ends after the open transaction, whatever is wanted by now.
    pub fn is_quitting(&self) -> bool {
        self.quitting
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
            State::Ready if reply.code == 421 => self.close(SessionEnd::ClosedBy(reply.to_string()), events),
            State::Ready => self.close(SessionEnd::Unasked, events),
            State::Noop | State::Rset if reply.is_done() => {}
            State::Noop | State::Rset => self.close(SessionEnd::ClosedBy(reply.to_string()), events),
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
                self.close(SessionEnd::ClosedBy(reply.to_string()), events);
            }
            (_, ReplyClass::Later | ReplyClass::Never) => {
                self.served += 1;
                // The content was broken off, or the relay goes: there is no way on in this session.
                let over = stage == Stage::Content || reply.code == 421;
                let end = over.then(|| SessionEnd::ClosedBy(reply.status()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    fn at(s: u64) -> Monotonic {
        Monotonic(Duration::from_secs(s))
    }

    fn session() -> MailSession {
        let capabilities = Capabilities {
            size: true,
            dsn: true,
            ..Capabilities::default()
        };
        MailSession::new(capabilities, TIMEOUT, at(0))
    }

    fn mail() -> Outgoing {
        Outgoing {
            token: 7,
            from: "b+x@bounce.example".to_owned(),
            to: "p@home.example".to_owned(),
            content: Bytes::from_static(b"Subject: x\r\n\r\n.\r\ntext\r\n"),
            reports: true,
        }
    }

    fn output(session: &mut MailSession) -> String {
        let pieces = std::iter::from_fn(|| session.take_output(at(0)));
        String::from_utf8(pieces.flatten().collect()).unwrap()
    }

    /// Takes all output, then says `reply`.
    fn hear(session: &mut MailSession, reply: &str) -> (String, Vec<MailEvent>) {
        let said = output(session);
        let mut events = Vec::new();
        session.receive(format!("{reply}\r\n").as_bytes(), at(0), &mut events);
        (said, events)
    }

    #[test]
    fn a_transaction_from_its_first_command_to_its_answer() {
        let mut session = session();
        assert!(session.submit(mail(), at(0)).is_ok());
        assert_eq!(
            session.submit(mail(), at(0)).err(),
            Some(NotReady),
            "one at a time (WIN-1)"
        );
        let dialogue = [
            (
                "MAIL FROM:<b+x@bounce.example> SIZE=23 RET=HDRS\r\n",
                "250 ok",
                false,
            ),
            (
                "RCPT TO:<p@home.example> NOTIFY=FAILURE,DELAY\r\n",
                "250 ok",
                false,
            ),
            ("DATA\r\n", "354 go on", false),
            ("Subject: x\r\n\r\n..\r\ntext\r\n.\r\n", "250 queued", true),
        ];
        for (command, reply, begun) in dialogue {
            let said = output(&mut session);
            assert_eq!(said, command);
            assert_eq!(session.open(), Some(Open { token: 7, begun }));
            let (_, events) = hear(&mut session, reply);
            let accepted = matches!(events[..], [MailEvent::Accepted { token: 7 }]);
            assert_eq!(accepted, begun, "{reply}");
        }
        assert!(session.is_ready() && session.open().is_none());
    }

    #[test]
    fn what_is_late_is_told_with_how_far_it_came() {
        for (replies, begun) in [(0, false), (1, false), (2, false), (3, true)] {
            let mut session = session();
            session.submit(mail(), at(0)).unwrap();
            for reply in &["250 a", "250 b", "354 c"][..replies] {
                hear(&mut session, reply);
            }
            output(&mut session);
            let mut events = Vec::new();
            session.tick(at(59), &mut events);
            assert!(events.is_empty() && session.silence(at(59)).is_some());
            session.tick(at(60), &mut events);
            assert!(matches!(events[..], [MailEvent::Closed(SessionEnd::Late(..))]));
            assert_eq!(session.open(), Some(Open { token: 7, begun }), "{replies}");
            session.receive(b"250 too late\r\n", at(61), &mut events);
            assert_eq!(events.len(), 1, "nothing counts after the end");
        }
    }

    #[test]
    fn an_idle_relay_is_asked_for_a_sign_of_life() {
        let mut session = session();
        let mut events = Vec::new();
        session.tick(at(29), &mut events);
        assert_eq!(output(&mut session), "");
        session.tick(at(30), &mut events);
        assert_eq!(output(&mut session), "NOOP\r\n");
        assert!(!session.is_ready());
        let (_, events) = hear(&mut session, "250 here");
        assert!(events.is_empty() && session.is_ready());
    }

    #[test]
    fn a_refusal_in_the_middle_is_cleared_away() {
        let mut session = session();
        session.submit(mail(), at(0)).unwrap();
        hear(&mut session, "250 ok");
        let (_, events) = hear(&mut session, "550 5.1.1 nobody");
        assert!(
            matches!(&events[..], [MailEvent::Refused { token: 7, at: Stage::Rcpt, reply }] if reply.code == 550)
        );
        assert_eq!(output(&mut session), "RSET\r\n");
        hear(&mut session, "250 ok");
        assert!(session.is_ready());
    }

    #[test]
    fn a_session_that_has_served_may_come_to_its_end() {
        let mut session = session();
        session.submit(mail(), at(0)).unwrap();
        for reply in ["250 a", "250 b", "354 c", "250 d"] {
            hear(&mut session, reply);
        }
        session.submit(mail(), at(0)).unwrap();
        let (_, events) = hear(&mut session, "421 enough");
        assert!(matches!(events[..], [MailEvent::Closed(SessionEnd::ClosedBy(_))]));
        assert_eq!(
            session.open(),
            Some(Open {
                token: 7,
                begun: false
            }),
            "it goes by another one"
        );
    }

    #[test]
    fn it_leaves_after_the_open_transaction() {
        let mut session = session();
        session.submit(mail(), at(0)).unwrap();
        let mut events = Vec::new();
        session.quit(at(0), &mut events);
        for reply in ["250 a", "250 b", "354 c", "250 d"] {
            hear(&mut session, reply);
        }
        assert_eq!(output(&mut session), "QUIT\r\n");
        let (_, events) = hear(&mut session, "221 bye");
        assert!(matches!(events[..], [MailEvent::Closed(SessionEnd::Quit)]));
    }

    proptest! {
        /// Whatever a relay says and whenever, a mail is accepted only after its end was handed to the socket, it is told
        /// of at most once, and nothing is told after the end of the session.
        #[test]
        fn no_mail_is_accepted_before_its_end(steps in proptest::collection::vec((0..4u8, "(250|354|220|421|450|550|99|2)[ -][a-z]{0,3}\r\n|\\PC{0,6}"), 1..40)) {
            let mut session = session();
            session.submit(mail(), at(0)).unwrap();
            let (mut ended, mut told, mut over) = (false, 0, false);
            for (step, text) in steps {
                let mut events = Vec::new();
                match step {
                    0 => session.tick(at(1), &mut events),
                    1 => {
                        if let Some(piece) = session.take_output(at(1)) {
                            ended |= piece.ends_with(b"\r\n.\r\n");
                        }
                    }
                    _ => session.receive(text.as_bytes(), at(1), &mut events),
                }
                for event in events {
                    prop_assert!(!over, "{event:?}");
                    match event {
                        MailEvent::Accepted { .. } => {
                            prop_assert!(ended);
                            told += 1;
                        }
                        MailEvent::Refused { .. } => told += 1,
                        MailEvent::Closed(_) => over = true,
                    }
                }
                prop_assert!(told <= 1 && (told == 0 || session.open().is_none()));
            }
        }
    }
}
