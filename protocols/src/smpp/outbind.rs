//! outbind (SMPP 3.4 §4.1.7): the SMSC asks the ESME to bind as a receiver. There is no response.
//!
//! | field | octets |
//! |---|---|
//! | system_id | C, at most 16 |
//! | password | C, at most 9 |

use super::header::Header;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::BytesMut;

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Outbind<'a> {
    pub system_id: &'a [u8],
    pub password: &'a [u8],
}

impl<'a> Outbind<'a> {
    pub const COMMAND: u32 = 0x0000_000b;

    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header::request(Self::COMMAND, sequence).put(out, |out| {
            wire::put_c_string(out, self.system_id, 16, "system_id")?;
            wire::put_c_string(out, self.password, 9, "password")
        })
    }

    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let outbind = Self {
            system_id: reader.c_string(16, "system_id")?,
            password: reader.c_string(9, "password")?,
        };
        reader.finish()?;
        Ok(outbind)
    }
}

impl std::fmt::Debug for Outbind<'_> {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbind")
            .field("system_id", &self.system_id)
            .finish_non_exhaustive()
    }
}
