//! What a relay answers (RFC 5321 §4.2), read within limits.

use bytes::{Buf, BytesMut};
use std::fmt;

/// The longest line of a reply. RFC 5321 §4.5.3.1.5 allows 512 octets; some relays write more.
pub const REPLY_LINE_BYTES_MAX: usize = 2_048;
/// Lines of one reply; an EHLO answer has some twenty.
pub const REPLY_LINES_MAX: usize = 100;
/// Of a relay's words this much is shown.
const SHOWN_CHARS_MAX: usize = 200;

/// One whole reply, its continuation lines included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 200…599.
    pub code: u16,
    /// The text of each line, without code and line end.
    pub lines: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    #[error("the relay sent a line of more than {REPLY_LINE_BYTES_MAX} bytes")]
    LineTooLong,
    #[error("the relay sent a reply of more than {REPLY_LINES_MAX} lines")]
    TooManyLines,
    #[error("the relay sent a line that is no SMTP reply")]
    NotAReply,
    #[error("the relay changed the code within one reply")]
    MixedCodes,
}

/// Whether a command was done, needs more, may be tried again later, or never will be done (RFC 5321 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyClass {
    Done,
    GoOn,
    Later,
    Never,
}

impl Reply {
    pub fn class(&self) -> ReplyClass {
        match self.code {
            200..300 => ReplyClass::Done,
            300..400 => ReplyClass::GoOn,
            400..500 => ReplyClass::Later,
            _ => ReplyClass::Never,
        }
    }

    pub fn is_done(&self) -> bool {
        self.class() == ReplyClass::Done
    }

    /// `550 5.1.1`: the code, and the enhanced code where there is one (RFC 3463).
    pub fn status(&self) -> String {
        match self.lines.first().and_then(|line| enhanced(line)) {
            Some(enhanced) => format!("{} {enhanced}", self.code),
            None => self.code.to_string(),
        }
    }
}

/// The code and the first words, for operators. Never for the reply to a recipient: it often repeats the address (PII-1).
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: String = self
            .lines
            .join(" ")
            .chars()
            .map(|character| if character.is_control() { ' ' } else { character })
            .take(SHOWN_CHARS_MAX)
            .collect();
        write!(f, "{} {words}", self.code)
    }
}

