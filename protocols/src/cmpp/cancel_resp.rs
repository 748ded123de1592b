//! CMPP_CANCEL_RESP (CMPP 2.0 §7.4.6.2 and CMPP 3.0): Success_Id, one octet in 2.0, four in 3.0.

use super::header::Header;
use super::result::decode_code;
use super::version::Version;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelResp {
    /// 0 cancelled; everything else: not.
    pub success_id: u32,
}

impl CancelResp {
    pub const COMMAND: u32 = 0x8000_0007;

    /// A code above 255 becomes 255 on 2.0.
    pub fn encode(&self, sequence: u32, version: Version, out: &mut BytesMut) {
        let header = Header {
            command: Self::COMMAND,
            sequence,
        };
        match version {
            Version::V20 => header.put_infallible(out, &[u8::try_from(self.success_id).unwrap_or(u8::MAX)]),
            Version::V30 => header.put_infallible(out, &self.success_id.to_be_bytes()),
        }
    }

    /// Reads the width from the length, as some gateways answer in their own version.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self {
            success_id: decode_code(Reader::new(body), "Success_Id")?,
        })
    }
}
