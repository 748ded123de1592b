//! Delivery status notifications (RFC 3464), and their way back to the envelope's sender.

use super::act::ReportKind;
use super::ledger::MailRecord;
use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

const STEP_TIMEOUT: Duration = Duration::from_secs(10);
const LINE_BYTES_MAX: u64 = 4_096;
const LINES_MAX: usize = 100;

/// Why a report was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("the receiver of bounces cannot be reached")]
    Io(#[from] io::Error),
    #[error("the receiver of bounces kept silent for {} s", STEP_TIMEOUT.as_secs())]
    Late,
    #[error("the receiver of bounces answered {command} with {reply}")]
    Refused { command: &'static str, reply: String },
}

impl ReportError {
    /// Trying again may help.
    pub fn is_passing(&self) -> bool {
        !matches!(self, ReportError::Refused { reply, .. } if reply.starts_with('5'))
    }
}

/// The whole notification about one mail, in the form of RFC 5322, without the final dot.
pub(super) fn notification(kind: ReportKind, of: &MailRecord) -> String {
    let (status, words) = match kind {
        ReportKind::Failed => ("5.1.1", "could not be delivered"),
        ReportKind::Delayed => ("4.2.2", "is still on its way"),
        ReportKind::Delivered => ("2.0.0", "was delivered"),
    };
    let MailRecord {
        from, to, message_id, ..
    } = of;
    let mut text = format!(
        "From: <mailer-daemon@sink.example>\r\nTo: <{from}>\r\nSubject: Delivery status\r\n\
         Message-ID: <report-{}-{}@sink.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"report\"\r\n\r\n\
         --report\r\nContent-Type: text/plain\r\n\r\nA mail to {to} {words}.\r\n\
         --report\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; sink.example\r\n\r\nFinal-Recipient: rfc822; {to}\r\nAction: {kind}\r\nStatus: {status}\r\n",
        of.session, of.at_us
    );
    // Writing into a String cannot fail.
    if kind == ReportKind::Failed {
        text.push_str("Diagnostic-Code: smtp; 550 5.1.1 nobody of this name\r\n");
    }
    let _ = write!(
        text,
        "\r\n--report\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\n--report--\r\n"
    );
    text
}

/// Hands a notification over, in a session of its own and without a sender (RFC 5321 §4.5.5).
pub(super) async fn hand_over(
    to: SocketAddr,
    recipient: &str,
    notification: &str,
) -> Result<(), ReportError> {
    let stream = timeout(STEP_TIMEOUT, TcpStream::connect(to)).await;
    let mut stream = BufReader::new(stream.map_err(|_| ReportError::Late)??);
    step(&mut stream, "the greeting", "", '2').await?;
    step(&mut stream, "EHLO", "EHLO sink.example\r\n", '2').await?;
    step(&mut stream, "MAIL", "MAIL FROM:<>\r\n", '2').await?;
    step(&mut stream, "RCPT", &format!("RCPT TO:<{recipient}>\r\n"), '2').await?;
    step(&mut stream, "DATA", "DATA\r\n", '3').await?;
    step(&mut stream, "the content", &format!("{notification}.\r\n"), '2').await?;
    step(&mut stream, "QUIT", "QUIT\r\n", '2').await
}

async fn step(
    stream: &mut BufReader<TcpStream>,
    command: &'static str,
    text: &str,
    wanted: char,
) -> Result<(), ReportError> {
    let exchange = async {
        stream.write_all(text.as_bytes()).await?;
        for _ in 0..LINES_MAX {
            let mut line = String::new();
            (&mut *stream).take(LINE_BYTES_MAX).read_line(&mut line).await?;
            if !line.ends_with('\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_owned());
            }
        }
        Err(io::Error::other("a reply without end"))
    };
    let reply = timeout(STEP_TIMEOUT, exchange)
        .await
        .map_err(|_| ReportError::Late)??;
    if reply.starts_with(wanted) {
        Ok(())
    } else {
        Err(ReportError::Refused { command, reply })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::{MessageParser, MimeHeaders};

    #[test]
    fn a_notification_is_a_report_that_parsers_understand() {
        let record = MailRecord {
            session: 1,
            at_us: 2,
            secured: false,
            from: "b+1.0.1.x@bounce.example".into(),
            to: "a@b.example".into(),
            message_id: "m@x".into(),
            subject: String::new(),
            marker: None,
            bytes: 1,
            answer: Some(250),
            kept: true,
        };
        for (kind, action) in [
            (
                ReportKind::Failed,
                "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550",
            ),
            (ReportKind::Delayed, "Action: delayed\r\nStatus: 4."),
            (ReportKind::Delivered, "Action: delivered\r\nStatus: 2."),
        ] {
            let text = notification(kind, &record);
            assert!(text.lines().all(|line| line != "."), "nothing to stuff");
            let mail = MessageParser::default().parse(text.as_bytes()).expect("a mail");
            assert_eq!(mail.content_type().expect("a type").subtype(), Some("report"));
            let status = mail.parts.iter().find(|part| {
                part.content_type()
                    .is_some_and(|kind| kind.subtype() == Some("delivery-status"))
            });
            let status = String::from_utf8_lossy(status.expect("a status").contents()).into_owned();
            assert!(status.contains(action), "{status}");
            assert!(
                status.contains("Final-Recipient: rfc822; a@b.example"),
                "{status}"
            );
        }
    }
}
