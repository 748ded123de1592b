//! What a relay says: replies, and a session that hears them at the wrong moment.

use super::texts;
use crate::input::{Input, chunk};
use crate::{Memory, Target};
use bytes::Bytes;
use carillon_actors::mail::{
    Capabilities, MailEvent, MailSession, Outgoing, REPLY_LINE_BYTES_MAX, REPLY_LINES_MAX, ReplyReader,
};
use carillon_domain::time::Monotonic;
use std::time::Duration;

/// One reply of the longest lines, three octets for each that is no UTF-8, and what was pushed.
const MEMORY: Memory = Memory {
    fixed_bytes: 64 * 1024 + REPLY_LINES_MAX * 64,
    per_input_byte: 64,
};
const WORDS: &[&str] = &[
    "250 ",
    "250-",
    "354 ",
    "421 ",
    "550 5.1.1 ",
    "\r\n",
    "STARTTLS",
    "AUTH PLAIN LOGIN",
    "SIZE",
];

pub static SMTP_REPLY: Target = Target {
    name: "smtp_reply",
    run: run_replies,
    seeds: || {
        texts(&[
            "220 relay.example ESMTP\r\n250-relay.example\r\n250-SIZE 10240000\r\n250-AUTH PLAIN LOGIN\r\n250-DSN\r\n250 STARTTLS\r\n",
            "550 5.1.1 no such user\r\n",
            "250\r\n251 later\n",
            "250-a\r\n251 b\r\n",
        ])
    },
    words: WORDS,
    memory: MEMORY,
    input_bytes_max: 16_000,
};

/// However the bytes are cut, the replies are the same.
fn run_replies(input: &[u8]) {
    let whole = replies([input]);
    let cut = replies(input.chunks(1 + input.len() / 3));
    assert_eq!(whole, cut);
}

/// How many replies came, how they were shown, and whether an error ended them.
fn replies<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (usize, usize, bool) {
    let mut reader = ReplyReader::default();
    let (mut count, mut shown) = (0, 0);
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next_reply() {
                Ok(Some(reply)) => {
                    count += 1;
                    shown += reply.to_string().chars().count() + reply.status().len();
                    assert!(reply.lines.len() <= REPLY_LINES_MAX && (200..600).contains(&reply.code));
                    let longest = reply.lines.iter().map(|line| line.chars().count()).max();
                    assert!(longest.is_some_and(|longest| longest <= REPLY_LINE_BYTES_MAX));
                    let _any = Capabilities::of(&reply).login("user", "password");
                }
                Ok(None) => break,
                Err(_) => return (count, shown, true),
            }
        }
    }
    (count, shown, false)
}

pub static SMTP_SESSION: Target = Target {
    name: "smtp_session",
    run: run_session,
    seeds: session_seeds,
    words: WORDS,
    memory: MEMORY,
    input_bytes_max: 8_000,
};

/// Whatever a relay says and whenever: a mail counts as taken only after its end was handed to the socket, it is told of once,
/// and nothing is told after the end of the session.
fn run_session(input: &[u8]) {
    let mut input = Input::new(input);
    let mut now = Monotonic(Duration::ZERO);
    let capabilities = Capabilities {
        size: input.byte().is_multiple_of(2),
        dsn: true,
        ..Capabilities::default()
    };
    let mut session = MailSession::new(capabilities, Duration::from_secs(60), now);
    let (mut token, mut ended, mut over) = (0, false, false);
    while !input.is_empty() {
        let mut events = Vec::new();
        match input.byte() % 8 {
            0 if session.submit(mail(token + 1), now).is_ok() => (token, ended) = (token + 1, false),
            0 | 1 => session.quit(now, &mut events),
            2 => {
                now = now + Duration::from_secs(input.byte().into());
                session.tick(now, &mut events);
            }
            3 | 4 => {
                let piece = session.take_output(now);
                ended |= piece.is_some_and(|piece| piece.ends_with(b"\r\n.\r\n"));
            }
            _ => session.receive(input.chunk(), now, &mut events),
        }
        for event in events {
            assert!(!over, "nothing happens after the end: {event:?}");
            match event {
                MailEvent::Accepted { token: taken } => assert!(ended && taken == token),
                MailEvent::Refused { token: refused, .. } => assert_eq!(refused, token),
                MailEvent::Closed(_) => over = true,
            }
        }
        assert!(session.open().is_none_or(|open| open.token == token));
    }
}

fn mail(token: u64) -> Outgoing {
    Outgoing {
        token,
        from: "b+x@bounce.example".to_owned(),
        to: "p@home.example".to_owned(),
        content: Bytes::from_static(b"Subject: x\r\n\r\n.\r\ntext\r\n"),
        reports: true,
    }
}

/// Two mails as they go well, one that is refused, and one whose relay leaves.
fn session_seeds() -> Vec<Vec<u8>> {
    let dialogue = |replies: &[&str]| {
        let say = |reply: &&str| [&[3, 3, 5], &chunk(reply.as_bytes())[..]].concat();
        let one = [&[0], &replies.iter().flat_map(say).collect::<Vec<_>>()[..]].concat();
        [&[0], &one[..], &one, &[1, 3, 2, 70]].concat()
    };
    vec![
        dialogue(&["250 ok\r\n", "250 ok\r\n", "354 go on\r\n", "250 queued\r\n"]),
        dialogue(&["250 ok\r\n", "550 5.1.1 nobody\r\n", "250 reset\r\n"]),
        dialogue(&["250 ok\r\n", "250 ok\r\n", "354 go on\r\n", "421 busy\r\n"]),
    ]
}
