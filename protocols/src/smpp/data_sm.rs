//! data_sm (SMPP 3.4 §4.7.1): a message in either direction, its content in message_payload.
//!
//! | field | octets |
//! |---|---|
//! | service_type | C, at most 6 |
//! | source_addr_ton, source_addr_npi, source_addr | 1, 1, C at most 65 |
//! | dest_addr_ton, dest_addr_npi, destination_addr | 1, 1, C at most 65 |
//! | esm_class, registered_delivery, data_coding | 1, 1, 1 |
//! | optional parameters | TLVs |

use super::address::{Address, LONG};
use super::header::Header;
use super::tlv::{self, Tlvs};
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataSm<'a> {
    pub service_type: &'a [u8],
    pub source: Address<'a>,
    pub destination: Address<'a>,
    /// See [`super::esm_class`].
    pub esm_class: u8,
    pub registered_delivery: u8,
    /// See [`super::data_coding`].
    pub data_coding: u8,
    pub tlvs: Tlvs<'a>,
}

impl<'a> DataSm<'a> {
    pub const COMMAND: u32 = 0x0000_0103;

    pub fn content(&self) -> &'a [u8] {
        self.tlvs.find(tlv::MESSAGE_PAYLOAD).unwrap_or_default()
    }

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header::request(Self::COMMAND, sequence).put(out, |out| {
            wire::put_c_string(out, self.service_type, 6, "service_type")?;
            self.source.encode(LONG, "source_addr", out)?;
            self.destination.encode(LONG, "destination_addr", out)?;
            out.put_slice(&[self.esm_class, self.registered_delivery, self.data_coding]);
            self.tlvs.encode(out);
            Ok(())
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        Ok(Self {
            service_type: reader.c_string(6, "service_type")?,
            source: Address::decode(&mut reader, LONG, "source_addr")?,
            destination: Address::decode(&mut reader, LONG, "destination_addr")?,
            esm_class: reader.u8("esm_class")?,
            registered_delivery: reader.u8("registered_delivery")?,
            data_coding: reader.u8("data_coding")?,
            tlvs: Tlvs::decode(reader.rest())?,
        })
    }
}
