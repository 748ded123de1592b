//! The addresses that a submit_multi did not reach (SMPP 3.4 §4.5.2.1).
//!
//! | field | octets |
//! |---|---|
//! | dest_addr_ton, dest_addr_npi, destination_addr | 1, 1, C at most 21 |
//! | error_status_code | 4 |

use super::address::{Address, SHORT};
use crate::error::{DecodeError, EncodeError};
use crate::wire::Reader;
use bytes::{BufMut, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsuccessful<'a> {
    pub address: Address<'a>,
    /// See [`super::status`].
    pub status: u32,
}

/// Entries given by the caller, or still inside the PDU they came in.
#[derive(Clone, Copy, Debug)]
pub enum UnsuccessfulList<'a> {
    List(&'a [Unsuccessful<'a>]),
    Wire(WireUnsuccessful<'a>),
}

/// Entries that were read once without an error.
#[derive(Clone, Copy, Debug)]
pub struct WireUnsuccessful<'a> {
    octets: &'a [u8],
}

impl<'a> UnsuccessfulList<'a> {
    pub fn iter(&self) -> impl Iterator<Item = Unsuccessful<'a>> + use<'a> {
        let (list, octets) = match *self {
            UnsuccessfulList::List(list) => (list, &[][..]),
            UnsuccessfulList::Wire(wire) => (&[][..], wire.octets),
        };
        let mut reader = Reader::new(octets);
        list.iter()
            .copied()
            .chain(std::iter::from_fn(move || entry(&mut reader).ok()))
    }

    /// no_unsuccess and the entries.
    pub(super) fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        let count = self.iter().count();
        let count = u8::try_from(count).map_err(|_| EncodeError::too_long("no_unsuccess", u8::MAX.into()))?;
        out.put_u8(count);
        for unsuccessful in self.iter() {
            unsuccessful.address.encode(SHORT, "destination_addr", out)?;
            out.put_u32(unsuccessful.status);
        }
        Ok(())
    }

    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.u8("no_unsuccess")?;
        let mut ahead = reader.clone();
        for _ in 0..count {
            entry(&mut ahead)?;
        }
        let octets = reader.octets(reader.remaining() - ahead.remaining(), "no_unsuccess")?;
        Ok(UnsuccessfulList::Wire(WireUnsuccessful { octets }))
    }
}

fn entry<'a>(reader: &mut Reader<'a>) -> Result<Unsuccessful<'a>, DecodeError> {
    let address = Address::decode(reader, SHORT, "destination_addr")?;
    Ok(Unsuccessful {
        address,
        status: reader.u32("error_status_code")?,
    })
}

impl PartialEq for UnsuccessfulList<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for UnsuccessfulList<'_> {}
