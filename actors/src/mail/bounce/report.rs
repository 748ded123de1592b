//! What a mail says that came to a return path: a delivery status notification (RFC 3464), or something else.

use carillon_domain::catalog::MAIL_ADDRESS_BYTES_MAX;
use carillon_domain::fact::{ReceiptOutcome, StatusCode};
use compact_str::{CompactString, ToCompactString};
use mail_parser::{Message, MessageParser, MimeHeaders};

/// Recipients of one notification that are looked at; a mail of ours has one.
const RECIPIENTS_MAX: usize = 64;
/// Status of a bounce that says nothing more (RFC 3463 §3.1, "other undefined status").
const FAILED_SOMEHOW: &str = "5.0.0";

/// What became of a mail, by somebody's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub outcome: ReceiptOutcome,
    /// The enhanced code (RFC 3463), e.g. `5.1.1`; the word of the action where there is none.
    pub status: StatusCode,
    /// The code the last server answered with, e.g. `550`; empty when it is not told.
    pub diagnostic: StatusCode,
    /// To whom, as the report says; empty when it does not.
    pub recipient: CompactString,
}

/// Reads a mail to a return path.
///
/// A notification is taken at its word. What is none counts as a failure when it came without a sender, as a bounce does
/// (RFC 5321 §4.5.5), and is no automatic answer of a person (RFC 3834): somebody who is on holiday has got the mail.
/// Anything else moves nothing.
pub fn read_notice(message: &[u8], without_sender: bool) -> Notice {
    let message = MessageParser::default().parse(message);
    if let Some(notice) = message.as_ref().and_then(delivery_status) {
        return notice;
    }
    let answered = message.as_ref().is_some_and(is_automatic_answer);
    let failed = without_sender && !answered;
    Notice {
        outcome: if failed {
            ReceiptOutcome::Failed
        } else {
            ReceiptOutcome::Pending
        },
        status: if failed { FAILED_SOMEHOW } else { "reply" }.into(),
        diagnostic: StatusCode::default(),
        recipient: CompactString::default(),
    }
}

fn is_automatic_answer(message: &Message<'_>) -> bool {
    let says = |name: &str, word: &str| {
        message
            .header_raw(name)
            .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with(word))
    };
    says("Auto-Submitted", "auto-replied") || says("X-Autoreply", "yes") || says("Precedence", "auto_reply")
}

fn delivery_status(message: &Message<'_>) -> Option<Notice> {
    let status = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|kind| {
            kind.ctype().eq_ignore_ascii_case("message")
                && kind
                    .subtype()
                    .is_some_and(|subtype| subtype.eq_ignore_ascii_case("delivery-status"))
        })
    })?;
    let text = String::from_utf8_lossy(status.contents());
    let notices = groups(&text)
        .take(RECIPIENTS_MAX)
        .filter_map(|group| of_recipient(&group));
    // An alias may have been several people's; that one of them did not get it must not be lost.
    notices.max_by_key(|notice| match notice.outcome {
        ReceiptOutcome::Failed => 3,
        ReceiptOutcome::Expired => 2,
        ReceiptOutcome::Delivered => 1,
        ReceiptOutcome::Pending => 0,
    })
}

/// The fields of each group: first those of the whole message, then those of each recipient (RFC 3464 §2.1).
fn groups(text: &str) -> impl Iterator<Item = Vec<(&str, &str)>> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let first = lines.by_ref().find(|line| !line.trim().is_empty())?;
        let rest = lines.by_ref().take_while(|line| !line.trim().is_empty());
        // A continued line adds nothing that is looked at.
        let fields = std::iter::once(first).chain(rest);
        Some(
            fields
                .filter(|line| !line.starts_with([' ', '\t']))
                .filter_map(|line| line.split_once(':'))
                .collect(),
        )
    })
}

