//! CMPP_ACTIVE_TEST (CMPP 2.0 §7.4.7.1 and CMPP 3.0): no body.

use super::header::Header;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveTest;

impl ActiveTest {
    pub const COMMAND: u32 = 0x0000_0008;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) {
        Header {
            command: Self::COMMAND,
            sequence,
        }
        .put_infallible(out, &[]);
    }

    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Reader::new(body).finish()?;
        Ok(Self)
    }
}
