//! One frame as bytes: a header of 48 bytes, the payload, zeros up to the next 8-byte border. Numbers are little-endian.
//!
//! | at | bytes | |
//! |---|---|---|
//! | 0 | 4 | magic |
//! | 4 | 4 | CRC-32C of bytes 8…47, seeded with the volume's salt |
//! | 8 | 4 | payload length |
//! | 12 | 1 | kind |
//! | 13 | 3 | 0 |
//! | 16 | 8 | sequence of the newest data frame, this one included |
//! | 24 | 8 | ordinal: number among all frames |
//! | 32 | 8 | durable up to this ordinal when this frame was written |
//! | 40 | 4 | header CRC of the frame before |
//! | 44 | 4 | CRC-32C of the payload |
//!
//! The header has a CRC of its own, so that no payload is summed on the word of a broken length. The salt keeps a payload,
//! which comes from outside, from passing for a frame.

use carillon_storage::journal::FrameSeq;
use crc32c::{crc32c, crc32c_append};

pub(super) const HEADER_BYTES: usize = 48;

/// Frames begin at multiples of this.
pub(super) const ALIGNMENT: u64 = 8;

/// The largest payload of a frame.
pub const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

const _: () = assert!(PAYLOAD_BYTES_MAX >= 2 * carillon_domain::frame::PAYLOAD_BYTES_MAX);

pub(super) const MAGIC: [u8; 4] = *b"\xf5CJf";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// A payload that was appended.
    Data,
    /// The journal was opened; the payload is a random number that no other opening has.
    Opened,
    /// The journal was closed with everything durable; no payload.
    Closed,
}

impl FrameKind {
    fn byte(self) -> u8 {
        match self {
            FrameKind::Data => 1,
            FrameKind::Opened => 2,
            FrameKind::Closed => 3,
        }
    }

    fn from_byte(byte: u8) -> Option<FrameKind> {
        [FrameKind::Data, FrameKind::Opened, FrameKind::Closed]
            .into_iter()
            .find(|kind| kind.byte() == byte)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) kind: FrameKind,
    pub(super) payload_bytes: u32,
    pub(super) seq: FrameSeq,
    pub(super) ordinal: u64,
    pub(super) durable_upto: u64,
    pub(super) previous_crc: u32,
    pub(super) payload_crc: u32,
}

