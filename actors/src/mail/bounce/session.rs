//! The receiving end of SMTP (RFC 5321), as far as bounces need it: a pure state machine, bytes in, bytes and events out.

use super::super::return_path::{ReturnPath, ReturnPaths};
use bytes::{Buf, Bytes, BytesMut};

/// The longest command or line of a command, line end included.
pub const LINE_BYTES_MAX: usize = 4 * 1024;
/// The longest message; announced as SIZE (RFC 1870). Some give back the whole mail with their report, so the largest one of
/// ours fits.
pub const MESSAGE_BYTES_MAX: usize = 32 << 20;
/// What is kept of a message. The report stands before the mail that is given back (RFC 6522 §3). Reading it takes up to some 350
/// bytes of memory for each, where a hostile one puts mails into mails.
const KEPT_BYTES_MAX: usize = 128 << 10;
/// Return paths in one transaction.
const RECIPIENTS_MAX: usize = 16;
/// Transactions and commands of one session; a peer that has more comes again.
const MESSAGES_MAX: u32 = 200;
const COMMANDS_MAX: u32 = 2_000;
/// Commands that are wrong or refused, until the session ends.
const ERRORS_MAX: u32 = 10;

/// A mail that came to return paths of ours. It is answered by [`BounceSession::answer`]; until then nothing more is read.
#[derive(Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Without doubles, in order; never empty.
    pub paths: Vec<ReturnPath>,
    /// The envelope names no sender, as it is for bounces.
    pub without_sender: bool,
    /// Its beginning: 128 KiB at most.
    pub message: Vec<u8>,
}

pub struct BounceSession {
    paths: ReturnPaths,
    input: BytesMut,
    output: BytesMut,
    state: State,
    transaction: Transaction,
    /// No return path of ours was named so far.
    is_stranger: bool,
    commands: u32,
    messages: u32,
    errors: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Commands,
    Data {
        /// Read so far, line ends included.
        bytes: usize,
    },
    /// A mail was given out and is not answered.
    Waiting,
    Ended,
}

#[derive(Default)]
struct Transaction {
    sender: Option<Sender>,
    paths: Vec<ReturnPath>,
    message: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    Nobody,
    Somebody,
}

impl BounceSession {
    /// The greeting is its first output.
    pub fn new(paths: ReturnPaths) -> Self {
        BounceSession {
            paths,
            input: BytesMut::new(),
            output: BytesMut::from(&b"220 carillon ESMTP\r\n"[..]),
            state: State::Commands,
            transaction: Transaction::default(),
            is_stranger: true,
            commands: 0,
            messages: 0,
            errors: 0,
        }
    }

    /// Bytes came. Gives a mail as soon as one is whole; [`BounceSession::answer`] then goes on with what came behind it.
    pub fn receive(&mut self, bytes: &[u8]) -> Option<Arrived> {
        self.input.extend_from_slice(bytes);
        self.go_on()
    }

    /// The mail given out last is durable, or is to be sent again.
    pub fn answer(&mut self, durable: bool) -> Option<Arrived> {
        debug_assert_eq!(self.state, State::Waiting, "one answer for one mail");
        self.state = State::Commands;
        if durable {
            self.say("250 2.0.0 noted");
        } else {
            self.say("451 4.3.0 not noted; send it again");
        }
        self.go_on()
    }

    /// What the peer is to be told; empty for nothing.
    pub fn take_output(&mut self) -> Bytes {
        self.output.split().freeze()
    }

    /// The session is over once its output is written.
    pub fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether the peer has named no return path of ours so far: nobody who brings a bounce needs long for that.
    pub fn is_stranger(&self) -> bool {
        self.is_stranger
    }

    /// Tells the peer to come again, and ends.
    pub fn shut(&mut self) {
        self.end("421 4.3.2 closing");
    }

    fn go_on(&mut self) -> Option<Arrived> {
        loop {
            match self.state {
                State::Waiting | State::Ended => return None,
                State::Commands => {
                    let line = self.next_line()?;
                    self.command(&line);
                }
                State::Data { bytes } => {
                    let line = self.next_line()?;
                    if let Some(arrived) = self.data(&line, bytes) {
                        return Some(arrived);
                    }
                }
            }
        }
    }

