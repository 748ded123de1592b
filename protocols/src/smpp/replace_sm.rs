//! replace_sm (SMPP 3.4 §4.10.1).
//!
//! | field | octets |
//! |---|---|
//! | message_id | C, at most 65 |
//! | source_addr_ton, source_addr_npi, source_addr | 1, 1, C at most 21 |
//! | schedule_delivery_time, validity_period | C, 1 or 17 each |
//! | registered_delivery | 1 |
//! | sm_default_msg_id | 1 |
//! | sm_length | 1 |
//! | short_message | sm_length, at most 254 |

use super::address::{Address, SHORT};
use super::header::Header;
use super::short_message::{put_short_message, short_message};
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplaceSm<'a> {
    pub message_id: &'a [u8],
    pub source: Address<'a>,
    pub schedule_delivery_time: &'a [u8],
    pub validity_period: &'a [u8],
    pub registered_delivery: u8,
    pub sm_default_msg_id: u8,
    pub short_message: &'a [u8],
}

impl<'a> ReplaceSm<'a> {
    pub const COMMAND: u32 = 0x0000_0007;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header::request(Self::COMMAND, sequence).put(out, |out| {
            wire::put_c_string(out, self.message_id, 65, "message_id")?;
            self.source.encode(SHORT, "source_addr", out)?;
            wire::put_c_string(out, self.schedule_delivery_time, 17, "schedule_delivery_time")?;
            wire::put_c_string(out, self.validity_period, 17, "validity_period")?;
            out.put_slice(&[self.registered_delivery, self.sm_default_msg_id]);
            put_short_message(out, self.short_message)
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let replace = Self {
            message_id: reader.c_string(65, "message_id")?,
            source: Address::decode(&mut reader, SHORT, "source_addr")?,
            schedule_delivery_time: reader.c_string(17, "schedule_delivery_time")?,
            validity_period: reader.c_string(17, "validity_period")?,
            registered_delivery: reader.u8("registered_delivery")?,
            sm_default_msg_id: reader.u8("sm_default_msg_id")?,
            short_message: short_message(&mut reader)?,
        };
        reader.finish()?;
        Ok(replace)
    }
}
