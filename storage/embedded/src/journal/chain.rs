use super::frame::{FrameHeader, FrameKind};
use carillon_storage::journal::FrameSeq;
use crc32c::crc32c;

/// Where the log has got to: what the next frame must refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// Of the newest data frame.
    pub(super) seq: FrameSeq,
    /// Of the newest frame.
    pub(super) ordinal: u64,
    /// Header CRC of the newest frame.
    pub(super) crc: u32,
}

impl Chain {
    /// Before the first frame of a journal.
    pub(super) const START: Chain = Chain {
        seq: FrameSeq::ZERO,
        ordinal: 0,
        crc: 0,
    };

    /// Right after a frame that is known to be good.
    pub(super) fn after(header: &FrameHeader, crc: u32) -> Chain {
        Chain {
            seq: header.seq,
            ordinal: header.ordinal,
            crc,
        }
    }

    /// Right before a frame that begins the oldest volume to be read.
    pub(super) fn before(header: &FrameHeader) -> Chain {
        let data = u64::from(header.kind == FrameKind::Data);
        Chain {
            seq: FrameSeq(header.seq.0.saturating_sub(data)),
            ordinal: header.ordinal.saturating_sub(1),
            crc: header.previous_crc,
        }
    }

    /// Whether this frame is the next one.
    pub(super) fn leads_to(&self, header: &FrameHeader) -> bool {
        header.seq == self.seq_of_next(header.kind)
            && header.ordinal == self.ordinal + 1
            && header.previous_crc == self.crc
    }

    /// The header of the next frame.
    pub(super) fn next(&self, kind: FrameKind, payload: &[u8], durable_upto: u64) -> FrameHeader {
        FrameHeader {
            kind,
            payload_bytes: payload.len() as u32,
            seq: self.seq_of_next(kind),
            ordinal: self.ordinal + 1,
            durable_upto,
            previous_crc: self.crc,
            payload_crc: crc32c(payload),
        }
    }

    fn seq_of_next(&self, kind: FrameKind) -> FrameSeq {
        match kind {
            FrameKind::Data => self.seq.next(),
            FrameKind::Opened | FrameKind::Closed => self.seq,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_frames_take_a_sequence_number() {
        let mut chain = Chain::START;
        let mut seen = Vec::new();
        for kind in [
            FrameKind::Opened,
            FrameKind::Data,
            FrameKind::Closed,
            FrameKind::Opened,
            FrameKind::Data,
        ] {
            let header = chain.next(kind, b"x", 0);
            assert!(chain.leads_to(&header));
            assert_eq!(Chain::before(&header), chain);
            chain = Chain::after(&header, header.encode(3).1);
            assert!(!chain.leads_to(&header), "a frame never follows itself");
            seen.push((header.seq.0, header.ordinal));
        }
        assert_eq!(seen, [(0, 1), (1, 2), (1, 3), (1, 4), (2, 5)]);
    }

    #[test]
    fn a_frame_after_a_gap_or_of_another_past_does_not_follow() {
        let chain = Chain {
            seq: FrameSeq(4),
            ordinal: 6,
            crc: 77,
        };
        let next = chain.next(FrameKind::Data, b"x", 6);
        assert!(!chain.leads_to(&FrameHeader { ordinal: 8, ..next }));
        assert!(!chain.leads_to(&FrameHeader {
            seq: FrameSeq(6),
            ..next
        }));
        assert!(!chain.leads_to(&FrameHeader {
            previous_crc: 78,
            ..next
        }));
    }
}
