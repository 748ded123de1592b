//! CMPP_CANCEL (CMPP 2.0 §7.4.6.1 and CMPP 3.0): Msg_Id of the submit to be cancelled, 8 octets.

use super::header::Header;
use crate::error::DecodeError;
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancel {
    pub message_id: u64,
}

impl Cancel {
    pub const COMMAND: u32 = 0x0000_0007;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) {
        Header {
            command: Self::COMMAND,
            sequence,
        }
        .put_infallible(out, &self.message_id.to_be_bytes());
    }

    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let cancel = Self {
            message_id: reader.u64("Msg_Id")?,
        };
        reader.finish()?;
        Ok(cancel)
    }
}
