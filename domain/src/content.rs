//! What is sent: the content of one attempt, whole as the channel shows it.

use crate::ids::TemplateId;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The content of one attempt. Variables are filled in; texts hold signature and tail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// A short message.
    Text(TextContent),
    Mail(Box<MailContent>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextContent {
    pub text: Box<str>,
    pub template: Option<TemplateId>,
    /// Digits appended to the connection's access number.
    pub extension: CompactString,
}

/// An e-mail to one address (CH-MAIL). One recipient a transaction, so that a bounce is known by its return path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MailContent {
    /// `name@host`, as given.
    pub address: CompactString,
    pub subject: Box<str>,
    /// The plain text, always there: what a reader without HTML shows.
    pub text: Box<str>,
    pub html: Option<Box<str>>,
    pub template: Option<TemplateId>,
    pub attachments: Vec<Attachment>,
}

/// A file that goes with a mail. Its bytes lie in the file store, synced before the message is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// As the reader of the mail sees it.
    pub name: CompactString,
    /// e.g. `application/pdf`.
    pub media_type: CompactString,
    pub file: FileHash,
}

/// SHA-256 of a stored file, by which it is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileHash(pub [u8; 32]);

impl Content {
    /// A short message without template and extension.
    pub fn of_text(text: impl Into<Box<str>>) -> Self {
        Content::Text(TextContent {
            text: text.into(),
            template: None,
            extension: CompactString::default(),
        })
    }

    /// What a person reads first: the text of a short message, the subject of a mail.
    pub fn headline(&self) -> &str {
        match self {
            Content::Text(content) => &content.text,
            Content::Mail(content) => &content.subject,
        }
    }

    pub fn template(&self) -> Option<TemplateId> {
        match self {
            Content::Text(content) => content.template,
            Content::Mail(content) => content.template,
        }
    }

    /// The short message's text; `None` for others.
    pub fn text(&self) -> Option<&str> {
        match self {
            Content::Text(content) => Some(&content.text),
            Content::Mail(_) => None,
        }
    }

    /// The mail; `None` for others.
    pub fn mail(&self) -> Option<&MailContent> {
        match self {
            Content::Text(_) => None,
            Content::Mail(content) => Some(content),
        }
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a file: expected 64 hexadecimal digits")]
pub struct InvalidFileHash;

impl std::str::FromStr for FileHash {
    type Err = InvalidFileHash;

    fn from_str(text: &str) -> Result<Self, InvalidFileHash> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(InvalidFileHash);
        }
        let digit = |digit: u8| (digit as char).to_digit(16).ok_or(InvalidFileHash);
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
        }
        Ok(FileHash(hash))
    }
}

/// `z***@example.org`: the first character and the domain (PII-1).
pub fn masked_address(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}***@{domain}")
        }
        None => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_hash() {
        let hash = FileHash(std::array::from_fn(|index| (index * 7) as u8));
        let text = hash.to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse(), Ok(hash));
        for wrong in [
            "",
            "00",
            &text[1..],
            &text.replace('0', "g"),
            "../../../../etc/passwd",
        ] {
            assert_eq!(wrong.parse::<FileHash>(), Err(InvalidFileHash), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_masked() {
        for (address, masked) in [
            ("zhang.san@example.org", "z***@example.org"),
            ("@example.org", "***@example.org"),
            ("\"a@b\"@example.org", "\"***@example.org"),
            ("nothing", "***"),
        ] {
            assert_eq!(masked_address(address), masked);
        }
    }
}
