//! generic_nack (SMPP 3.4 §4.3.1), the answer to what cannot be answered otherwise: no body.

use super::header::Header;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenericNack;

impl GenericNack {
    pub const COMMAND: u32 = 0x8000_0000;

    pub fn encode(&self, status: u32, sequence: u32, out: &mut BytesMut) {
        Header {
            command: Self::COMMAND,
            status,
            sequence,
        }
        .put_empty(out);
    }

    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Reader::new(body).finish()?;
        Ok(Self)
    }
}
