//! query_sm (SMPP 3.4 §4.8.1).
//!
//! | field | octets |
//! |---|---|
//! | message_id | C, at most 65 |
//! | source_addr_ton, source_addr_npi, source_addr | 1, 1, C at most 21 |

use super::address::{Address, SHORT};
use super::header::Header;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuerySm<'a> {
    pub message_id: &'a [u8],
    pub source: Address<'a>,
}

impl<'a> QuerySm<'a> {
    pub const COMMAND: u32 = 0x0000_0003;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header::request(Self::COMMAND, sequence).put(out, |out| {
            wire::put_c_string(out, self.message_id, 65, "message_id")?;
            self.source.encode(SHORT, "source_addr", out)
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let query = Self {
            message_id: reader.c_string(65, "message_id")?,
            source: Address::decode(&mut reader, SHORT, "source_addr")?,
        };
        reader.finish()?;
        Ok(query)
    }
}
