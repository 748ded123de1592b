//! The user data header of concatenated messages (GSM 03.40 §9.2.3.24.1 and §9.2.3.24.8).
//!
//! | octets | 8-bit reference | 16-bit reference |
//! |---|---|---|
//! | length of the header after this octet | `05` | `06` |
//! | information element | `00` | `08` |
//! | its length | `03` | `04` |
//! | reference | 1 | 2 |
//! | segments in total, number of this one from 1 | 1, 1 | 1, 1 |

use crate::error::EncodeError;
use bytes::{BufMut, BytesMut};

/// Where a segment stands in a long message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concatenation {
    /// Shared by the segments of one message; only the low 8 bits count unless `wide`.
    pub reference: u16,
    /// A 16-bit reference: a header of 7 octets instead of 6.
    pub wide: bool,
    pub total: u8,
    /// Counts from 1.
    pub number: u8,
}

impl Concatenation {
    /// Octets of the header including its length octet.
    pub fn header_length(self) -> usize {
        if self.wide { 7 } else { 6 }
    }

    /// Whether the numbers are possible: `1 ≤ number ≤ total`.
    pub fn is_valid(self) -> bool {
        (1..=self.total).contains(&self.number)
    }

    pub fn encode(self, out: &mut BytesMut) {
        if self.wide {
            out.put_slice(&[6, WIDE, 4]);
            out.put_u16(self.reference);
        } else {
            out.put_slice(&[5, NARROW, 3, self.reference as u8]);
        }
        out.put_slice(&[self.total, self.number]);
    }
}

/// A payload without its user data header, and what the header said. Elements of another kind (ports, …) go with the header.
/// A header that does not fit into the payload is none: the payload stays whole.
pub fn split(payload: &[u8]) -> (Option<Concatenation>, &[u8]) {
    let Some((&length, rest)) = payload.split_first() else {
        return (None, payload);
    };
    let Some((mut elements, text)) = rest.split_at_checked(length as usize) else {
        return (None, payload);
    };
    let mut concatenation = None;
    while let [kind, length, rest @ ..] = elements {
        let Some((value, rest)) = rest.split_at_checked(*length as usize) else {
            break;
        };
        // GSM 03.40 §9.2.3.24: of an element that comes twice, the last counts.
        concatenation = element(*kind, value).or(concatenation);
        elements = rest;
    }
    (concatenation, text)
}

/// A payload with its user data header, if it has one; joined in `scratch` only then.
pub(crate) fn join<'a>(
    concatenation: Option<Concatenation>,
    payload: &'a [u8],
    scratch: &'a mut BytesMut,
) -> Result<&'a [u8], EncodeError> {
    let Some(concatenation) = concatenation else {
        return Ok(payload);
    };
    if !concatenation.is_valid() {
        return Err(EncodeError::unsupported("concatenation"));
    }
    scratch.clear();
    concatenation.encode(scratch);
    scratch.extend_from_slice(payload);
    Ok(scratch)
}

const NARROW: u8 = 0x00;
const WIDE: u8 = 0x08;

fn element(kind: u8, value: &[u8]) -> Option<Concatenation> {
    let concatenation = match (kind, value) {
        (NARROW, &[reference, total, number]) => Concatenation {
            reference: reference.into(),
            wide: false,
            total,
            number,
        },
        (WIDE, &[high, low, total, number]) => Concatenation {
            reference: u16::from_be_bytes([high, low]),
            wide: true,
            total,
            number,
        },
        _ => return None,
    };
    concatenation.is_valid().then_some(concatenation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_as_in_the_specification() {
        let narrow = Concatenation {
            reference: 0x2a,
            wide: false,
            total: 3,
            number: 2,
        };
        let wide = Concatenation {
            reference: 0x1234,
            wide: true,
            total: 2,
            number: 1,
        };
        let cases: [(Concatenation, &[u8]); 2] = [
            (narrow, &[5, 0, 3, 0x2a, 3, 2]),
            (wide, &[6, 8, 4, 0x12, 0x34, 2, 1]),
        ];
        for (concatenation, bytes) in cases {
            let mut out = BytesMut::new();
            concatenation.encode(&mut out);
            assert_eq!(&out[..], bytes);
            assert_eq!(out.len(), concatenation.header_length());
            out.put_slice(b"text");
            assert_eq!(split(&out), (Some(concatenation), &b"text"[..]));
        }
    }

    #[test]
    fn broken_and_foreign_headers() {
        let ports = [6, 5, 4, 0xc3, 0x4f, 0, 0, b'x'];
        type Case<'a> = (&'a [u8], (Option<Concatenation>, &'a [u8]));
        let cases: [Case<'_>; 6] = [
            (b"", (None, b"")),
            (&[200, 0, 3], (None, &[200, 0, 3])),
            (&ports, (None, b"x")),
            (&[5, 0, 3, 1, 2, 3, b'x'], (None, b"x")),
            (&[5, 0, 3, 1, 0, 0, b'x'], (None, b"x")),
            (&[5, 0, 9, 1, 2, 1, b'x'], (None, b"x")),
        ];
        for (payload, expected) in cases {
            assert_eq!(split(payload), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_split_off_was_there(payload in prop::collection::vec(any::<u8>(), 0..200)) {
            let (_, text) = split(&payload);
            prop_assert!(payload.ends_with(text));
        }
    }
}