    /// A line without its CRLF. A bare LF ends none: a peer that takes it for a line end would see other commands than we
    /// do.
    fn next_line(&mut self) -> Option<Bytes> {
        let end = self.input.windows(2).position(|pair| pair == b"\r\n");
        if end.unwrap_or(self.input.len()) > LINE_BYTES_MAX {
            self.end("500 5.5.2 line too long");
            return None;
        }
        let line = self.input.split_to(end?).freeze();
        self.input.advance(2);
        Some(line)
    }

    fn data(&mut self, line: &[u8], bytes: usize) -> Option<Arrived> {
        if line == b"." {
            self.messages += 1;
            let transaction = std::mem::take(&mut self.transaction);
            if bytes > MESSAGE_BYTES_MAX {
                self.state = State::Commands;
                self.refuse("552 5.3.4 message too long");
                return None;
            }
            self.state = State::Waiting;
            return Some(Arrived {
                paths: transaction.paths,
                without_sender: transaction.sender == Some(Sender::Nobody),
                message: transaction.message,
            });
        }
        let line = line.strip_prefix(b".").unwrap_or(line);
        let bytes = bytes.saturating_add(line.len() + 2);
        self.state = State::Data { bytes };
        if bytes <= KEPT_BYTES_MAX {
            self.transaction.message.extend_from_slice(line);
            self.transaction.message.extend_from_slice(b"\r\n");
        }
        None
    }

