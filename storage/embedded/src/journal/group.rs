use super::chain::Chain;
use super::frame::{ALIGNMENT, FrameKind, bytes_on_disk};

/// Frames that share one write and one sync.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) bytes: Vec<u8>,
    /// Data frames among them.
    pub(super) frames: usize,
    pub(super) payload_bytes: u64,
}

impl Group {
    /// Adds the frame after `chain`; returns the chain with it.
    pub(super) fn push(
        &mut self,
        chain: Chain,
        kind: FrameKind,
        payload: &[u8],
        durable_upto: u64,
        salt: u32,
    ) -> Chain {
        let header = chain.next(kind, payload, durable_upto);
        let (bytes, crc) = header.encode(salt);
        self.bytes.reserve(bytes_on_disk(payload.len()) as usize);
        self.bytes.extend_from_slice(&bytes);
        self.bytes.extend_from_slice(payload);
        self.bytes
            .resize(self.bytes.len().next_multiple_of(ALIGNMENT as usize), 0);
        if kind == FrameKind::Data {
            self.frames += 1;
            self.payload_bytes += payload.len() as u64;
        }
        Chain::after(&header, crc)
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.frames = 0;
        self.payload_bytes = 0;
    }
}
