//! The address a bounce comes back to: it names the attempt, and nobody else can make one (CH-MAIL).

use carillon_domain::fact::SegmentKey;
use carillon_domain::ids::{ConnectionId, MessageId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// Bytes of the installation's key.
pub const RETURN_PATH_KEY_BYTES: usize = 32;

const MAC_BYTES: usize = 8;
/// Crockford's base 32, as message ids are written in; addresses do not keep upper and lower case apart.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes and reads return paths: `b+<message>.<attempt>.<connection>.<mac>@domain`.
///
/// The MAC is the first 64 bits of HMAC-SHA256 under a key of the installation, so that a bounce cannot be forged for a
/// message whose id somebody knows.
#[derive(Clone)]
pub struct ReturnPaths {
    key: [u8; RETURN_PATH_KEY_BYTES],
}

/// The attempt a return path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReturnPath {
    pub message: MessageId,
    pub attempt: u8,
    pub connection: ConnectionId,
}

impl ReturnPath {
    /// A mail is one segment.
    pub fn segment(self) -> SegmentKey {
        SegmentKey {
            message: self.message,
            attempt: self.attempt,
            segment: 0,
        }
    }
}

impl ReturnPaths {
    pub fn new(key: [u8; RETURN_PATH_KEY_BYTES]) -> Self {
        ReturnPaths { key }
    }

    pub fn make(&self, path: ReturnPath, domain: &str) -> String {
        format!("{}@{domain}", self.local_part(path))
    }

    /// Reads an address without angle brackets, in whatever case; `None` for one that was not made with this key.
    pub fn read(&self, address: &str) -> Option<ReturnPath> {
        let (local, domain) = address.rsplit_once('@')?;
        if domain.is_empty() || !local.is_ascii() {
            return None;
        }
        let local = local.to_ascii_lowercase();
        let mut parts = local.strip_prefix("b+")?.split('.');
        let message = format!("{}{}", MessageId::PREFIX, parts.next()?).parse().ok()?;
        let attempt = parts.next()?.parse().ok()?;
        let connection = ConnectionId(parts.next()?.parse().ok()?);
        let path = ReturnPath {
            message,
            attempt,
            connection,
        };
        // Compared as a whole, so that every path has one spelling; without a hint where it differs.
        let expected = self.local_part(path);
        let same = expected.len() == local.len()
            && expected
                .bytes()
                .zip(local.bytes())
                .fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs))
                == 0;
        same.then_some(path)
    }

    fn local_part(&self, path: ReturnPath) -> String {
        let message = path.message.to_string();
        let named = format!(
            "{}.{}.{}",
            message.trim_start_matches(MessageId::PREFIX),
            path.attempt,
            path.connection
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(named.as_bytes());
        let mac = mac.finalize().into_bytes();
        format!("b+{named}.{}", base32(&mac[..MAC_BYTES]))
    }
}

/// Shows nothing of the key.
impl fmt::Debug for ReturnPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReturnPaths")
    }
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(DIGITS[(bits >> held) as usize & 31]));
        }
    }
    if held > 0 {
        text.push(char::from(DIGITS[(bits << (5 - held)) as usize & 31]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATH: ReturnPath = ReturnPath {
        message: MessageId(0x0123_4567_89ab_cdef),
        attempt: 1,
        connection: ConnectionId(7),
    };

    #[test]
    fn a_path_is_read_in_any_case_and_only_with_its_key() {
        let paths = ReturnPaths::new([1; 32]);
        let address = paths.make(PATH, "bounce.example");
        assert!(address.len() < 64, "{address}");
        assert_eq!(paths.read(&address), Some(PATH));
        assert_eq!(paths.read(&address.to_ascii_uppercase()), Some(PATH));
        assert_eq!(ReturnPaths::new([2; 32]).read(&address), None);
        let other = ReturnPath { attempt: 2, ..PATH };
        assert_ne!(
            paths.make(other, "x").split('.').next_back(),
            paths.make(PATH, "x").split('.').next_back()
        );
    }

    #[test]
    fn base32_as_message_ids_write_it() {
        assert_eq!(base32(&[0; 8]), "0000000000000");
        assert_eq!(base32(&[0xff; 5]), "zzzzzzzz");
        assert_eq!(base32(&[0b0000_1000]), "10");
    }

    proptest! {
        #[test]
        fn every_path_comes_back(message: u64, attempt: u8, connection: u16) {
            let paths = ReturnPaths::new([9; 32]);
            let path = ReturnPath { message: MessageId(message), attempt, connection: ConnectionId(connection) };
            prop_assert_eq!(paths.read(&paths.make(path, "d.example")), Some(path));
        }

        /// One wrong character anywhere, or any foreign text, is no path.
        #[test]
        fn what_was_changed_is_refused(at in 0usize..60, with in "[0-9a-z.+]", text in "\\PC{0,40}@?\\PC{0,10}|b\\+[0-9a-z.]{0,40}@x") {
            let paths = ReturnPaths::new([9; 32]);
            let address = paths.make(PATH, "d");
            let local = address.len() - 2;
            let at = at % local;
            let changed = format!("{}{with}{}", &address[..at], &address[at + 1..]);
            prop_assume!(changed != address);
            prop_assert_eq!(paths.read(&changed), None);
            prop_assert_eq!(paths.read(&text), None);
        }
    }
}
