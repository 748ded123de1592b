use super::Coding;
use crate::catalog::{ConcatenationReference, Connection, Protocol};

/// The most characters a gateway may append by itself.
pub const RESERVE_MAX: u8 = 40;

/// What a segment may hold on its way to a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentLimits {
    /// Long messages carry the 7-byte header with a 16-bit reference, which costs one unit per segment.
    pub wide_reference: bool,
    /// Characters the gateway appends as its own signature; room is kept in the last segment. At most [`RESERVE_MAX`].
    pub reserve: u8,
    /// The most segments one text may need.
    pub segments_max: u8,
    /// CMPP names coding 0 ASCII, and carriers read it as ASCII or as GSM 7-bit (CMPP 2.0 §7.4.3.1, Msg_Fmt). Only
    /// characters with the same code in both are sent so, and a payload stays below 160 octets (Msg_Length).
    pub ascii_subset: bool,
}

impl Default for SegmentLimits {
    fn default() -> Self {
        SegmentLimits {
            wide_reference: false,
            reserve: 0,
            segments_max: 20,
            ascii_subset: false,
        }
    }
}

impl SegmentLimits {
    /// The strictest limits of all the connections, so that a planned text fits whichever of them pulls it.
    pub fn strictest<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> SegmentLimits {
        connections
            .into_iter()
            .fold(SegmentLimits::default(), |limits, connection| SegmentLimits {
                wide_reference: limits.wide_reference
                    || connection.concatenation == ConcatenationReference::SixteenBit,
                reserve: limits.reserve.max(connection.signature_reserve),
                ascii_subset: limits.ascii_subset
                    || matches!(connection.protocol, Protocol::Cmpp20 | Protocol::Cmpp30),
                ..limits
            })
    }

    /// Bytes of UTF-8 beyond which no text fits, whatever its characters.
    pub fn text_bytes_max(&self) -> usize {
        const UNITS_MAX: usize = 160;
        const BYTES_PER_UNIT_MAX: usize = 3;
        usize::from(self.segments_max) * UNITS_MAX * BYTES_PER_UNIT_MAX
    }

    /// Units of a text that goes alone.
    pub(super) fn single_units(&self, coding: Coding) -> usize {
        match coding {
            Coding::Gsm7 if self.ascii_subset => 159,
            Coding::Gsm7 => 160,
            Coding::Ucs2 => 70,
        }
    }

    /// Units of one segment among several, beside the header (3GPP TS 23.040 §9.2.3.24.1 and .8).
    pub(super) fn part_units(&self, coding: Coding) -> usize {
        match (coding, self.wide_reference) {
            (Coding::Gsm7, false) => 153,
            (Coding::Gsm7, true) => 152,
            (Coding::Ucs2, false) => 67,
            (Coding::Ucs2, true) => 66,
        }
    }
}
