//! submit_multi_resp (SMPP 3.4 §4.5.2).
//!
//! | field | octets |
//! |---|---|
//! | message_id | C, at most 65 |
//! | no_unsuccess | 1 |
//! | entries, see [`UnsuccessfulList`] | |

use super::header::Header;
use super::unsuccessful::UnsuccessfulList;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitMultiResp<'a> {
    pub message_id: &'a [u8],
    pub unsuccessful: UnsuccessfulList<'a>,
}

impl<'a> SubmitMultiResp<'a> {
    pub const COMMAND: u32 = 0x8000_0021;

    pub fn encode(&self, status: u32, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header {
            command: Self::COMMAND,
            status,
            sequence,
        }
        .put(out, |out| {
            wire::put_c_string(out, self.message_id, 65, "message_id")?;
            self.unsuccessful.encode(out)
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        if body.is_empty() {
            return Ok(Self {
                message_id: b"",
                unsuccessful: UnsuccessfulList::List(&[]),
            });
        }
        let mut reader = Reader::new(body);
        let resp = Self {
            message_id: reader.c_string(65, "message_id")?,
            unsuccessful: UnsuccessfulList::decode(&mut reader)?,
        };
        reader.finish()?;
        Ok(resp)
    }
}
