//! submit_sm_resp (SMPP 3.4 §4.4.2).
//!
//! | field | octets |
//! |---|---|
//! | message_id | C, at most 65; missing when the submit failed |

use super::header::Header;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitSmResp<'a> {
    pub message_id: &'a [u8],
}

impl<'a> SubmitSmResp<'a> {
    pub const COMMAND: u32 = 0x8000_0004;

    pub fn encode(&self, status: u32, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header {
            command: Self::COMMAND,
            status,
            sequence,
        }
        .put(out, |out| {
            wire::put_c_string(out, self.message_id, 65, "message_id")
        })
    }

    /// Ignores what follows: some SMSCs add optional parameters, which 3.4 does not know here.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        if body.is_empty() {
            return Ok(Self { message_id: b"" });
        }
        Ok(Self {
            message_id: Reader::new(body).c_string(65, "message_id")?,
        })
    }
}
