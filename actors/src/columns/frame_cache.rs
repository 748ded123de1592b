use super::Map;
use carillon_storage::journal::FrameSeq;
use std::collections::VecDeque;

/// Frames that were read lately, as they lie in the journal; the first to come is the first to go.
#[derive(Debug, Default)]
pub(super) struct FrameCache {
    payloads: Map<FrameSeq, Vec<u8>>,
    order: VecDeque<FrameSeq>,
    bytes: usize,
}

/// Payload bytes kept at most, besides the newest frame.
const BYTES_MAX: usize = 32 << 20;

impl FrameCache {
    pub fn has(&self, frame: FrameSeq) -> bool {
        self.payloads.contains_key(&frame)
    }

    pub fn get(&self, frame: FrameSeq) -> Option<&[u8]> {
        self.payloads.get(&frame).map(Vec::as_slice)
    }

    pub fn put(&mut self, frame: FrameSeq, payload: Vec<u8>) {
        if self.has(frame) {
            return;
        }
        self.bytes += payload.len();
        self.payloads.insert(frame, payload);
        self.order.push_back(frame);
        while self.bytes > BYTES_MAX
            && self.order.len() > 1
            && let Some(oldest) = self.order.pop_front()
        {
            let gone = self.payloads.remove(&oldest);
            self.bytes -= gone.map_or(0, |payload| payload.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_frames_are_kept() {
        let mut cache = FrameCache::default();
        for frame in 1..=100 {
            cache.put(FrameSeq(frame), vec![7; 1 << 20]);
            cache.put(FrameSeq(frame), vec![8; 1 << 20]);
        }
        let kept: Vec<_> = (1..=100).filter(|frame| cache.has(FrameSeq(*frame))).collect();
        assert_eq!(kept, (69..=100).collect::<Vec<_>>());
        assert_eq!((cache.bytes, cache.order.len()), (32 << 20, 32));
        assert_eq!(cache.get(FrameSeq(100)).unwrap()[0], 7);
        cache.put(FrameSeq(101), vec![9; 40 << 20]);
        assert_eq!(
            (cache.has(FrameSeq(101)), cache.has(FrameSeq(100))),
            (true, false)
        );
    }
}
