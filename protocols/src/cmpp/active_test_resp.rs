//! CMPP_ACTIVE_TEST_RESP (CMPP 2.0 §7.4.7.2 and CMPP 3.0): one reserved octet.

use super::header::Header;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveTestResp;

impl ActiveTestResp {
    pub const COMMAND: u32 = 0x8000_0008;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) {
        Header {
            command: Self::COMMAND,
            sequence,
        }
        .put_infallible(out, &[0]);
    }

    /// Takes a missing reserved octet too, which many peers leave out.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        if reader.remaining() > 0 {
            reader.u8("Reserved")?;
        }
        reader.finish()?;
        Ok(Self)
    }
}
