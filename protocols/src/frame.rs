//! Cutting a stream of bytes into PDUs. Both protocols begin every PDU with its whole length as 32 bits.

use bytes::{Buf, BytesMut};

/// A length field that cannot be one; where the next PDU begins is lost with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a length field of {length} is outside {minimum} to {limit}")]
pub struct FrameError {
    pub length: u32,
    pub minimum: usize,
    pub limit: usize,
}

/// Collects bytes and gives out whole PDUs. Holds at most one unfinished PDU besides what was fed last.
#[derive(Default)]
pub struct FrameReader {
    buffer: BytesMut,
    /// Octets at the front of `buffer` that were given out by the last call.
    taken: usize,
    minimum: usize,
    limit: usize,
}

impl FrameReader {
    /// `minimum`: octets of a header; `limit`: octets of the largest PDU taken.
    pub fn new(minimum: usize, limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            taken: 0,
            minimum: minimum.max(4),
            limit,
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole PDU including its length field, or `None` until more bytes come.
    ///
    /// # Errors
    /// The length field is below a header or above the limit. It is checked before any of the PDU is waited for, and stays
    /// in front: every further call fails too.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        self.buffer.advance(std::mem::take(&mut self.taken));
        let Some(&prefix) = self.buffer.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(prefix);
        if length < self.minimum as u32 || length as usize > self.limit {
            return Err(FrameError {
                length,
                minimum: self.minimum,
                limit: self.limit,
            });
        }
        if self.buffer.len() < length as usize {
            return Ok(None);
        }
        self.taken = length as usize;
        Ok(Some(&self.buffer[..self.taken]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(reader: &mut FrameReader) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut all = Vec::new();
        while let Some(frame) = reader.next_frame()? {
            all.push(frame.to_vec());
        }
        Ok(all)
    }

    #[test]
    fn lengths_outside_the_limits_are_refused_before_the_rest_comes() {
        for (length, ok) in [
            (0u32, false),
            (11, false),
            (12, true),
            (4096, true),
            (4097, false),
            (u32::MAX, false),
        ] {
            let mut reader = FrameReader::new(12, 4096);
            reader.feed(&length.to_be_bytes());
            assert_eq!(reader.next_frame().is_ok(), ok, "{length}");
            assert_eq!(reader.next_frame().is_ok(), ok, "the answer stays the same");
        }
    }

    proptest! {
        #[test]
        fn any_cut_of_the_stream_gives_the_same_frames(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 8..64), 1..8),
            cut in 1usize..40,
        ) {
            let whole: Vec<Vec<u8>> = bodies
                .iter()
                .map(|body| [&(body.len() as u32 + 4).to_be_bytes(), &body[..]].concat())
                .collect();
            let mut reader = FrameReader::new(12, 4096);
            let mut seen = Vec::new();
            for chunk in whole.concat().chunks(cut) {
                reader.feed(chunk);
                seen.extend(frames(&mut reader)?);
            }
            prop_assert_eq!(seen, whole);
        }
    }
}
