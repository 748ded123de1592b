//! The PDU header (SMPP 3.4 §3.2, §5.1).
//!
//! | field | octets |
//! |---|---|
//! | command_length, header included | 4 |
//! | command_id | 4 |
//! | command_status, 0 in requests | 4 |
//! | sequence_number, echoed by the response | 4 |

use crate::error::EncodeError;
use crate::wire;
use bytes::{BufMut, BytesMut};

pub const HEADER_LENGTH: usize = 16;

/// Octets of the largest PDU taken or written. The specification sets no limit; this is room for one message_payload of
/// nearly 64 KiB.
pub const PDU_LIMIT: usize = HEADER_LENGTH + 65_536;

/// The bit of a command_id that marks a response.
pub const RESPONSE: u32 = 0x8000_0000;

/// Sequence numbers count from 1 to here (SMPP 3.4 §5.1.4).
pub const SEQUENCE_MAX: u32 = 0x7fff_ffff;

/// The interface_version of SMPP 3.4. A peer with a smaller one must not be sent TLVs.
pub const INTERFACE_VERSION: u8 = 0x34;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub command: u32,
    /// See [`super::status`].
    pub status: u32,
    pub sequence: u32,
}

impl Header {
    /// Of a request.
    pub(super) fn request(command: u32, sequence: u32) -> Self {
        Self {
            command,
            status: super::status::OK,
            sequence,
        }
    }

    /// Splits a whole PDU into header and body; `None` when it is shorter than a header.
    pub fn split(frame: &[u8]) -> Option<(Self, &[u8])> {
        let (_, rest) = frame.split_first_chunk::<4>()?;
        let (command, rest) = rest.split_first_chunk()?;
        let (status, rest) = rest.split_first_chunk()?;
        let (sequence, body) = rest.split_first_chunk()?;
        let header = Self {
            command: u32::from_be_bytes(*command),
            status: u32::from_be_bytes(*status),
            sequence: u32::from_be_bytes(*sequence),
        };
        Some((header, body))
    }

    /// Writes a PDU without a body: a request that has none, or a response that failed (SMPP 3.4 §4.4.2).
    pub fn put_empty(self, out: &mut BytesMut) {
        self.put_plain(out, &[]);
    }

    /// Writes a whole PDU whose body cannot fail.
    pub(crate) fn put_plain(self, out: &mut BytesMut, body: &[u8]) {
        out.put_u32((HEADER_LENGTH + body.len()) as u32);
        out.put_u32(self.command);
        out.put_u32(self.status);
        out.put_u32(self.sequence);
        out.put_slice(body);
    }

    /// Writes a whole PDU; `out` is unchanged on failure.
    pub(super) fn put(
        self,
        out: &mut BytesMut,
        body: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        wire::put_frame(out, PDU_LIMIT, |out| {
            out.put_u32(self.command);
            out.put_u32(self.status);
            out.put_u32(self.sequence);
            body(out)
        })
    }
}
