use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// What an SMTP relay needs beyond a carrier's account (CH-MAIL).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSettings {
    pub security: MailSecurity,
    /// The sender's address, `name@host`.
    pub from: CompactString,
    /// Shown beside the address; may be empty.
    pub from_name: CompactString,
    /// Bounces come back to an address of this domain that names the message (VERP). Empty: `from` is the envelope's sender
    /// too, and bounces find no message.
    pub return_path_domain: CompactString,
    /// Seconds a bounce is waited for before a mail counts as Sent, 60…604,800.
    pub bounce_window_s: u32,
    /// A PEM file of the certificates that are trusted instead of the system's.
    pub ca_file: Option<CompactString>,
}

/// How the connection to a relay is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// In the clear (port 25).
    None,
    /// Plain at first, then TLS, which the relay must offer (RFC 3207; port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314 §3; port 465).
    Tls,
}

/// The longest address, in bytes (RFC 5321 §4.5.3.1.3 without the angle brackets).
pub const MAIL_ADDRESS_BYTES_MAX: usize = 254;
const LOCAL_PART_BYTES_MAX: usize = 64;
const LABEL_BYTES_MAX: usize = 63;

/// Whether the text is an address `name@host` in ASCII, unquoted (RFC 5321 §4.1.2, Dot-string and Domain).
pub fn is_mail_address(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    text.len() <= MAIL_ADDRESS_BYTES_MAX
        && local.len() <= LOCAL_PART_BYTES_MAX
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
        && is_host_name(host)
}

/// Whether the text is the name of a host: labels of letters, digits and hyphens between dots (RFC 1123 §2.1).
pub fn is_host_name(text: &str) -> bool {
    text.split('.').all(|label| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

/// RFC 5322 §3.2.3, atext.
fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let long_local = format!("{}@a.example", "a".repeat(65));
        let long = format!("a@{}example", "a23456789.".repeat(25));
        let cases = [
            ("a@b", true),
            ("first.last+tag@mail-1.hospital.example", true),
            ("o'neil@host.example", true),
            ("", false),
            ("@host", false),
            ("a@", false),
            ("a.example", false),
            ("a@b@c", false),
            ("a b@host", false),
            ("a..b@host", false),
            (".a@host", false),
            ("a@host..example", false),
            ("a@-host", false),
            ("a@host-", false),
            ("a@host\r\nRCPT TO:<x@y>", false),
            ("a@host>", false),
            ("姓名@host", false),
            (&long_local, false),
            (&long, false),
        ];
        for (text, sound) in cases {
            assert_eq!(is_mail_address(text), sound, "{text:?}");
        }
    }
}