/// `5.1.1` at the start of a text: class, subject and detail (RFC 3463 §2).
fn enhanced(text: &str) -> Option<&str> {
    let code = text.split(' ').next()?;
    let mut parts = code.split('.');
    let number = |part: &str, digits_max| {
        (1..=digits_max).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let sound = matches!(parts.next(), Some("2" | "4" | "5"))
        && parts.next().is_some_and(|part| number(part, 3))
        && parts.next().is_some_and(|part| number(part, 3))
        && parts.next().is_none();
    sound.then_some(code)
}

/// Cuts what comes from a relay into replies.
#[derive(Debug, Default)]
pub struct ReplyReader {
    bytes: BytesMut,
    /// Bytes that hold no line end; they are not looked at again.
    looked: usize,
    begun: Option<Reply>,
}

impl ReplyReader {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Nothing is left of what came.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.begun.is_none()
    }

    /// The next whole reply, if it is there. After an error the stream cannot be used any more.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ReplyError> {
        while let Some(line) = self.next_line()? {
            let (code, last, text) = parse_line(&line)?;
            let reply = self.begun.get_or_insert_with(|| Reply {
                code,
                lines: Vec::new(),
            });
            if reply.code != code {
                return Err(ReplyError::MixedCodes);
            }
            if reply.lines.len() == REPLY_LINES_MAX {
                return Err(ReplyError::TooManyLines);
            }
            reply.lines.push(text);
            if last {
                return Ok(self.begun.take());
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, ReplyError> {
        let end = self.bytes[self.looked..].iter().position(|byte| *byte == b'\n');
        let length = end.map_or(self.bytes.len(), |end| self.looked + end);
        if length > REPLY_LINE_BYTES_MAX {
            return Err(ReplyError::LineTooLong);
        }
        if end.is_none() {
            self.looked = length;
            return Ok(None);
        }
        self.looked = 0;
        let mut line = self.bytes.split_to(length).to_vec();
        self.bytes.advance(1);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }
}

/// Code, whether it is the last line, and the text.
fn parse_line(line: &[u8]) -> Result<(u16, bool, String), ReplyError> {
    let (code, rest) = line.split_at_checked(3).ok_or(ReplyError::NotAReply)?;
    if !code.iter().all(u8::is_ascii_digit) {
        return Err(ReplyError::NotAReply);
    }
    let code = code
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    if !(200..600).contains(&code) {
        return Err(ReplyError::NotAReply);
    }
    let (last, text) = match rest.split_first() {
        None => (true, &[][..]),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return Err(ReplyError::NotAReply),
    };
    Ok((code, last, String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8]) -> Result<Option<Reply>, ReplyError> {
        let mut reader = ReplyReader::default();
        reader.push(text);
        reader.next_reply()
    }

    #[test]
    fn replies() {
        let cases: [(&[u8], u16, &[&str], &str); 6] = [
            (b"250 ok\r\n", 250, &["ok"], "250"),
            (b"250\r\n", 250, &[""], "250"),
            (b"250-a\r\n250-b\n250 c\r\n", 250, &["a", "b", "c"], "250"),
            (
                b"550 5.1.1 no such user\r\n",
                550,
                &["5.1.1 no such user"],
                "550 5.1.1",
            ),
            (b"451 4.7.1234 x\r\n", 451, &["4.7.1234 x"], "451"),
            (b"220 \xff\r\n", 220, &["\u{fffd}"], "220"),
        ];
        for (text, code, lines, status) in cases {
            let reply = read(text).unwrap().unwrap();
            assert_eq!(
                (reply.code, reply.lines.as_slice()),
                (code, lines.map_strings().as_slice())
            );
            assert_eq!(reply.status(), status);
        }
    }

    trait MapStrings {
        fn map_strings(&self) -> Vec<String>;
    }

    impl MapStrings for &[&str] {
        fn map_strings(&self) -> Vec<String> {
            self.iter().map(|line| (*line).to_owned()).collect()
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let long = [b"250 ".as_slice(), &[b'x'; REPLY_LINE_BYTES_MAX], b"\r\n"].concat();
        let endless = vec![b'x'; REPLY_LINE_BYTES_MAX + 1];
        let many = b"250-x\r\n".repeat(REPLY_LINES_MAX + 1);
        let cases: [(&[u8], ReplyError); 9] = [
            (b"\r\n", ReplyError::NotAReply),
            (b"25\r\n", ReplyError::NotAReply),
            (b"abc hello\r\n", ReplyError::NotAReply),
            (b"199 x\r\n", ReplyError::NotAReply),
            (b"250x\r\n", ReplyError::NotAReply),
            (b"250-a\r\n251 b\r\n", ReplyError::MixedCodes),
            (&long, ReplyError::LineTooLong),
            (&endless, ReplyError::LineTooLong),
            (&many, ReplyError::TooManyLines),
        ];
        for (text, error) in cases {
            assert_eq!(
                read(text),
                Err(error),
                "{}",
                String::from_utf8_lossy(&text[..text.len().min(40)])
            );
        }
    }

    #[test]
    fn a_shown_reply_has_no_control_characters_and_an_end() {
        let reply = Reply {
            code: 554,
            lines: vec!["\u{1b}[2J".to_owned(), "x".repeat(5_000)],
        };
        let shown = reply.to_string();
        assert!(!shown.contains('\u{1b}') && shown.chars().count() <= 4 + SHOWN_CHARS_MAX);
    }

    proptest! {
        /// However the bytes are cut, the replies are the same; and no bytes panic.
        #[test]
        fn cutting_changes_nothing(text in "([2-5][0-9]{2}[ -][a-z.5]{0,6}\r\n){0,6}|\\PC{0,40}\n?", at in 0usize..60) {
            let bytes = text.as_bytes();
            let (mut whole, mut cut) = (ReplyReader::default(), ReplyReader::default());
            // Until nothing is left or an error ends the stream.
            let all = |reader: &mut ReplyReader| {
                let mut replies = Vec::new();
                loop {
                    match reader.next_reply() {
                        Ok(Some(reply)) => replies.push(reply),
                        Ok(None) => return (replies, None),
                        Err(error) => return (replies, Some(error)),
                    }
                }
            };
            whole.push(bytes);
            let expected = all(&mut whole);
            let (first, rest) = bytes.split_at(at.min(bytes.len()));
            cut.push(first);
            let (mut replies, mut error) = all(&mut cut);
            if error.is_none() {
                cut.push(rest);
                let (more, then) = all(&mut cut);
                replies.extend(more);
                error = then;
            }
            prop_assert_eq!((replies, error), expected);
        }
    }
}
