//! cancel_sm_resp (SMPP 3.4 §4.9.2): no body.

use super::header::Header;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelSmResp;

impl CancelSmResp {
    pub const COMMAND: u32 = 0x8000_0008;

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
