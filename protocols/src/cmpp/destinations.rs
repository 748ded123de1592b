//! The destination list of a SUBMIT.

use super::version::Version;
use crate::error::{DecodeError, EncodeError};
use crate::wire::{self, Reader};
use bytes::{BufMut, BytesMut};

/// Numbers in one SUBMIT. The text says "less than 100", gateways take 100.
pub const DESTINATIONS_LIMIT: usize = 100;

/// Numbers without their padding: given by the caller, or still inside the PDU they came in.
#[derive(Clone, Copy, Debug)]
pub enum Destinations<'a> {
    List(&'a [&'a [u8]]),
    Wire(WireDestinations<'a>),
}

/// Fields of equal width; made by decoding only, so that the width always divides the octets.
#[derive(Clone, Copy, Debug)]
pub struct WireDestinations<'a> {
    octets: &'a [u8],
    width: usize,
}

impl<'a> Destinations<'a> {
    pub fn len(&self) -> usize {
        match self {
            Destinations::List(list) => list.len(),
            Destinations::Wire(wire) => wire.octets.len() / wire.width,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (list, octets, width) = match *self {
            Destinations::List(list) => (list, &[][..], 1),
            Destinations::Wire(wire) => (&[][..], wire.octets, wire.width),
        };
        list.iter()
            .copied()
            .chain(octets.chunks_exact(width).map(wire::until_nul))
    }

    /// DestUsr_tl and Dest_terminal_Id.
    pub(super) fn encode(&self, version: Version, out: &mut BytesMut) -> Result<(), EncodeError> {
        if self.is_empty() || self.len() > DESTINATIONS_LIMIT {
            return Err(EncodeError::too_long("DestUsr_tl", DESTINATIONS_LIMIT));
        }
        out.put_u8(self.len() as u8);
        for number in self.iter() {
            wire::put_padded(out, number, version.terminal_width(), "Dest_terminal_Id")?;
        }
        Ok(())
    }

    pub(super) fn decode(reader: &mut Reader<'a>, version: Version) -> Result<Self, DecodeError> {
        let count = reader.u8("DestUsr_tl")? as usize;
        if count == 0 {
            return Err(DecodeError::Value {
                field: "DestUsr_tl",
                value: 0,
            });
        }
        if count > DESTINATIONS_LIMIT {
            return Err(DecodeError::Length {
                field: "DestUsr_tl",
                length: count,
                limit: DESTINATIONS_LIMIT,
            });
        }
        let width = version.terminal_width();
        let octets = reader.octets(count * width, "Dest_terminal_Id")?;
        Ok(Destinations::Wire(WireDestinations { octets, width }))
    }
}

impl PartialEq for Destinations<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Destinations<'_> {}
