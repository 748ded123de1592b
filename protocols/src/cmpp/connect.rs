//! CMPP_CONNECT (CMPP 2.0 §7.4.1.1 and CMPP 3.0).
//!
//! | field | octets |
//! |---|---|
//! | Source_Addr | 6 |
//! | AuthenticatorSource | 16 |
//! | Version | 1 |
//! | Timestamp | 4 |

use super::header::Header;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

pub const SOURCE_ADDRESS_WIDTH: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect<'a> {
    pub source_address: &'a [u8],
    /// See [`super::auth::source`].
    pub authenticator: [u8; 16],
    /// See [`super::Version::octet`].
    pub version: u8,
    /// MMDDHHMMSS of the client's local time as a decimal number.
    pub timestamp: u32,
}

impl<'a> Connect<'a> {
    pub const COMMAND: u32 = 0x0000_0001;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header {
            command: Self::COMMAND,
            sequence,
        }
        .put(out, |out| {
            wire::put_padded(out, self.source_address, SOURCE_ADDRESS_WIDTH, "Source_Addr")?;
            out.put_slice(&self.authenticator);
            out.put_u8(self.version);
            out.put_u32(self.timestamp);
            Ok(())
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let connect = Self {
            source_address: reader.padded(SOURCE_ADDRESS_WIDTH, "Source_Addr")?,
            authenticator: reader.array16("AuthenticatorSource")?,
            version: reader.u8("Version")?,
            timestamp: reader.u32("Timestamp")?,
        };
        reader.finish()?;
        Ok(connect)
    }
}
