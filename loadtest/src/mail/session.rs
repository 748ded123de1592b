//! The receiving end of SMTP (RFC 5321) as a script wants it: a pure state machine, a line in, a reaction out.

use super::act::{Act, Rule, act_for};
use super::greylist::Greylist;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::time::Duration;

/// The longest line, its end included (RFC 5321 §4.5.3.1.6 asks for 1000; AUTH for 12,288).
pub const LINE_BYTES_MAX: usize = 12_288;
/// The longest mail; announced as SIZE (RFC 1870).
pub const MESSAGE_BYTES_MAX: u64 = 32 << 20;
/// So much of a mail's beginning is kept to be looked into.
const KEPT_BYTES_MAX: usize = 256 * 1024;
/// Recipients of one transaction.
const RECIPIENTS_MAX: usize = 100;
/// Wrong commands until the session is ended.
const ERRORS_MAX: u32 = 20;

/// What all sessions of a sink go by.
pub struct Script {
    pub rules: RwLock<Vec<Rule>>,
    /// Name and password that MAIL needs; `None`: nobody is asked.
    pub login: Option<(String, String)>,
    /// STARTTLS is offered, and MAIL needs it.
    pub starttls: bool,
    pub(super) greylist: Mutex<Greylist>,
}

impl Script {
    pub fn new(rules: Vec<Rule>, login: Option<(String, String)>, starttls: bool) -> Self {
        Script {
            rules: RwLock::new(rules),
            login,
            starttls,
            greylist: Mutex::default(),
        }
    }
}

/// A mail whose end has come.
#[derive(Debug, PartialEq, Eq)]
pub struct Arrived {
    pub from: String,
    /// At least one; with what was done to each.
    pub recipients: Vec<(String, Act)>,
    /// Its first 256 KiB, unstuffed.
    pub beginning: Vec<u8>,
    /// On the wire, unstuffed, without the final dot.
    pub bytes: u64,
    /// Code of the answer; `None`: there is none.
    pub answer: Option<u16>,
}

/// What the sink does next, in this order.
#[derive(Debug, PartialEq, Eq)]
pub struct Reaction {
    pub arrived: Option<Arrived>,
    pub wait: Duration,
    /// With its line ends; empty for none.
    pub reply: String,
    pub then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    GoOn,
    /// TLS begins behind the reply.
    Secure,
    Close,
    /// Nothing more is said, and the connection stays open.
    Hang,
}

impl Reaction {
    fn new(reply: impl Into<String>, then: Then) -> Self {
        let mut reply = reply.into();
        if !reply.is_empty() {
            reply.push_str("\r\n");
        }
        Reaction {
            arrived: None,
            wait: Duration::ZERO,
            reply,
            then,
        }
    }

    fn reply(reply: impl Into<String>) -> Self {
        Self::new(reply, Then::GoOn)
    }

    fn nothing() -> Self {
        Self::new("", Then::GoOn)
    }
}

pub struct SinkSession {
    script: Arc<Script>,
    secured: bool,
    logged_in: bool,
    state: State,
    from: Option<String>,
    recipients: Vec<(String, Act)>,
    errors: u32,
}

enum State {
    Commands,
    /// AUTH LOGIN asked for the name, or has it.
    LoginName,
    LoginPassword(String),
    PlainAnswer,
    Content {
        beginning: Vec<u8>,
        bytes: u64,
    },
}

impl SinkSession {
    pub fn new(script: Arc<Script>, secured: bool) -> Self {
        SinkSession {
            script,
            secured,
            logged_in: false,
            state: State::Commands,
            from: None,
            recipients: Vec::new(),
            errors: 0,
        }
    }

    pub fn greeting() -> Reaction {
        Reaction::reply("220 sink.example ESMTP")
    }

    pub fn busy() -> Reaction {
        Reaction::new("421 4.3.2 too busy", Then::Close)
    }

