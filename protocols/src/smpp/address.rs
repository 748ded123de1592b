//! An address with its type of number and numbering plan (SMPP 3.4 §5.2.5, §5.2.6, §5.2.8).

use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

/// Octets of an address including its NUL, but for [`LONG`].
pub(super) const SHORT: usize = 21;
/// Octets of an address in data_sm and alert_notification.
pub(super) const LONG: usize = 65;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// 0 unknown, 1 international, 2 national, 5 alphanumeric, …
    pub ton: u8,
    /// 0 unknown, 1 ISDN (E.164), …
    pub npi: u8,
    pub address: &'a [u8],
}

impl<'a> Address<'a> {
    /// A phone in international form.
    pub fn international(address: &'a [u8]) -> Self {
        Self {
            ton: 1,
            npi: 1,
            address,
        }
    }

    /// A service number, or a name.
    pub fn service(address: &'a [u8]) -> Self {
        let ton = if address.iter().all(u8::is_ascii_digit) {
            0
        } else {
            5
        };
        Self { ton, npi: 0, address }
    }

    pub(super) fn encode(
        &self,
        limit: usize,
        field: &'static str,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        out.put_slice(&[self.ton, self.npi]);
        wire::put_c_string(out, self.address, limit, field)
    }

    pub(super) fn decode(
        reader: &mut Reader<'a>,
        limit: usize,
        field: &'static str,
    ) -> Result<Self, DecodeError> {
        Ok(Self {
            ton: reader.u8(field)?,
            npi: reader.u8(field)?,
            address: reader.c_string(limit, field)?,
        })
    }
}