impl FrameHeader {
    /// The bytes and the CRC that the next frame refers to.
    pub(super) fn encode(&self, salt: u32) -> ([u8; HEADER_BYTES], u32) {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[12] = self.kind.byte();
        bytes[16..24].copy_from_slice(&self.seq.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.ordinal.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.durable_upto.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.previous_crc.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.payload_crc.to_le_bytes());
        let crc = crc32c_append(salt, &bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        (bytes, crc)
    }

    /// The header and its CRC; `None` when these bytes are no whole header of this volume.
    pub(super) fn decode(bytes: &[u8; HEADER_BYTES], salt: u32) -> Option<(FrameHeader, u32)> {
        if bytes[0..4] != MAGIC {
            return None;
        }
        let crc = u32_at(bytes, 4);
        if crc != crc32c_append(salt, &bytes[8..]) {
            return None;
        }
        let header = FrameHeader {
            kind: FrameKind::from_byte(bytes[12])?,
            payload_bytes: u32_at(bytes, 8),
            seq: FrameSeq(u64_at(bytes, 16)),
            ordinal: u64_at(bytes, 24),
            durable_upto: u64_at(bytes, 32),
            previous_crc: u32_at(bytes, 40),
            payload_crc: u32_at(bytes, 44),
        };
        // No frame could follow one that has the highest number.
        let is_sound = header.payload_bytes as usize <= PAYLOAD_BYTES_MAX
            && header.seq.0 < u64::MAX
            && header.ordinal < u64::MAX;
        is_sound.then_some((header, crc))
    }

    pub(super) fn holds(&self, payload: &[u8]) -> bool {
        payload.len() == self.payload_bytes as usize && crc32c(payload) == self.payload_crc
    }

    /// Bytes from this frame's start to the next one's.
    pub(super) fn bytes_on_disk(&self) -> u64 {
        bytes_on_disk(self.payload_bytes as usize)
    }
}

/// Bytes that a frame with such a payload takes in a volume.
pub(super) fn bytes_on_disk(payload_bytes: usize) -> u64 {
    ((HEADER_BYTES + payload_bytes) as u64).next_multiple_of(ALIGNMENT)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(kind: FrameKind, payload: &[u8]) -> FrameHeader {
        FrameHeader {
            kind,
            payload_bytes: payload.len() as u32,
            seq: FrameSeq(7),
            ordinal: 9,
            durable_upto: 8,
            previous_crc: 0xdead_beef,
            payload_crc: crc32c(payload),
        }
    }

    #[test]
    fn the_layout_is_what_the_table_says() {
        let (bytes, crc) = header(FrameKind::Data, b"abc").encode(5);
        assert_eq!(bytes[0..4], MAGIC);
        assert_eq!(bytes[4..8], crc.to_le_bytes());
        assert_eq!(bytes[8..16], [3, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!((bytes[16], bytes[24], bytes[32]), (7, 9, 8));
        assert_eq!(bytes[40..44], [0xef, 0xbe, 0xad, 0xde]);
        assert_eq!(bytes[44..48], crc32c(b"abc").to_le_bytes());
        assert_eq!([0, 1, 8, 9].map(bytes_on_disk), [48, 56, 56, 64]);
    }

    #[test]
    fn another_volumes_salt_is_not_accepted() {
        let (bytes, _) = header(FrameKind::Opened, b"").encode(5);
        assert!(FrameHeader::decode(&bytes, 5).is_some());
        assert_eq!(FrameHeader::decode(&bytes, 6), None);
    }

    #[test]
    fn numbers_that_no_other_can_follow_are_refused() {
        let sound = header(FrameKind::Data, b"");
        let last = FrameSeq(u64::MAX);
        for unsound in [
            FrameHeader { seq: last, ..sound },
            FrameHeader {
                ordinal: last.0,
                ..sound
            },
        ] {
            assert_eq!(FrameHeader::decode(&unsound.encode(1).0, 1), None);
        }
    }

    #[test]
    fn lengths_above_the_limit_and_unknown_kinds_are_refused() {
        let mut too_long = header(FrameKind::Data, b"");
        too_long.payload_bytes = PAYLOAD_BYTES_MAX as u32 + 1;
        assert_eq!(FrameHeader::decode(&too_long.encode(1).0, 1), None);
        let (mut unknown, _) = header(FrameKind::Data, b"").encode(1);
        unknown[12] = 9;
        let crc = crc32c_append(1, &unknown[8..]);
        unknown[4..8].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(FrameHeader::decode(&unknown, 1), None);
    }

    proptest! {
        #[test]
        fn encoded_headers_decode_and_every_flipped_bit_is_noticed(
            seq in 0..u64::MAX, ordinal in 0..u64::MAX, durable_upto: u64, previous_crc: u32, payload_crc: u32, salt: u32,
            payload_bytes in 0..=PAYLOAD_BYTES_MAX as u32, bit in 0..HEADER_BYTES * 8,
        ) {
            let header = FrameHeader {
                kind: FrameKind::Data, payload_bytes, seq: FrameSeq(seq), ordinal, durable_upto, previous_crc, payload_crc,
            };
            let (mut bytes, crc) = header.encode(salt);
            prop_assert_eq!(FrameHeader::decode(&bytes, salt), Some((header, crc)));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(FrameHeader::decode(&bytes, salt), None);
        }

        #[test]
        fn foreign_bytes_are_refused_without_panic(mut bytes: [u8; HEADER_BYTES], salt: u32) {
            bytes[0..4].copy_from_slice(&MAGIC);
            if let Some((header, _)) = FrameHeader::decode(&bytes, salt) {
                prop_assert_eq!(header.encode(salt).0, bytes);
            }
        }
    }
}
