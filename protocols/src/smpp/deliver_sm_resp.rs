//! deliver_sm_resp (SMPP 3.4 §4.6.2): message_id, unused, a single NUL.

use super::header::Header;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverSmResp;

impl DeliverSmResp {
    pub const COMMAND: u32 = 0x8000_0005;

    pub fn encode(&self, status: u32, sequence: u32, out: &mut BytesMut) {
        Header {
            command: Self::COMMAND,
            status,
            sequence,
        }
        .put_plain(out, &[0]);
    }

    /// Takes a missing or filled-in message_id too, as peers send both.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        if !body.is_empty() {
            Reader::new(body).c_string(65, "message_id")?;
        }
        Ok(Self)
    }
}
