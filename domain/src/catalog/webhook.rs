use super::Secret;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Where an account's events are pushed to, signed (Standard Webhooks).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// `http://` or `https://`, at most [`URL_BYTES_MAX`] bytes, without user name and fragment.
    pub url: CompactString,
    /// Signs what is pushed. Encrypted at rest, never logged or shown.
    pub secret: Secret,
    /// At least one, each once.
    pub events: Vec<WebhookEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEvent {
    /// Final states and amended ones.
    Receipts,
    /// What people answer.
    Replies,
}

/// The longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 2048;

/// Whether a webhook can be called at the address: `http` or `https`, a host, an optional port, an optional path and query.
pub fn is_webhook_url(text: &str) -> bool {
    let Some(rest) = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
    else {
        return false;
    };
    let sound = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte);
    if text.len() > URL_BYTES_MAX || !text.bytes().all(sound) {
        return false;
    }
    let authority = rest.find(['/', '?']).map_or(rest, |end| &rest[..end]);
    is_authority(authority)
}

/// A host and an optional port (RFC 3986 §3.2), without user information.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((inside, port)) if inside.parse::<std::net::Ipv6Addr>().is_ok() => (None, port),
            _ => return false,
        },
        None => {
            let end = text.find(':').unwrap_or(text.len());
            (Some(&text[..end]), &text[end..])
        }
    };
    host.is_none_or(super::is_host_name) && (port.is_empty() || is_port(port))
}

/// `:` and a port.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or_default();
    digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let long = format!("https://host/{}", "a".repeat(URL_BYTES_MAX));
        let cases = [
            ("https://his.hospital.example/carillon?from=1", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080/x", true),
            ("https://host", true),
            ("", false),
            ("ftp://host/", false),
            ("https://", false),
            ("https:///path", false),
            ("https://:443/", false),
            ("https://user:word@host/", false),
            ("https://user@host/", false),
            ("https://host:0/", false),
            ("https://host:65536/", false),
            ("https://host:+80/", false),
            ("https://host:/", false),
            ("https://host\\@other/", false),
            ("https://host/#part", false),
            ("https://host/a b", false),
            ("https://host/\r\nX: y", false),
            ("https://[::1/", false),
            ("https://[::1]x/", false),
            ("https://主机.example/", false),
            (&long, false),
        ];
        for (text, sound) in cases {
            assert_eq!(is_webhook_url(text), sound, "{text:?}");
        }
    }
}