    /// TLS stands; everything said before is forgotten (RFC 3207 §4.2).
    pub fn secure(&mut self) {
        *self = SinkSession::new(Arc::clone(&self.script), true);
    }

    pub fn is_secured(&self) -> bool {
        self.secured
    }

    /// A line came, without its line end.
    pub fn line(&mut self, line: &[u8], now_ms: u64) -> Reaction {
        match std::mem::replace(&mut self.state, State::Commands) {
            State::Commands => self.command(line, now_ms),
            State::LoginName => match decoded(line) {
                Some(name) => {
                    self.state = State::LoginPassword(name);
                    Reaction::reply("334 UGFzc3dvcmQ6")
                }
                None => self.wrong("501 5.5.2 no Base64"),
            },
            State::LoginPassword(name) => match decoded(line) {
                Some(password) => self.log_in(&name, &password),
                None => self.wrong("501 5.5.2 no Base64"),
            },
            State::PlainAnswer => self.plain(line),
            State::Content { beginning, bytes } => self.content(line, beginning, bytes),
        }
    }

    fn command(&mut self, line: &[u8], now_ms: u64) -> Reaction {
        let Ok(line) = std::str::from_utf8(line) else {
            return self.wrong("500 5.5.2 no text");
        };
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.hello(),
            "HELO" => {
                self.reset();
                Reaction::reply("250 sink.example")
            }
            "STARTTLS" if self.script.starttls && !self.secured => {
                Reaction::new("220 2.0.0 begin", Then::Secure)
            }
            "AUTH" => self.auth(rest),
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest, now_ms),
            "DATA" => self.data(),
            "RSET" => {
                self.reset();
                Reaction::reply("250 2.0.0 reset")
            }
            "NOOP" => Reaction::reply("250 2.0.0 here"),
            "QUIT" => Reaction::new("221 2.0.0 bye", Then::Close),
            _ => self.wrong("502 5.5.1 not known"),
        }
    }

    fn hello(&mut self) -> Reaction {
        self.reset();
        let mut reply =
            format!("250-sink.example\r\n250-SIZE {MESSAGE_BYTES_MAX}\r\n250-8BITMIME\r\n250-DSN\r\n");
        if self.script.starttls && !self.secured {
            reply.push_str("250-STARTTLS\r\n");
        }
        if self.script.login.is_some() {
            reply.push_str("250-AUTH PLAIN LOGIN\r\n");
        }
        reply.push_str("250 ENHANCEDSTATUSCODES");
        Reaction::reply(reply)
    }

    fn auth(&mut self, rest: &str) -> Reaction {
        let (way, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        match way.to_ascii_uppercase().as_str() {
            "PLAIN" if initial.is_empty() => {
                self.state = State::PlainAnswer;
                Reaction::reply("334 ")
            }
            "PLAIN" => self.plain(initial.as_bytes()),
            "LOGIN" if initial.is_empty() => {
                self.state = State::LoginName;
                Reaction::reply("334 VXNlcm5hbWU6")
            }
            "LOGIN" => {
                self.state = State::LoginName;
                self.line(initial.as_bytes(), 0)
            }
            _ => self.wrong("504 5.5.4 PLAIN or LOGIN"),
        }
    }

    /// RFC 4616 §2: who one acts as, who one is, and the password, with NUL between them.
    fn plain(&mut self, answer: &[u8]) -> Reaction {
        let Some(text) = decoded(answer) else {
            return self.wrong("501 5.5.2 no Base64");
        };
        let mut parts = text.split('\0').skip(1);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(password), None) => self.log_in(name, password),
            _ => self.wrong("501 5.5.2 not three parts"),
        }
    }

    fn log_in(&mut self, name: &str, password: &str) -> Reaction {
        let known = self.script.login.as_ref();
        if known.is_some_and(|(n, p)| n == name && p == password) {
            self.logged_in = true;
            return Reaction::reply("235 2.7.0 welcome");
        }
        self.wrong("535 5.7.8 not known")
    }

    fn mail(&mut self, rest: &str) -> Reaction {
        if self.script.starttls && !self.secured {
            return self.wrong("530 5.7.0 STARTTLS first");
        }
        if self.script.login.is_some() && !self.logged_in {
            return self.wrong("530 5.7.0 AUTH first");
        }
        if self.from.is_some() {
            return self.wrong("503 5.5.1 one mail at a time");
        }
        let Some((address, parameters)) = path(rest, "FROM:") else {
            return self.wrong("501 5.5.4 MAIL FROM:<address>");
        };
        let size = parameters
            .split(' ')
            .find_map(|parameter| parameter.strip_prefix("SIZE="));
        if size.is_some_and(|size| size.parse().map_or(true, |size: u64| size > MESSAGE_BYTES_MAX)) {
            return self.wrong("552 5.3.4 too long");
        }
        self.from = Some(address.to_owned());
        Reaction::reply("250 2.1.0 go on")
    }

    fn rcpt(&mut self, rest: &str, now_ms: u64) -> Reaction {
        if self.from.is_none() {
            return self.wrong("503 5.5.1 MAIL first");
        }
        let Some((address, _)) = path(rest, "TO:").filter(|(address, _)| !address.is_empty()) else {
            return self.wrong("501 5.5.4 RCPT TO:<address>");
        };
        if self.recipients.len() >= RECIPIENTS_MAX {
            return Reaction::reply("452 4.5.3 too many recipients");
        }
        let act = act_for(&self.script.rules.read(), address);
        match act {
            Act::Refuse => return Reaction::reply("550 5.1.1 nobody of this name"),
            Act::Greylist(wait) if !self.script.greylist.lock().admits(address, wait, now_ms) => {
                return Reaction::reply("451 4.7.1 come again");
            }
            _ => {}
        }
        self.recipients.push((address.to_owned(), act));
        Reaction::reply("250 2.1.5 go on")
    }

    fn data(&mut self) -> Reaction {
        if self.recipients.is_empty() {
            return self.wrong("503 5.5.1 RCPT first");
        }
        self.state = State::Content {
            beginning: Vec::new(),
            bytes: 0,
        };
        Reaction::reply("354 end with a dot")
    }

    fn content(&mut self, line: &[u8], mut beginning: Vec<u8>, bytes: u64) -> Reaction {
        if self.has(Act::Cut) {
            return Reaction::new("", Then::Close);
        }
        if line == b"." {
            return self.end(beginning, bytes);
        }
        // RFC 5321 §4.5.2.
        let line = line.strip_prefix(b".").unwrap_or(line);
        let bytes = bytes + line.len() as u64 + 2;
        if beginning.len() + line.len() + 2 <= KEPT_BYTES_MAX {
            beginning.extend_from_slice(line);
            beginning.extend_from_slice(b"\r\n");
        }
        self.state = State::Content { beginning, bytes };
        Reaction::nothing()
    }

    fn end(&mut self, beginning: Vec<u8>, bytes: u64) -> Reaction {
        let slow = self.recipients.iter().filter_map(|(_, act)| match act {
            Act::Slow(wait) => Some(*wait),
            _ => None,
        });
        let wait = slow.max().unwrap_or_default();
        let (answer, reaction) = if self.has(Act::HangKept) || self.has(Act::HangLost) {
            (None, Reaction::new("", Then::Hang))
        } else if bytes > MESSAGE_BYTES_MAX {
            (Some(552), Reaction::reply("552 5.3.4 too long"))
        } else if self.has(Act::RefuseContent) {
            (Some(554), Reaction::reply("554 5.7.1 not wanted"))
        } else {
            (Some(250), Reaction::reply("250 2.0.0 taken"))
        };
        let arrived = Arrived {
            from: self.from.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
            beginning,
            bytes,
            answer,
        };
        Reaction {
            arrived: Some(arrived),
            wait,
            ..reaction
        }
    }

    fn has(&self, act: Act) -> bool {
        self.recipients.iter().any(|(_, of)| *of == act)
    }

    fn reset(&mut self) {
        self.from = None;
        self.recipients.clear();
    }

    fn wrong(&mut self, reply: &str) -> Reaction {
        self.errors += 1;
        if self.errors > ERRORS_MAX {
            return Reaction::new("421 4.7.0 too many errors", Then::Close);
        }
        Reaction::reply(reply)
    }
}

