//! enquire_link (SMPP 3.4 §4.11.1): no body.

use super::header::Header;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnquireLink;

impl EnquireLink {
    pub const COMMAND: u32 = 0x0000_0015;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) {
        Header::request(Self::COMMAND, sequence).put_empty(out);
    }

    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Reader::new(body).finish()?;
        Ok(Self)
    }
}