    fn command(&mut self, line: &[u8]) {
        self.commands += 1;
        if self.commands > COMMANDS_MAX {
            return self.end("421 4.7.0 too many commands");
        }
        let Ok(line) = std::str::from_utf8(line) else {
            return self.refuse("500 5.5.2 not understood");
        };
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.transaction = Transaction::default();
                self.say("250-carillon");
                self.say(&format!("250-SIZE {MESSAGE_BYTES_MAX}"));
                self.say("250-8BITMIME");
                self.say("250-PIPELINING");
                self.say("250 ENHANCEDSTATUSCODES");
            }
            "HELO" => {
                self.transaction = Transaction::default();
                self.say("250 carillon");
            }
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "DATA" if self.transaction.paths.is_empty() => self.refuse("554 5.5.1 no valid recipients"),
            "DATA" => {
                self.state = State::Data { bytes: 0 };
                self.say("354 end with a single dot");
            }
            "RSET" => {
                self.transaction = Transaction::default();
                self.say("250 2.0.0 done");
            }
            "NOOP" => self.say("250 2.0.0 here"),
            "VRFY" => self.say("252 2.1.5 send it and see"),
            "QUIT" => self.end("221 2.0.0 bye"),
            _ => self.refuse("502 5.5.1 not known here"),
        }
    }

    fn mail(&mut self, rest: &str) {
        if self.transaction.sender.is_some() {
            return self.refuse("503 5.5.1 one sender is enough");
        }
        if self.messages >= MESSAGES_MAX {
            return self.end("421 4.7.0 too many messages in one session");
        }
        let Some((address, parameters)) = path(rest, "FROM:") else {
            return self.refuse("501 5.5.4 MAIL FROM:<address>");
        };
        let size = parameters
            .split(' ')
            .find_map(|parameter| parameter.get(..5).zip(parameter.get(5..)))
            .filter(|(name, _)| name.eq_ignore_ascii_case("SIZE="))
            .and_then(|(_, size)| size.parse::<u64>().ok());
        if size.is_some_and(|size| size > MESSAGE_BYTES_MAX as u64) {
            return self.refuse("552 5.3.4 message too long");
        }
        self.transaction.sender = Some(if address.is_empty() {
            Sender::Nobody
        } else {
            Sender::Somebody
        });
        self.say("250 2.1.0 go on");
    }

    fn rcpt(&mut self, rest: &str) {
        if self.transaction.sender.is_none() {
            return self.refuse("503 5.5.1 MAIL first");
        }
        let Some((address, _)) = path(rest, "TO:") else {
            return self.refuse("501 5.5.4 RCPT TO:<address>");
        };
        let Some(path) = self.paths.read(address) else {
            return self.refuse("550 5.1.1 no such return path");
        };
        self.is_stranger = false;
        if !self.transaction.paths.contains(&path) {
            if self.transaction.paths.len() == RECIPIENTS_MAX {
                return self.refuse("452 4.5.3 too many recipients");
            }
            self.transaction.paths.push(path);
        }
        self.say("250 2.1.5 go on");
    }

    fn say(&mut self, reply: &str) {
        self.output.extend_from_slice(reply.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    fn refuse(&mut self, reply: &str) {
        self.errors += 1;
        if self.errors >= ERRORS_MAX {
            return self.end("421 4.7.0 too many errors");
        }
        self.say(reply);
    }

    fn end(&mut self, reply: &str) {
        self.say(reply);
        self.input.clear();
        self.transaction = Transaction::default();
        self.state = State::Ended;
    }
}

/// `FROM:<address> PARAMETERS`: the address without its brackets and source route, and the rest.
fn path<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let (name, rest) = text.split_at_checked(word.len())?;
    if !name.eq_ignore_ascii_case(word) {
        return None;
    }
    let (address, parameters) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    // A source route is to be accepted and ignored (RFC 5321 appendix F.2).
    let address = match address.strip_prefix('@') {
        Some(route) => route.split_once(':')?.1,
        None => address,
    };
    Some((address, parameters.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::ids::{ConnectionId, MessageId};
    use proptest::prelude::*;

    const PATH: ReturnPath = ReturnPath {
        message: MessageId(1 << 30),
        attempt: 0,
        connection: ConnectionId(1),
    };

    fn session() -> (BounceSession, String) {
        let paths = ReturnPaths::new([3; 32]);
        let address = paths.make(PATH, "bounce.example");
        let mut session = BounceSession::new(paths);
        assert!(session.take_output().starts_with(b"220 "));
        (session, address)
    }

    fn say(session: &mut BounceSession, line: &str) -> String {
        assert_eq!(session.receive(format!("{line}\r\n").as_bytes()), None, "{line}");
        String::from_utf8(session.take_output().to_vec()).unwrap()
    }

    #[test]
    fn a_bounce_is_taken_and_answered_when_it_is_durable() {
        let (mut session, address) = session();
        assert!(say(&mut session, "EHLO mta.example").contains("250-SIZE 33554432\r\n"));
        assert!(say(&mut session, "MAIL FROM:<> SIZE=100").starts_with("250 "));
        assert!(say(&mut session, &format!("RCPT TO:<{}>", address.to_uppercase())).starts_with("250 "));
        assert!(say(&mut session, &format!("rcpt to:<@relay:{address}> NOTIFY=NEVER")).starts_with("250 "));
        assert!(!session.is_stranger());
        assert!(say(&mut session, "DATA").starts_with("354 "));
        assert_eq!(say(&mut session, "Subject: x"), "");
        let arrived = session.receive(b"\r\n..dot\r\nbare\n.\nline\r\n.\r\nNOOP\r\n");
        assert_eq!(
            arrived,
            Some(Arrived {
                paths: vec![PATH],
                without_sender: true,
                message: b"Subject: x\r\n\r\n.dot\r\nbare\n.\nline\r\n".to_vec()
            })
        );
        assert!(
            session.take_output().is_empty(),
            "not before it is durable (ACK-1)"
        );
        assert_eq!(session.answer(true), None);
        assert_eq!(
            session.take_output(),
            &b"250 2.0.0 noted\r\n250 2.0.0 here\r\n"[..]
        );
        assert!(say(&mut session, "QUIT").starts_with("221 ") && session.is_ended());
    }

    #[test]
    fn a_bounce_that_is_not_durable_is_to_be_sent_again() {
        let (mut session, address) = session();
        let text = format!("MAIL FROM:<a@b>\r\nRCPT TO:<{address}>\r\nDATA\r\n.\r\n");
        let arrived = session.receive(text.as_bytes()).unwrap();
        assert!(!arrived.without_sender && arrived.message.is_empty());
        session.take_output();
        session.answer(false);
        assert!(session.take_output().starts_with(b"451 "));
    }

    #[test]
    fn what_is_refused() {
        let cases = [
            ("RCPT TO:<x@y>", "503"),
            ("DATA", "554"),
            ("MAIL FROM:x@y", "501"),
            ("MAIL FROM:<a@b> SIZE=99999999", "552"),
            ("MAIL TO:<a@b>", "501"),
            ("EXPN all", "502"),
            ("STARTTLS", "502"),
            ("AUTH PLAIN x", "502"),
            ("", "502"),
        ];
        for (line, code) in cases {
            let (mut session, _) = session();
            assert!(say(&mut session, line).starts_with(code), "{line}");
        }
        let (mut session, address) = session();
        say(&mut session, "MAIL FROM:<>");
        assert!(say(&mut session, "RCPT TO:<postmaster@bounce.example>").starts_with("550"));
        assert!(session.is_stranger());
        assert!(say(&mut session, &format!("RCPT TO:<{}>", address.replace('b', "c"))).starts_with("550"));
        assert!(say(&mut session, "MAIL FROM:<>").starts_with("503"));
    }

    #[test]
    fn a_peer_without_measure_is_sent_away() {
        let (mut errors, _) = session();
        let replies: String = (0..ERRORS_MAX).map(|_| say(&mut errors, "NONSENSE")).collect();
        assert!(replies.ends_with("421 4.7.0 too many errors\r\n") && errors.is_ended());

        let (mut long, _) = session();
        assert_eq!(long.receive(&vec![b'x'; LINE_BYTES_MAX + 1]), None);
        assert!(long.take_output().starts_with(b"500 ") && long.is_ended());

        let (mut busy, _) = session();
        assert_eq!(busy.receive(&b"NOOP\r\n".repeat(COMMANDS_MAX as usize + 5)), None);
        assert!(busy.is_ended());
    }

    #[test]
    fn of_a_long_message_the_beginning_is_kept_and_one_too_long_is_refused() {
        let (mut session, address) = session();
        let line = format!("{}\r\n", "x".repeat(998));
        for (bytes, taken) in [(KEPT_BYTES_MAX + 1_000, true), (MESSAGE_BYTES_MAX + 1_000, false)] {
            say(&mut session, "MAIL FROM:<>");
            say(&mut session, &format!("RCPT TO:<{address}>"));
            say(&mut session, "DATA");
            for _ in 0..bytes / line.len() {
                assert_eq!(session.receive(line.as_bytes()), None);
            }
            let arrived = session.receive(b".\r\n");
            assert_eq!(arrived.is_some(), taken);
            if let Some(arrived) = arrived {
                let kept = KEPT_BYTES_MAX / line.len() * line.len();
                assert_eq!(arrived.message.len(), kept);
                session.answer(true);
            }
            let code = if taken { &b"250 "[..] } else { b"552 " };
            assert!(session.take_output().starts_with(code));
            assert!(say(&mut session, "NOOP").starts_with("250 "));
        }
    }

    proptest! {
        /// However the bytes are cut, it comes to the same; and no bytes panic.
        #[test]
        fn cutting_changes_nothing(lines in proptest::collection::vec("MAIL FROM:<>|RCPT TO:<PATH>|DATA|\\.|RSET|QUIT|.{0,12}", 0..12), at in 0usize..200) {
            let (mut whole, address) = session();
            let (mut cut, _) = session();
            let text = lines.iter().map(|line| format!("{}\r\n", line.replace("PATH", &address))).collect::<String>();
            let all = |session: &mut BounceSession, parts: &[&[u8]]| {
                let mut arrived = Vec::new();
                for part in parts {
                    let mut next = session.receive(part);
                    while let Some(one) = next {
                        arrived.push(one);
                        next = session.answer(true);
                    }
                }
                (arrived, session.take_output())
            };
            let bytes = text.as_bytes();
            let (first, rest) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(all(&mut whole, &[bytes]), all(&mut cut, &[first, rest]));
        }
    }
}
