use super::{Coding, gsm7};
use std::ops::Deref;

/// The encoded bytes of one segment, without header. Held in place: encoding a segment allocates nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    octets: [u8; Payload::BYTES_MAX],
    length: usize,
}

impl Payload {
    /// 160 septets, one per octet; UCS-2 needs at most 140.
    pub const BYTES_MAX: usize = 160;

    /// `text` must be what [`super::split`] gave.
    pub(super) fn encode(text: &str, coding: Coding) -> Payload {
        let mut octets = [0; Payload::BYTES_MAX];
        let length = match coding {
            Coding::Gsm7 => gsm7::write(text, &mut octets),
            Coding::Ucs2 => write_utf16(text, &mut octets),
        };
        Payload { octets, length }
    }
}

fn write_utf16(text: &str, octets: &mut [u8]) -> usize {
    let mut length = 0;
    for unit in text.encode_utf16() {
        octets[length..length + 2].copy_from_slice(&unit.to_be_bytes());
        length += 2;
    }
    length
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

/// Shows the length only (PII-1).
impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payload({} bytes)", self.length)
    }
}
