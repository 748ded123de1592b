//! bind_transmitter_resp, bind_receiver_resp, bind_transceiver_resp (SMPP 3.4 §4.1.2, §4.1.4, §4.1.6).
//!
//! | field | octets |
//! |---|---|
//! | system_id | C, at most 16; may be missing when the bind failed |
//! | sc_interface_version | TLV, 1 |

use super::bind::BindKind;
use super::header::{Header, RESPONSE};
use super::tlv::Tlvs;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindResp<'a> {
    pub kind: BindKind,
    pub system_id: &'a [u8],
    pub tlvs: Tlvs<'a>,
}

impl<'a> BindResp<'a> {
    pub fn encode(&self, status: u32, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        let command = self.kind.command() | RESPONSE;
        Header {
            command,
            status,
            sequence,
        }
        .put(out, |out| {
            wire::put_c_string(out, self.system_id, 16, "system_id")?;
            self.tlvs.encode(out);
            Ok(())
        })
    }

    pub fn decode(kind: BindKind, body: &'a [u8]) -> Result<Self, DecodeError> {
        if body.is_empty() {
            return Ok(Self {
                kind,
                system_id: b"",
                tlvs: Tlvs::default(),
            });
        }
        let mut reader = Reader::new(body);
        let system_id = reader.c_string(16, "system_id")?;
        Ok(Self {
            kind,
            system_id,
            tlvs: Tlvs::decode(reader.rest())?,
        })
    }
}
