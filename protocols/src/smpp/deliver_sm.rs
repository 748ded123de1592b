//! deliver_sm (SMPP 3.4 §4.6.1): a message from a phone, or a receipt. The layout is that of [`ShortMessage`].

use super::header::Header;
use super::short_message::ShortMessage;
use crate::error::{DecodeError, EncodeError};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverSm<'a>(pub ShortMessage<'a>);

impl<'a> DeliverSm<'a> {
    pub const COMMAND: u32 = 0x0000_0005;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header::request(Self::COMMAND, sequence).put(out, |out| self.0.encode(out))
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        ShortMessage::decode(body).map(Self)
    }
}