fn decoded(line: &[u8]) -> Option<String> {
    String::from_utf8(BASE64.decode(line).ok()?).ok()
}

/// `FROM:<address> PARAMETERS`: the address, which may be empty, and the parameters.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let head = rest.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let path = rest[keyword.len()..].trim_start().strip_prefix('<')?;
    let (address, parameters) = path.split_once('>')?;
    Some((address, parameters.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn session(rules: &[&str]) -> SinkSession {
        let rules = rules.iter().map(|rule| rule.parse().expect("a rule")).collect();
        SinkSession::new(Arc::new(Script::new(rules, None, false)), false)
    }

    fn talk(session: &mut SinkSession, lines: &[&str]) -> Reaction {
        let mut last = Reaction::nothing();
        for line in lines {
            last = session.line(line.as_bytes(), 0);
        }
        last
    }

    const TO_A: [&str; 3] = ["EHLO x", "MAIL FROM:<b@c> SIZE=10", "RCPT TO:<a@b>"];

    #[test]
    fn an_ordinary_mail_is_unstuffed_and_told_with_its_envelope() {
        let mut session = session(&[]);
        talk(&mut session, &TO_A);
        talk(
            &mut session,
            &["rcpt to:<d@b> NOTIFY=FAILURE", "DATA", "Subject: s", "", "..x"],
        );
        let reaction = talk(&mut session, &["."]);
        let arrived = reaction.arrived.expect("a mail");
        assert_eq!(arrived.from, "b@c");
        assert_eq!(arrived.recipients.len(), 2);
        assert_eq!(arrived.beginning, b"Subject: s\r\n\r\n.x\r\n");
        assert_eq!((arrived.bytes, arrived.answer), (18, Some(250)));
        assert!(
            talk(&mut session, &["DATA"]).reply.starts_with("503"),
            "a new transaction"
        );
    }

    #[test]
    fn every_act_does_what_it_says() {
        let mut refused = session(&["a@*=refuse"]);
        assert!(talk(&mut refused, &TO_A).reply.starts_with("550"));
        assert!(talk(&mut refused, &["DATA"]).reply.starts_with("503"));

        let mut grey = session(&["a@*=greylist:2"]);
        assert!(talk(&mut grey, &TO_A).reply.starts_with("451"));
        assert!(grey.line(b"RCPT TO:<a@b>", 1_999).reply.starts_with("451"));
        assert!(grey.line(b"RCPT TO:<a@b>", 2_000).reply.starts_with("250"));

        let mut cut = session(&["a@*=cut"]);
        talk(&mut cut, &TO_A);
        assert_eq!(talk(&mut cut, &["DATA", "Subject: s"]).then, Then::Close);

        for (rule, answer, then, wait) in [
            ("a@*=refuse-content", Some(554), Then::GoOn, 0),
            ("a@*=hang-kept", None, Then::Hang, 0),
            ("a@*=hang-lost", None, Then::Hang, 0),
            ("a@*=slow:700", Some(250), Then::GoOn, 700),
            ("a@*=bounce:5", Some(250), Then::GoOn, 0),
        ] {
            let mut session = session(&[rule]);
            talk(&mut session, &TO_A);
            let reaction = talk(&mut session, &["DATA", "x", "."]);
            assert_eq!(reaction.arrived.expect(rule).answer, answer, "{rule}");
            assert_eq!(reaction.then, then, "{rule}");
            assert_eq!(reaction.wait, Duration::from_millis(wait), "{rule}");
        }
    }

    #[test]
    fn nothing_is_taken_before_tls_and_login() {
        let script = Script::new(Vec::new(), Some(("n".to_owned(), "p".to_owned())), true);
        let mut session = SinkSession::new(Arc::new(script), false);
        assert!(talk(&mut session, &["EHLO x"]).reply.contains("STARTTLS"));
        assert!(
            talk(&mut session, &["MAIL FROM:<a@b>"])
                .reply
                .starts_with("530 5.7.0 STARTTLS")
        );
        assert_eq!(talk(&mut session, &["STARTTLS"]).then, Then::Secure);
        session.secure();
        assert!(!talk(&mut session, &["EHLO x"]).reply.contains("STARTTLS"));
        assert!(talk(&mut session, &["STARTTLS"]).reply.starts_with("502"));
        assert!(
            talk(&mut session, &["MAIL FROM:<a@b>"])
                .reply
                .starts_with("530 5.7.0 AUTH")
        );
        let plain = |text: &str| format!("AUTH PLAIN {}", BASE64.encode(text));
        for wrong in [
            plain("\0n\0q"),
            plain("n\0p"),
            plain("\0n\0p\0"),
            "AUTH PLAIN %".to_owned(),
        ] {
            assert!(talk(&mut session, &[&wrong]).reply.starts_with('5'), "{wrong}");
        }
        assert!(talk(&mut session, &[&plain("\0n\0p")]).reply.starts_with("235"));
        assert!(talk(&mut session, &["MAIL FROM:<a@b>"]).reply.starts_with("250"));
        session.logged_in = false;
        let login = ["AUTH LOGIN", &BASE64.encode("n"), &BASE64.encode("p")];
        assert!(talk(&mut session, &login).reply.starts_with("235"));
    }

    #[test]
    fn nonsense_is_refused_and_ends_after_a_while() {
        let mut session = session(&[]);
        for line in [
            "RCPT TO:<a@b>",
            "DATA",
            "MAIL",
            "MAIL FROM:a@b",
            "MAIL FROM:<a@b",
            "MAIL FROM:<a@b> SIZE=x",
            "MAIL FROM:<a@b> SIZE=99999999999",
            "AUTH",
            "AUTH CRAM-MD5",
            "STARTTLS",
            "",
            "\u{e9}",
        ] {
            assert!(talk(&mut session, &[line]).reply.starts_with('5'), "{line:?}");
        }
        assert!(session.line(b"\xff\xfe", 0).reply.starts_with("500"));
        let last = (0..ERRORS_MAX).map(|_| session.line(b"X", 0)).last();
        assert_eq!(last.map(|reaction| reaction.then), Some(Then::Close));
    }

    #[test]
    fn no_more_of_a_mail_is_kept_than_allowed() {
        let mut session = session(&[]);
        talk(&mut session, &TO_A);
        talk(&mut session, &["DATA"]);
        let line = [b'x'; 998];
        for _ in 0..300 {
            session.line(&line, 0);
        }
        let arrived = session.line(b".", 0).arrived.expect("a mail");
        assert_eq!(arrived.bytes, 300_000);
        assert!(arrived.beginning.len() <= KEPT_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn any_lines_leave_it_standing(lines in proptest::collection::vec(
            "(MAIL FROM:|RCPT TO:|EHLO|DATA|AUTH LOGIN|AUTH PLAIN|STARTTLS|RSET|\\.|<a@b>|[ -~]){0,4}", 0..20,
        )) {
            let mut session = session(&["a*=greylist:1"]);
            for line in &lines {
                let reaction = session.line(line.as_bytes(), 0);
                prop_assert!(reaction.reply.is_empty() || reaction.reply.ends_with("\r\n"));
                if let Some(arrived) = reaction.arrived {
                    prop_assert!(!arrived.recipients.is_empty());
                }
            }
        }
    }
}
