//! Reading and writing the field types both protocols use. All integers are big-endian.

use crate::error::{DecodeError, EncodeError, EncodeReason};
use bytes::{BufMut, BytesMut};

/// Reads fields off the front of a body and never past its end.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub fn octets(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let Some((octets, rest)) = self.rest.split_at_checked(count) else {
            return Err(DecodeError::Short { field });
        };
        self.rest = rest;
        Ok(octets)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let Some((array, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(DecodeError::Short { field });
        };
        self.rest = rest;
        Ok(*array)
    }

    pub fn array16(&mut self, field: &'static str) -> Result<[u8; 16], DecodeError> {
        self.array(field)
    }

    pub fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array(field)?))
    }

    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    pub fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.array(field)?))
    }

    /// A field of fixed width, padded with NULs on the right; the value ends at the first NUL.
    pub fn padded(&mut self, width: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        Ok(until_nul(self.octets(width, field)?))
    }

    /// A C-Octet String of at most `limit` octets including its NUL, which is not part of the value.
    pub fn c_string(&mut self, limit: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let window = &self.rest[..self.rest.len().min(limit)];
        let Some(end) = window.iter().position(|&octet| octet == 0) else {
            return Err(match window.len() < limit {
                true => DecodeError::Short { field },
                false => DecodeError::Unterminated { field, limit },
            });
        };
        let value = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Ok(value)
    }

    /// Everything not yet read.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Fails when something is left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(DecodeError::Trailing { count }),
        }
    }
}

pub(crate) fn until_nul(octets: &[u8]) -> &[u8] {
    let end = octets
        .iter()
        .position(|&octet| octet == 0)
        .unwrap_or(octets.len());
    &octets[..end]
}

/// Writes a field of fixed width, padded with NULs on the right.
pub(crate) fn put_padded(
    out: &mut BytesMut,
    value: &[u8],
    width: usize,
    field: &'static str,
) -> Result<(), EncodeError> {
    check(value, width, field)?;
    out.put_slice(value);
    out.put_bytes(0, width - value.len());
    Ok(())
}

/// Writes a C-Octet String of at most `limit` octets including its NUL.
pub(crate) fn put_c_string(
    out: &mut BytesMut,
    value: &[u8],
    limit: usize,
    field: &'static str,
) -> Result<(), EncodeError> {
    check(value, limit - 1, field)?;
    out.put_slice(value);
    out.put_u8(0);
    Ok(())
}

fn check(value: &[u8], limit: usize, field: &'static str) -> Result<(), EncodeError> {
    if value.len() > limit {
        return Err(EncodeError::too_long(field, limit));
    }
    if value.contains(&0) {
        return Err(EncodeError {
            field,
            reason: EncodeReason::Nul,
        });
    }
    Ok(())
}

/// Writes one PDU: whatever `write` puts after the length field, whose value is known only then. On failure, and when the
/// PDU exceeds `limit` octets, `out` is as before.
pub(crate) fn put_frame(
    out: &mut BytesMut,
    limit: usize,
    write: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.put_u32(0);
    let mut written = write(out);
    let length = out.len() - start;
    if length > limit {
        written = Err(EncodeError::too_long("length", limit));
    }
    match written {
        Ok(()) => out[start..start + 4].copy_from_slice(&(length as u32).to_be_bytes()),
        Err(_) => out.truncate(start),
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_strings_end_at_their_nul_and_within_their_limit() {
        type Case<'a> = (&'a [u8], usize, Result<&'a [u8], DecodeError>);
        let cases: [Case<'_>; 5] = [
            (b"abc\0rest", 4, Ok(b"abc")),
            (b"\0", 1, Ok(b"")),
            (
                b"abcd\0",
                4,
                Err(DecodeError::Unterminated { field: "f", limit: 4 }),
            ),
            (b"abc", 16, Err(DecodeError::Short { field: "f" })),
            (b"", 16, Err(DecodeError::Short { field: "f" })),
        ];
        for (bytes, limit, expected) in cases {
            assert_eq!(Reader::new(bytes).c_string(limit, "f"), expected);
        }
    }

    #[test]
    fn padded_fields_may_be_full_and_stop_at_the_first_nul() {
        let mut reader = Reader::new(b"abcdab\0d");
        assert_eq!(reader.padded(4, "f"), Ok(&b"abcd"[..]));
        assert_eq!(reader.padded(4, "f"), Ok(&b"ab"[..]));
        assert_eq!(reader.padded(1, "f"), Err(DecodeError::Short { field: "f" }));
    }

    #[test]
    fn a_failed_frame_leaves_nothing_behind() {
        let mut out = BytesMut::from(&b"before"[..]);
        assert!(put_frame(&mut out, 64, |out| put_padded(out, b"too long", 4, "f")).is_err());
        assert!(put_frame(&mut out, 8, |out| put_padded(out, b"", 5, "f")).is_err());
        assert!(put_frame(&mut out, 64, |out| put_c_string(out, b"a\0b", 8, "f")).is_err());
        assert_eq!(&out[..], b"before");
        assert_eq!(
            put_frame(&mut out, 8, |out| put_c_string(out, b"abc", 4, "f")),
            Ok(())
        );
        assert_eq!(&out[..], b"before\0\0\0\x08abc\0");
    }
}
