//! submit_multi (SMPP 3.4 §4.5.1): as submit_sm, with a list in place of the destination.
//!
//! | field | octets |
//! |---|---|
//! | service_type | C, at most 6 |
//! | source_addr_ton, source_addr_npi, source_addr | 1, 1, C at most 21 |
//! | number_of_dests | 1 |
//! | entries, see [`Destinations`] | |
//! | from esm_class on, see [`ShortMessage`] | |

use super::address::{Address, SHORT};
use super::destinations::Destinations;
use super::header::Header;
use super::short_message::ShortMessage;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitMulti<'a> {
    pub destinations: Destinations<'a>,
    /// Everything else; its own destination is empty.
    pub message: ShortMessage<'a>,
}

impl<'a> SubmitMulti<'a> {
    pub const COMMAND: u32 = 0x0000_0021;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header::request(Self::COMMAND, sequence).put(out, |out| {
            wire::put_c_string(out, self.message.service_type, 6, "service_type")?;
            self.message.source.encode(SHORT, "source_addr", out)?;
            self.destinations.encode(out)?;
            self.message.encode_rest(out)
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let service_type = reader.c_string(6, "service_type")?;
        let source = Address::decode(&mut reader, SHORT, "source_addr")?;
        let destinations = Destinations::decode(&mut reader)?;
        let message = ShortMessage {
            service_type,
            source,
            ..ShortMessage::default()
        }
        .decode_rest(reader)?;
        Ok(Self {
            destinations,
            message,
        })
    }
}
