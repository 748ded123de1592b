//! alert_notification (SMPP 3.4 §4.12.1): a phone can be reached again. There is no response.
//!
//! | field | octets |
//! |---|---|
//! | source_addr_ton, source_addr_npi, source_addr | 1, 1, C at most 65 |
//! | esme_addr_ton, esme_addr_npi, esme_addr | 1, 1, C at most 65 |
//! | ms_availability_status | TLV, 1 |

use super::address::{Address, LONG};
use super::header::Header;
use super::tlv::Tlvs;
use crate::error::{DecodeError, EncodeError};
use crate::wire::Reader;
use bytes::BytesMut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertNotification<'a> {
    pub source: Address<'a>,
    pub esme: Address<'a>,
    pub tlvs: Tlvs<'a>,
}

impl<'a> AlertNotification<'a> {
    pub const COMMAND: u32 = 0x0000_0102;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header::request(Self::COMMAND, sequence).put(out, |out| {
            self.source.encode(LONG, "source_addr", out)?;
            self.esme.encode(LONG, "esme_addr", out)?;
            self.tlvs.encode(out);
            Ok(())
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        Ok(Self {
            source: Address::decode(&mut reader, LONG, "source_addr")?,
            esme: Address::decode(&mut reader, LONG, "esme_addr")?,
            tlvs: Tlvs::decode(reader.rest())?,
        })
    }
}
