//! The destination list of a submit_multi (SMPP 3.4 §4.5.1.1).
//!
//! | field | octets |
//! |---|---|
//! | dest_flag: 1 address, 2 distribution list | 1 |
//! | dest_addr_ton, dest_addr_npi, destination_addr | 1, 1, C at most 21; with flag 1 |
//! | dl_name | C, at most 21; with flag 2 |

use super::address::{Address, SHORT};
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

/// Entries in one submit_multi (SMPP 3.4 §4.5.1).
pub const DESTINATIONS_LIMIT: usize = 254;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    Address(Address<'a>),
    DistributionList(&'a [u8]),
}

/// Entries given by the caller, or still inside the PDU they came in.
#[derive(Clone, Copy, Debug)]
pub enum Destinations<'a> {
    List(&'a [Destination<'a>]),
    Wire(WireDestinations<'a>),
}

/// Entries that were read once without an error.
#[derive(Clone, Copy, Debug)]
pub struct WireDestinations<'a> {
    count: usize,
    octets: &'a [u8],
}

impl<'a> Destinations<'a> {
    pub fn len(&self) -> usize {
        match self {
            Destinations::List(list) => list.len(),
            Destinations::Wire(wire) => wire.count,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = Destination<'a>> + use<'a> {
        let (list, octets) = match *self {
            Destinations::List(list) => (list, &[][..]),
            Destinations::Wire(wire) => (&[][..], wire.octets),
        };
        let mut reader = Reader::new(octets);
        list.iter()
            .copied()
            .chain(std::iter::from_fn(move || entry(&mut reader).ok()))
    }

    /// number_of_dests and the entries.
    pub(super) fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        if self.is_empty() || self.len() > DESTINATIONS_LIMIT {
            return Err(EncodeError::too_long("number_of_dests", DESTINATIONS_LIMIT));
        }
        out.put_u8(self.len() as u8);
        for destination in self.iter() {
            match destination {
                Destination::Address(address) => {
                    out.put_u8(1);
                    address.encode(SHORT, "destination_addr", out)?;
                }
                Destination::DistributionList(name) => {
                    out.put_u8(2);
                    wire::put_c_string(out, name, 21, "dl_name")?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let field = "number_of_dests";
        let count = reader.u8(field)?.into();
        if count == 0 {
            return Err(DecodeError::Value { field, value: 0 });
        }
        if count > DESTINATIONS_LIMIT {
            return Err(DecodeError::Length {
                field,
                length: count,
                limit: DESTINATIONS_LIMIT,
            });
        }
        let mut ahead = reader.clone();
        for _ in 0..count {
            entry(&mut ahead)?;
        }
        let octets = reader.octets(reader.remaining() - ahead.remaining(), field)?;
        Ok(Destinations::Wire(WireDestinations { count, octets }))
    }
}

fn entry<'a>(reader: &mut Reader<'a>) -> Result<Destination<'a>, DecodeError> {
    match reader.u8("dest_flag")? {
        1 => Ok(Destination::Address(Address::decode(
            reader,
            SHORT,
            "destination_addr",
        )?)),
        2 => Ok(Destination::DistributionList(reader.c_string(21, "dl_name")?)),
        flag => Err(DecodeError::Value {
            field: "dest_flag",
            value: flag.into(),
        }),
    }
}

impl PartialEq for Destinations<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Destinations<'_> {}