/// RFC 3464 §2.3; `None` for a group that tells no action.
fn of_recipient(fields: &[(&str, &str)]) -> Option<Notice> {
    let field = |name: &str| {
        fields
            .iter()
            .find(|(field, _)| field.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    let action = field("Action")?
        .split([' ', '(', ';'])
        .next()?
        .to_ascii_lowercase();
    let outcome = match action.as_str() {
        "failed" => ReceiptOutcome::Failed,
        // Relayed to where nobody reports: nothing more will come.
        "delivered" | "relayed" | "expanded" => ReceiptOutcome::Delivered,
        _ => ReceiptOutcome::Pending,
    };
    let status = field("Status")
        .and_then(|status| status.split([' ', '(']).next())
        .filter(|status| is_enhanced(status))
        .map_or_else(|| of_action(outcome).into(), StatusCode::from);
    let diagnostic = field("Diagnostic-Code")
        .and_then(|text| text.split_once(';'))
        .and_then(|(_, text)| text.trim().get(..3))
        .filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
        .map(StatusCode::from)
        .unwrap_or_default();
    let recipient = field("Original-Recipient")
        .or_else(|| field("Final-Recipient"))
        .and_then(|text| text.split_once(';'))
        .map(|(_, address)| address.trim())
        .filter(|address| {
            address.len() <= MAIL_ADDRESS_BYTES_MAX && !address.contains(|c: char| c.is_control())
        })
        .map(|address| address.to_compact_string())
        .unwrap_or_default();
    Some(Notice {
        outcome,
        status,
        diagnostic,
        recipient,
    })
}

fn of_action(outcome: ReceiptOutcome) -> &'static str {
    match outcome {
        ReceiptOutcome::Delivered => "2.0.0",
        ReceiptOutcome::Pending => "4.0.0",
        ReceiptOutcome::Failed | ReceiptOutcome::Expired => FAILED_SOMEHOW,
    }
}

/// `class.subject.detail` (RFC 3463 §2).
fn is_enhanced(text: &str) -> bool {
    let mut parts = text.split('.');
    let number = |part: Option<&str>, digits_max| {
        part.is_some_and(|part| {
            (1..=digits_max).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    number(parts.next(), 1) && number(parts.next(), 3) && number(parts.next(), 3) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn notification(fields: &str) -> String {
        format!(
            "From: MAILER-DAEMON@relay.example\r\nTo: b+x@bounce.example\r\nSubject: Undelivered\r\n\
             Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\r\n\r\n\
             --B\r\nContent-Type: text/plain\r\n\r\nIt did not go.\r\n\
             --B\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; relay.example\r\n\r\n{fields}\r\n\
             --B\r\nContent-Type: message/rfc822\r\n\r\nSubject: original\r\n\r\ntext\r\n--B--\r\n"
        )
    }

    #[test]
    fn notifications() {
        use ReceiptOutcome::*;
        let cases = [
            (
                "Final-Recipient: rfc822; p@home.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown\r\n user\r\n",
                (Failed, "5.1.1", "550", "p@home.example"),
            ),
            (
                "Final-Recipient: rfc822;p@home.example\r\nAction: delayed\r\nStatus: 4.4.1 (no answer)\r\n",
                (Pending, "4.4.1", "", "p@home.example"),
            ),
            (
                "Action: Delivered\r\nStatus: 2.1.5\r\n",
                (Delivered, "2.1.5", "", ""),
            ),
            ("action: relayed\r\n", (Delivered, "2.0.0", "", "")),
            (
                "Action: failed\r\nStatus: nonsense\r\n",
                (Failed, "5.0.0", "", ""),
            ),
            (
                "Action: vanished\r\nStatus: 5.1.1\r\n",
                (Pending, "5.1.1", "", ""),
            ),
            (
                "Action: delivered\r\nStatus: 2.0.0\r\n\r\nAction: failed\r\nStatus: 5.2.2\r\n",
                (Failed, "5.2.2", "", ""),
            ),
        ];
        for (fields, (outcome, status, diagnostic, recipient)) in cases {
            let notice = read_notice(notification(fields).as_bytes(), true);
            let expected = Notice {
                outcome,
                status: status.into(),
                diagnostic: diagnostic.into(),
                recipient: recipient.into(),
            };
            assert_eq!(notice, expected, "{fields}");
        }
    }

    /// Of a mail that was given back whole only the beginning is here.
    #[test]
    fn a_notification_without_its_end() {
        let whole = notification("Action: failed\r\nStatus: 5.2.2\r\n");
        let cut = whole.find("original").unwrap();
        assert_eq!(
            read_notice(&whole.as_bytes()[..cut], true).status.as_str(),
            "5.2.2"
        );
    }

    #[test]
    fn what_is_no_notification() {
        use ReceiptOutcome::*;
        let cases = [
            ("Subject: failure notice\r\n\r\nSorry.\r\n", true, Failed, "5.0.0"),
            ("Subject: hello\r\n\r\nThank you!\r\n", false, Pending, "reply"),
            (
                "Auto-Submitted: auto-replied\r\nSubject: on holiday\r\n\r\nUntil May.\r\n",
                true,
                Pending,
                "reply",
            ),
            ("", true, Failed, "5.0.0"),
            ("\u{0}\u{1}", false, Pending, "reply"),
        ];
        for (message, without_sender, outcome, status) in cases {
            let notice = read_notice(message.as_bytes(), without_sender);
            assert_eq!(
                (notice.outcome, notice.status.as_str()),
                (outcome, status),
                "{message}"
            );
        }
    }

    proptest! {
        /// Hostile reports are read within limits, and nothing but the word says that a mail was delivered.
        #[test]
        fn any_report_is_answered(fields in "([A-Za-z-]{0,12}[:;.0-9 ]{0,6}\\PC{0,20}\r\n){0,8}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let notice = read_notice(notification(&fields).as_bytes(), true);
            prop_assert!(notice.status.len() <= 9 && notice.diagnostic.len() <= 3 && notice.recipient.len() <= MAIL_ADDRESS_BYTES_MAX);
            prop_assert!(notice.outcome != ReceiptOutcome::Delivered || fields.to_ascii_lowercase().contains("action"));
            let notice = read_notice(&bytes, false);
            prop_assert_eq!(notice.outcome, ReceiptOutcome::Pending);
        }
    }
}
