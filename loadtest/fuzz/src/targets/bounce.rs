//! Mails to return paths, from anybody: the SMTP of a stranger, and the report in it.

use super::texts;
use crate::input::{Input, chunk};
use crate::{Memory, Target};
use carillon_actors::mail::{BounceSession, ReturnPath, ReturnPaths, read_notice};
use carillon_domain::catalog::MAIL_ADDRESS_BYTES_MAX;
use carillon_domain::fact::ReceiptOutcome;
use carillon_domain::ids::{ConnectionId, MessageId};

const WORDS: &[&str] = &[
    "EHLO x\r\n",
    "MAIL FROM:<>\r\n",
    "RCPT TO:<",
    "DATA\r\n",
    ".\r\n",
    "\r\n",
    "RSET\r\n",
    "QUIT\r\n",
    "BDAT ",
    " SIZE=99999999999",
    "Content-Type: multipart/report; boundary=B\r\n",
    "Content-Type: message/delivery-status\r\n",
    "Content-Type: message/rfc822\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "--B\r\n",
    "--B--\r\n",
    "Action: failed\r\n",
    "Status: 5.1.1\r\n",
    "=?utf-8?B?",
];

pub static BOUNCE_SESSION: Target = Target {
    name: "bounce_session",
    run: run_session,
    seeds: session_seeds,
    words: WORDS,
    // What is kept of a message grows with it; a command of six octets is answered with fifty, once more for each.
    memory: Memory {
        fixed_bytes: 64 * 1024,
        per_input_byte: 128,
    },
    input_bytes_max: 16_000,
};

const PATH: ReturnPath = ReturnPath {
    message: MessageId(1 << 30),
    attempt: 0,
    connection: ConnectionId(1),
};

fn paths() -> ReturnPaths {
    ReturnPaths::new([3; 32])
}

/// A chunk from the peer for each byte that says how what came is answered.
fn run_session(input: &[u8]) {
    let mut input = Input::new(input);
    let mut session = BounceSession::new(paths());
    while !input.is_empty() && !session.is_ended() {
        let durable = input.byte().is_multiple_of(2);
        let mut arrived = session.receive(input.chunk());
        while let Some(mail) = arrived {
            assert!(
                !mail.paths.is_empty() && mail.paths.iter().all(|path| *path == PATH),
                "ours only"
            );
            assert!(!session.is_stranger());
            read_notice(&mail.message, mail.without_sender);
            arrived = session.answer(durable);
        }
        let output = session.take_output();
        assert!(output.is_empty() || output.ends_with(b"\r\n"));
    }
}

fn session_seeds() -> Vec<Vec<u8>> {
    let to = paths().make(PATH, "bounce.example");
    let report = report("Action: failed\r\nStatus: 5.1.1\r\n");
    let dialogue = format!(
        "EHLO relay.example\r\nMAIL FROM:<> SIZE=500\r\nRCPT TO:<{to}>\r\nDATA\r\n{report}.\r\nQUIT\r\n"
    );
    let in_pieces = dialogue
        .as_bytes()
        .chunks(97)
        .flat_map(|piece| [&[1], &chunk(piece)[..]].concat())
        .collect();
    let stranger = "HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<@r.example:postmaster@bounce.example>\r\nDATA\r\nVRFY x\r\n";
    vec![
        [&[0], &chunk(dialogue.as_bytes())[..]].concat(),
        in_pieces,
        [&[0], &chunk(stranger.as_bytes())[..]].concat(),
    ]
}

pub static BOUNCE_REPORT: Target = Target {
    name: "bounce_report",
    run: run_report,
    seeds: || {
        let mut seeds = texts(&[
            "Subject: failure notice\r\n\r\nSorry.\r\n",
            "Auto-Submitted: auto-replied\r\nSubject: =?gbk?B?xOO6ww==?=\r\n\r\nUntil May.\r\n",
        ]);
        seeds.push(
            report(
                "Final-Recipient: rfc822; p@home.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown\r\n user\r\n",
            )
            .into_bytes(),
        );
        seeds
    },
    words: WORDS,
    // The parser keeps parts and headers, which cost most where a mail is in a mail is in a mail.
    memory: Memory {
        fixed_bytes: 256 * 1024,
        per_input_byte: 512,
    },
    input_bytes_max: 16_000,
};

/// A report is taken at its word, within limits; what is none moves nothing unless it came as a bounce does.
fn run_report(input: &[u8]) {
    for without_sender in [false, true] {
        let notice = read_notice(input, without_sender);
        assert!(notice.status.len() <= 9 && notice.diagnostic.len() <= 3);
        assert!(notice.recipient.len() <= MAIL_ADDRESS_BYTES_MAX);
        assert!(!notice.recipient.contains(char::is_control));
        let says_so = notice.outcome == ReceiptOutcome::Pending || without_sender;
        assert!(
            says_so
                || String::from_utf8_lossy(input)
                    .to_ascii_lowercase()
                    .contains("delivery-status")
        );
    }
}

fn report(fields: &str) -> String {
    format!(
        "From: MAILER-DAEMON@relay.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\r\n\r\n\
         --B\r\nContent-Type: text/plain\r\n\r\nIt did not go.\r\n\
         --B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n{fields}\r\n\
         --B\r\nContent-Type: message/rfc822\r\n\r\nSubject: original\r\n\r\ntext\r\n--B--\r\n"
    )
}
