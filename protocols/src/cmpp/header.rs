//! The message header (CMPP 2.0 §7.3 and CMPP 3.0).
//!
//! | field | octets |
//! |---|---|
//! | Total_Length, header included | 4 |
//! | Command_Id | 4 |
//! | Sequence_Id, echoed by the response | 4 |

use crate::error::EncodeError;
use crate::wire;
use bytes::{BufMut, BytesMut};

pub const HEADER_LENGTH: usize = 12;

/// Octets of the largest PDU taken. The largest there can be is a SUBMIT of 3.0 to [`DESTINATIONS_LIMIT`] numbers:
/// 12 + 151 + 32 · 100 + 255 = 3,618.
///
/// [`DESTINATIONS_LIMIT`]: super::DESTINATIONS_LIMIT
pub const PDU_LIMIT: usize = 4096;

/// The bit of a Command_Id that marks a response.
pub const RESPONSE: u32 = 0x8000_0000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub command: u32,
    pub sequence: u32,
}

impl Header {
    /// Splits a whole PDU into header and body; `None` when it is shorter than a header.
    pub fn split(frame: &[u8]) -> Option<(Self, &[u8])> {
        let (_, rest) = frame.split_first_chunk::<4>()?;
        let (command, rest) = rest.split_first_chunk()?;
        let (sequence, body) = rest.split_first_chunk()?;
        let header = Self {
            command: u32::from_be_bytes(*command),
            sequence: u32::from_be_bytes(*sequence),
        };
        Some((header, body))
    }

    /// Writes a whole PDU; `out` is unchanged on failure.
    pub(super) fn put(
        self,
        out: &mut BytesMut,
        body: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        wire::put_frame(out, PDU_LIMIT, |out| {
            out.put_u32(self.command);
            out.put_u32(self.sequence);
            body(out)
        })
    }

    /// Writes a whole PDU whose body cannot fail.
    pub(super) fn put_infallible(self, out: &mut BytesMut, body: &[u8]) {
        out.put_u32((HEADER_LENGTH + body.len()) as u32);
        out.put_u32(self.command);
        out.put_u32(self.sequence);
        out.put_slice(body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_split_off() {
        let frame = [0, 0, 0, 13, 0x80, 0, 0, 8, 0, 0, 0, 10, 0xff];
        let header = Header {
            command: 0x8000_0008,
            sequence: 10,
        };
        assert_eq!(Header::split(&frame), Some((header, &[0xff][..])));
        assert_eq!(Header::split(&frame[..11]), None);
        let mut out = BytesMut::new();
        header.put_infallible(&mut out, &[0xff]);
        assert_eq!(&out[..], frame);
    }
}
