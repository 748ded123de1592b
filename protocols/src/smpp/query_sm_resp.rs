//! query_sm_resp (SMPP 3.4 §4.8.2).
//!
//! | field | octets |
//! |---|---|
//! | message_id | C, at most 65 |
//! | final_date | C, 1 or 17 |
//! | message_state | 1 |
//! | error_code | 1 |

use super::header::Header;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuerySmResp<'a> {
    pub message_id: &'a [u8],
    pub final_date: &'a [u8],
    /// See [`super::receipt_text::stat_of_state`].
    pub message_state: u8,
    pub error_code: u8,
}

impl<'a> QuerySmResp<'a> {
    pub const COMMAND: u32 = 0x8000_0003;

    pub fn encode(&self, status: u32, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header {
            command: Self::COMMAND,
            status,
            sequence,
        }
        .put(out, |out| {
            wire::put_c_string(out, self.message_id, 65, "message_id")?;
            wire::put_c_string(out, self.final_date, 17, "final_date")?;
            out.put_slice(&[self.message_state, self.error_code]);
            Ok(())
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        if body.is_empty() {
            return Ok(Self {
                message_id: b"",
                final_date: b"",
                message_state: 0,
                error_code: 0,
            });
        }
        let mut reader = Reader::new(body);
        let resp = Self {
            message_id: reader.c_string(65, "message_id")?,
            final_date: reader.c_string(17, "final_date")?,
            message_state: reader.u8("message_state")?,
            error_code: reader.u8("error_code")?,
        };
        reader.finish()?;
        Ok(resp)
    }
}
