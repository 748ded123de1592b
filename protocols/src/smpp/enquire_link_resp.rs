//! enquire_link_resp (SMPP 3.4 §4.11.2): no body.

use super::header::Header;
use super::status;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnquireLinkResp;

impl EnquireLinkResp {
    pub const COMMAND: u32 = 0x8000_0015;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) {
        Header {
            command: Self::COMMAND,
            status: status::OK,
            sequence,
        }
        .put_empty(out);
    }

    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Reader::new(body).finish()?;
        Ok(Self)
    }
}
