use carillon_storage::journal::FrameSeq;
use serde::{Deserialize, Serialize};

/// Where a fact stands in the journal: its frame, and its first byte there (see [`carillon_domain::frame::fact_at`]). Packed,
/// because millions of rows have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactPlace(u64);

/// A frame is smaller than that: 1 MiB. What is left of the number is enough for 17 million million frames.
const BYTE_BITS: u32 = 20;

const _: () = assert!(carillon_domain::frame::PAYLOAD_BYTES_MAX <= 1 << BYTE_BITS);

impl FactPlace {
    pub fn new(frame: FrameSeq, byte: u32) -> Self {
        debug_assert!(frame.0 < 1 << (u64::BITS - BYTE_BITS), "frame {}", frame.0);
        debug_assert!(byte < 1 << BYTE_BITS, "byte {byte}");
        FactPlace(frame.0 << BYTE_BITS | u64::from(byte))
    }

    pub fn frame(self) -> FrameSeq {
        FrameSeq(self.0 >> BYTE_BITS)
    }

    pub fn byte(self) -> u32 {
        (self.0 & ((1 << BYTE_BITS) - 1)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_whole() {
        for (frame, byte) in [(0, 0), (1, (1 << BYTE_BITS) - 1), ((1 << 44) - 1, 7)] {
            let place = FactPlace::new(FrameSeq(frame), byte);
            assert_eq!((place.frame().0, place.byte()), (frame, byte));
        }
    }
}
