//! data_sm_resp (SMPP 3.4 §4.7.2).
//!
//! | field | octets |
//! |---|---|
//! | message_id | C, at most 65 |
//! | optional parameters | TLVs |

use super::header::Header;
use super::tlv::Tlvs;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSmResp<'a> {
    pub message_id: &'a [u8],
    pub tlvs: Tlvs<'a>,
}

impl<'a> DataSmResp<'a> {
    pub const COMMAND: u32 = 0x8000_0103;

    pub fn encode(&self, status: u32, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header {
            command: Self::COMMAND,
            status,
            sequence,
        }
        .put(out, |out| {
            wire::put_c_string(out, self.message_id, 65, "message_id")?;
            self.tlvs.encode(out);
            Ok(())
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        if body.is_empty() {
            return Ok(Self {
                message_id: b"",
                tlvs: Tlvs::default(),
            });
        }
        let mut reader = Reader::new(body);
        let message_id = reader.c_string(65, "message_id")?;
        Ok(Self {
            message_id,
            tlvs: Tlvs::decode(reader.rest())?,
        })
    }
}
