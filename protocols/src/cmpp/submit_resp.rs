//! CMPP_SUBMIT_RESP (CMPP 2.0 §7.4.3.2 and CMPP 3.0).
//!
//! | field | octets in 2.0 | in 3.0 |
//! |---|---|---|
//! | Msg_Id; of a group send the first of its range | 8 | 8 |
//! | Result, see [`super::result`] | 1 | 4 |

use super::header::Header;
use super::result::{decode_answer, put_answer};
use super::version::Version;
use crate::error::DecodeError;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitResp {
    pub message_id: u64,
    pub result: u32,
}

impl SubmitResp {
    pub const COMMAND: u32 = 0x8000_0004;

    /// A result above 255 becomes 255 on 2.0.
    pub fn encode(&self, sequence: u32, version: Version, out: &mut BytesMut) {
        put_answer(
            Header {
                command: Self::COMMAND,
                sequence,
            },
            self.message_id,
            self.result,
            version,
            out,
        );
    }

    /// Reads the width of Result from the length, as some gateways answer in their own version.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let (message_id, result) = decode_answer(body)?;
        Ok(Self { message_id, result })
    }
}
