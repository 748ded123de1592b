//! From a mail's content to the message on the wire (RFC 5322, RFC 2045).

use super::return_path::{ReturnPath, ReturnPaths};
use super::session::Outgoing;
use carillon_domain::catalog::{MailSettings, is_mail_address};
use carillon_domain::content::{Attachment, FileHash, MailContent};
use carillon_domain::time::UnixMs;
use carillon_storage::files::{Files, FilesError};
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{self, Body, Mailbox, Message, MultiPart, SinglePart};
use std::io::{self, Read};
use std::time::{Duration, UNIX_EPOCH};

/// All attachments of one mail together; intake refuses more.
const ATTACHMENTS_BYTES_MAX: u64 = 16 << 20;

/// Everything one mail is made of, taken from its row. No `Debug`: it holds texts and addresses (PII-1).
#[derive(Clone)]
pub struct Letter {
    pub path: ReturnPath,
    pub content: MailContent,
    pub settings: MailSettings,
    pub date: UnixMs,
}

#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    #[error("the {0} is no address")]
    Address(&'static str),
    #[error("there is no file {0}")]
    FileMissing(FileHash),
    #[error("the attachments are longer than {ATTACHMENTS_BYTES_MAX} bytes")]
    TooLong,
    #[error("a file cannot be read")]
    Files(#[from] FilesError),
    #[error("file {file} cannot be read")]
    Read {
        file: FileHash,
        #[source]
        source: io::Error,
    },
    #[error("building it was interrupted")]
    Interrupted,
    #[error("the message cannot be built")]
    Build(#[from] lettre::error::Error),
}

impl ComposeError {
    /// Whether the same mail may be composed another time.
    pub fn is_passing(&self) -> bool {
        matches!(self, ComposeError::Files(_) | ComposeError::Read { .. })
    }

    /// The code the mail is refused with, in a word of our own.
    pub fn code(&self) -> &'static str {
        match self {
            ComposeError::Address(_) => "bad_address",
            ComposeError::FileMissing(_) => "attachment_missing",
            ComposeError::TooLong => "too_long",
            ComposeError::Files(_) | ComposeError::Read { .. } => "attachment_unreadable",
            ComposeError::Interrupted | ComposeError::Build(_) => "unencodable",
        }
    }
}

/// The Message-ID of an attempt: the same in every try, so that a recipient's system knows a doubled mail.
pub fn message_id(path: ReturnPath, sender_host: &str) -> String {
    format!("<{}.{}@{sender_host}>", path.message, path.attempt)
}

/// The host in the sender's address, by which we name ourselves.
pub fn sender_host(settings: &MailSettings) -> &str {
    settings.from.rsplit_once('@').map_or("", |(_, host)| host)
}

/// Builds one mail; reads its attachments, so it blocks.
pub fn compose(
    letter: &Letter,
    token: u64,
    paths: &ReturnPaths,
    files: Option<&dyn Files>,
) -> Result<Outgoing, ComposeError> {
    let Letter {
        content, settings, ..
    } = letter;
    // Checked at intake; a command to the relay is made of it, so it is not taken on trust.
    if !is_mail_address(&content.address) {
        return Err(ComposeError::Address("recipient"));
    }
    let from: Address = settings
        .from
        .parse()
        .map_err(|_| ComposeError::Address("sender"))?;
    let to: Address = content
        .address
        .parse()
        .map_err(|_| ComposeError::Address("recipient"))?;
    let from_name = one_line(&settings.from_name);
    let message = Message::builder()
        .from(Mailbox::new((!from_name.is_empty()).then_some(from_name), from))
        .to(Mailbox::new(None, to))
        .subject(one_line(&content.subject))
        .message_id(Some(message_id(letter.path, sender_host(settings))))
        .date(UNIX_EPOCH + Duration::from_millis(letter.date.0))
        .header(AutoSubmitted);

    let message = if content.attachments.is_empty() {
        match words(content) {
            Words::Plain(part) => message.singlepart(part)?,
            Words::Alternative(parts) => message.multipart(parts)?,
        }
    } else {
        let mixed = MultiPart::mixed();
        let mut parts = match words(content) {
            Words::Plain(part) => mixed.singlepart(part),
            Words::Alternative(parts) => mixed.multipart(parts),
        };
        let mut room = ATTACHMENTS_BYTES_MAX;
        for attachment in &content.attachments {
            let bytes = read(attachment.file, files, &mut room)?;
            parts = parts.singlepart(part_of(attachment, bytes));
        }
        message.multipart(parts)?
    };
    let reports = !settings.return_path_domain.is_empty();
    Ok(Outgoing {
        token,
        from: if reports {
            paths.make(letter.path, &settings.return_path_domain)
        } else {
            settings.from.to_string()
        },
        to: content.address.to_string(),
        content: message.formatted().into(),
        reports,
    })
}

enum Words {
    Plain(SinglePart),
    Alternative(MultiPart),
}

fn words(content: &MailContent) -> Words {
    let text = content.text.to_string();
    match &content.html {
        None => Words::Plain(SinglePart::plain(text)),
        Some(html) => Words::Alternative(MultiPart::alternative_plain_html(text, html.to_string())),
    }
}

fn part_of(attachment: &Attachment, bytes: Vec<u8>) -> SinglePart {
    // Whole messages and multiparts must not be encoded (RFC 2046 §5.2.1); as bytes they arrive as they are.
    let named = attachment.media_type.trim().to_ascii_lowercase();
    let composite = named.starts_with("multipart/") || named.starts_with("message/");
    let kind = Some(named)
        .filter(|_| !composite)
        .and_then(|named| ContentType::parse(&named).ok())
        .unwrap_or_else(|| {
            ContentType::parse("application/octet-stream").expect("a media type of the standard")
        });
    // Left to itself the library puts a file of ASCII lines in as text, whose line ends then change on the way.
    let body =
        Body::new_with_encoding(bytes, ContentTransferEncoding::Base64).expect("Base64 takes any bytes");
    message::Attachment::new(one_line(&attachment.name)).body(body, kind)
}

fn read(file: FileHash, files: Option<&dyn Files>, room: &mut u64) -> Result<Vec<u8>, ComposeError> {
    let Some(reader) = files.map(|files| files.open(file)).transpose()?.flatten() else {
        return Err(ComposeError::FileMissing(file));
    };
    let mut bytes = Vec::new();
    reader
        .take(*room + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| ComposeError::Read { file, source })?;
    *room = room
        .checked_sub(bytes.len() as u64)
        .ok_or(ComposeError::TooLong)?;
    Ok(bytes)
}

/// A text for a header: without anything that could begin another one.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// `Auto-Submitted: auto-generated` (RFC 3834 §5): out-of-office replies are not wanted.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use carillon_domain::catalog::MailSecurity;
    use carillon_domain::ids::{ConnectionId, MessageId};
    use mail_parser::{MessageParser, MimeHeaders};
    use proptest::prelude::*;

    fn letter() -> Letter {
        Letter {
            path: ReturnPath {
                message: MessageId(7 << 22),
                attempt: 1,
                connection: ConnectionId(3),
            },
            content: MailContent {
                address: "patient@home.example".into(),
                subject: "检查报告已出".into(),
                text: "您的报告已出。\n.\n第二行".into(),
                html: None,
                template: None,
                attachments: vec![],
            },
            settings: MailSettings {
                security: MailSecurity::None,
                from: "notice@hospital.example".into(),
                from_name: "示范医院".into(),
                return_path_domain: "bounce.hospital.example".into(),
                bounce_window_s: 3_600,
                ca_file: None,
            },
            date: UnixMs(1_767_196_800_000),
        }
    }

    fn composed(letter: &Letter) -> Outgoing {
        match compose(letter, 5, &ReturnPaths::new([1; 32]), None) {
            Ok(mail) => mail,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_plain_mail_has_its_headers_and_its_return_path() {
        let letter = letter();
        let mail = composed(&letter);
        let paths = ReturnPaths::new([1; 32]);
        assert_eq!(paths.read(&mail.from), Some(letter.path));
        assert_eq!(
            (mail.to.as_str(), mail.token, mail.reports),
            ("patient@home.example", 5, true)
        );
        assert!(mail.content.is_ascii(), "nothing needs 8BITMIME");
        let message = MessageParser::default().parse(&mail.content).unwrap();
        assert_eq!(message.subject(), Some("检查报告已出"));
        assert_eq!(
            message.body_text(0).unwrap().replace("\r\n", "\n").trim_end(),
            &*letter.content.text
        );
        let from = message.from().unwrap().first().unwrap();
        assert_eq!(
            (from.name(), from.address()),
            (Some("示范医院"), Some("notice@hospital.example"))
        );
        let id = message_id(letter.path, sender_host(&letter.settings));
        assert_eq!(message.message_id(), Some(&id[1..id.len() - 1]));
        assert!(message.date().is_some());
        assert_eq!(
            message.header_raw("Auto-Submitted").map(str::trim),
            Some("auto-generated")
        );
    }

    #[test]
    fn html_stands_beside_the_text() {
        let mut letter = letter();
        letter.content.html = Some("<p>您的报告已出</p>".into());
        let mail = composed(&letter);
        let message = MessageParser::default().parse(&mail.content).unwrap();
        assert_eq!(message.body_html(0).unwrap().trim_end(), "<p>您的报告已出</p>");
        assert!(message.body_text(0).unwrap().contains("第二行"));
        assert!(message.content_type().unwrap().subtype() == Some("alternative"));
    }

    #[test]
    fn without_a_return_path_the_sender_is_the_envelopes() {
        let mut letter = letter();
        letter.settings.return_path_domain = "".into();
        letter.settings.from_name = "".into();
        let mail = composed(&letter);
        assert_eq!(
            (mail.from.as_str(), mail.reports),
            ("notice@hospital.example", false)
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let mut injected = letter();
        injected.content.address = "a@b\r\nRCPT TO:<x@y>".into();
        let mut missing = letter();
        missing.content.attachments = vec![Attachment {
            name: "x".into(),
            media_type: "application/pdf".into(),
            file: FileHash([1; 32]),
        }];
        for (letter, code) in [(injected, "bad_address"), (missing, "attachment_missing")] {
            let error = compose(&letter, 5, &ReturnPaths::new([1; 32]), None)
                .err()
                .unwrap();
            assert_eq!((error.code(), error.is_passing()), (code, false));
        }
    }

    proptest! {
        /// Files go byte for byte, whatever they hold and are said to be.
        #[test]
        fn no_attachment_is_changed(
            bytes in prop_oneof!["([a-z.]{0,5}(\r\n|\n|\r)){0,9}".prop_map(String::into_bytes), any::<Vec<u8>>()],
            kind in "text/plain|application/pdf|message/rfc822|multipart/mixed|x|[a-z]/[a-z]; ?[a-z]=(\\PC|[\r\n\"]){0,20}",
            name in "(\\PC|[\r\n\"\\\\;:]){0,60}",
        ) {
            let attachment = Attachment { name: name.into(), media_type: kind.into(), file: FileHash([1; 32]) };
            let part = String::from_utf8(part_of(&attachment, bytes.clone()).formatted()).unwrap();
            let (head, body) = part.split_once("\r\n\r\n").unwrap();
            prop_assert!(head.contains("Content-Transfer-Encoding: base64"));
            for line in head.split("\r\n") {
                prop_assert!(line.starts_with([' ', '\t']) || line.starts_with("Content-"), "{line:?}");
                prop_assert!(!line.contains(['\r', '\n']), "{line:?}");
            }
            prop_assert_eq!(STANDARD.decode(body.replace("\r\n", "")), Ok(bytes));
        }

        /// Whatever stands in subject and name, no header begins in it.
        #[test]
        fn no_header_is_injected(subject in "(\\PC|[\r\n:]){0,40}|.{0,10}\r\nBcc: x@y.example\r\n.{0,10}", name in "(\\PC|[\r\n]){0,20}") {
            let mut letter = letter();
            letter.content.subject = subject.into();
            letter.settings.from_name = name.into();
            let mail = composed(&letter);
            let text = std::str::from_utf8(&mail.content).unwrap();
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
                let name = line.split(':').next().unwrap();
                prop_assert!(
                    ["From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"].contains(&name),
                    "{line:?}"
                );
            }
            prop_assert!(!head.replace("\r\n", "").contains(['\r', '\n']));
        }
    }
}
