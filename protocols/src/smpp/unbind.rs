//! unbind (SMPP 3.4 §4.2.1): no body.

use super::header::Header;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbind;

impl Unbind {
    pub const COMMAND: u32 = 0x0000_0006;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) {
        Header::request(Self::COMMAND, sequence).put_empty(out);
    }

    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Reader::new(body).finish()?;
        Ok(Self)
    }
}
