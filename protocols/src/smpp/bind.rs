//! bind_transmitter, bind_receiver, bind_transceiver (SMPP 3.4 §4.1.1, §4.1.3, §4.1.5).
//!
//! | field | octets |
//! |---|---|
//! | system_id | C, at most 16 |
//! | password | C, at most 9 |
//! | system_type | C, at most 13 |
//! | interface_version | 1 |
//! | addr_ton, addr_npi | 1, 1 |
//! | address_range | C, at most 41 |

use super::header::{Header, RESPONSE};
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindKind {
    Receiver,
    Transmitter,
    Transceiver,
}

impl BindKind {
    pub fn command(self) -> u32 {
        match self {
            BindKind::Receiver => 0x0000_0001,
            BindKind::Transmitter => 0x0000_0002,
            BindKind::Transceiver => 0x0000_0009,
        }
    }

    /// Of a bind or of its response.
    pub fn of_command(command: u32) -> Option<Self> {
        [BindKind::Receiver, BindKind::Transmitter, BindKind::Transceiver]
            .into_iter()
            .find(|kind| kind.command() == command & !RESPONSE)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bind<'a> {
    pub kind: BindKind,
    pub system_id: &'a [u8],
    pub password: &'a [u8],
    pub system_type: &'a [u8],
    pub interface_version: u8,
    pub addr_ton: u8,
    pub addr_npi: u8,
    pub address_range: &'a [u8],
}

impl<'a> Bind<'a> {
    pub fn encode(&self, sequence: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
        Header::request(self.kind.command(), sequence).put(out, |out| {
            wire::put_c_string(out, self.system_id, 16, "system_id")?;
            wire::put_c_string(out, self.password, 9, "password")?;
            wire::put_c_string(out, self.system_type, 13, "system_type")?;
            out.put_slice(&[self.interface_version, self.addr_ton, self.addr_npi]);
            wire::put_c_string(out, self.address_range, 41, "address_range")
        })
    }

    pub fn decode(kind: BindKind, body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let bind = Self {
            kind,
            system_id: reader.c_string(16, "system_id")?,
            password: reader.c_string(9, "password")?,
            system_type: reader.c_string(13, "system_type")?,
            interface_version: reader.u8("interface_version")?,
            addr_ton: reader.u8("addr_ton")?,
            addr_npi: reader.u8("addr_npi")?,
            address_range: reader.c_string(41, "address_range")?,
        };
        reader.finish()?;
        Ok(bind)
    }
}

impl std::fmt::Debug for Bind<'_> {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bind")
            .field("kind", &self.kind)
            .field("system_id", &self.system_id)
            .field("interface_version", &self.interface_version)
            .finish_non_exhaustive()
    }
}
