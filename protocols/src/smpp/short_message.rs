//! The body that submit_sm and deliver_sm share (SMPP 3.4 §4.4.1, §4.6.1).
//!
//! | field | octets |
//! |---|---|
//! | service_type | C, at most 6 |
//! | source_addr_ton, source_addr_npi | 1, 1 |
//! | source_addr | C, at most 21 |
//! | dest_addr_ton, dest_addr_npi | 1, 1 |
//! | destination_addr | C, at most 21 |
//! | esm_class, protocol_id, priority_flag | 1, 1, 1 |
//! | schedule_delivery_time, validity_period | C, 1 or 17 each; unused in deliver_sm |
//! | registered_delivery | 1 |
//! | replace_if_present_flag | 1 |
//! | data_coding | 1 |
//! | sm_default_msg_id | 1 |
//! | sm_length | 1 |
//! | short_message | sm_length, at most 254 |
//! | optional parameters | TLVs |

use super::address::{Address, SHORT};
use super::tlv::{self, Tlvs};
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

/// Octets of short_message; more needs message_payload.
pub const SHORT_MESSAGE_LIMIT: usize = 254;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShortMessage<'a> {
    pub service_type: &'a [u8],
    pub source: Address<'a>,
    pub destination: Address<'a>,
    /// See [`super::esm_class`].
    pub esm_class: u8,
    pub protocol_id: u8,
    pub priority_flag: u8,
    pub schedule_delivery_time: &'a [u8],
    pub validity_period: &'a [u8],
    /// Bits 1–0: 0 no receipt, 1 one in any case, 2 one on failure.
    pub registered_delivery: u8,
    pub replace_if_present_flag: u8,
    /// See [`super::data_coding`].
    pub data_coding: u8,
    pub sm_default_msg_id: u8,
    pub short_message: &'a [u8],
    pub tlvs: Tlvs<'a>,
}

impl<'a> ShortMessage<'a> {
    /// The message, in whichever of its two places it is.
    pub fn content(&self) -> &'a [u8] {
        match self.short_message {
            [] => self.tlvs.find(tlv::MESSAGE_PAYLOAD).unwrap_or_default(),
            short_message => short_message,
        }
    }

    pub(super) fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        wire::put_c_string(out, self.service_type, 6, "service_type")?;
        self.source.encode(SHORT, "source_addr", out)?;
        self.destination.encode(SHORT, "destination_addr", out)?;
        self.encode_rest(out)
    }

    /// From esm_class on, as in submit_multi too.
    pub(super) fn encode_rest(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        out.put_slice(&[self.esm_class, self.protocol_id, self.priority_flag]);
        wire::put_c_string(out, self.schedule_delivery_time, 17, "schedule_delivery_time")?;
        wire::put_c_string(out, self.validity_period, 17, "validity_period")?;
        out.put_slice(&[
            self.registered_delivery,
            self.replace_if_present_flag,
            self.data_coding,
            self.sm_default_msg_id,
        ]);
        put_short_message(out, self.short_message)?;
        self.tlvs.encode(out);
        Ok(())
    }

    pub(super) fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let service_type = reader.c_string(6, "service_type")?;
        let source = Address::decode(&mut reader, SHORT, "source_addr")?;
        let destination = Address::decode(&mut reader, SHORT, "destination_addr")?;
        Self {
            service_type,
            source,
            destination,
            ..Self::default()
        }
        .decode_rest(reader)
    }

    pub(super) fn decode_rest(self, mut reader: Reader<'a>) -> Result<Self, DecodeError> {
        let message = Self {
            esm_class: reader.u8("esm_class")?,
            protocol_id: reader.u8("protocol_id")?,
            priority_flag: reader.u8("priority_flag")?,
            schedule_delivery_time: reader.c_string(17, "schedule_delivery_time")?,
            validity_period: reader.c_string(17, "validity_period")?,
            registered_delivery: reader.u8("registered_delivery")?,
            replace_if_present_flag: reader.u8("replace_if_present_flag")?,
            data_coding: reader.u8("data_coding")?,
            sm_default_msg_id: reader.u8("sm_default_msg_id")?,
            short_message: short_message(&mut reader)?,
            tlvs: Tlvs::decode(reader.rest())?,
            ..self
        };
        if !message.short_message.is_empty()
            && let Some(payload) = message.tlvs.find(tlv::MESSAGE_PAYLOAD)
        {
            return Err(DecodeError::Length {
                field: "message_payload",
                length: payload.len(),
                limit: 0,
            });
        }
        Ok(message)
    }
}

/// sm_length and short_message.
pub(super) fn put_short_message(out: &mut BytesMut, short_message: &[u8]) -> Result<(), EncodeError> {
    if short_message.len() > SHORT_MESSAGE_LIMIT {
        return Err(EncodeError::too_long("short_message", SHORT_MESSAGE_LIMIT));
    }
    out.put_u8(short_message.len() as u8);
    out.put_slice(short_message);
    Ok(())
}

pub(super) fn short_message<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let length = reader.u8("sm_length")?.into();
    if length > SHORT_MESSAGE_LIMIT {
        return Err(DecodeError::Length {
            field: "sm_length",
            length,
            limit: SHORT_MESSAGE_LIMIT,
        });
    }
    reader.octets(length, "short_message")
}
