//! submit_sm (SMPP 3.4 §4.4.1): a message towards a phone. The layout is that of [`ShortMessage`].

use super::header::Header;
use super::short_message::ShortMessage;
use crate::error::{DecodeError, EncodeError};
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitSm<'a>(pub ShortMessage<'a>);

impl<'a> SubmitSm<'a> {
    pub const COMMAND: u32 = 0x0000_0004;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header::request(Self::COMMAND, sequence).put(out, |out| self.0.encode(out))
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        ShortMessage::decode(body).map(Self)
    }
}
