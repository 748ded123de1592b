use super::frame::{FrameHeader, HEADER_BYTES};
use super::volume::{FRAMES_AT, Volume};
use std::io;

/// Bytes read ahead at once; grows for the time of a larger frame.
const WINDOW_BYTES: usize = 256 * 1024;

/// Steps through the frames of one volume.
pub(super) struct Cursor {
    pub(super) volume: Volume,
    pub(super) offset: u64,
    window: Vec<u8>,
    window_at: u64,
}

/// A frame under the cursor: its header is whole, its payload not looked at yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) header: FrameHeader,
    pub(super) crc: u32,
}

impl Cursor {
    pub(super) fn new(volume: Volume) -> Self {
        Cursor::at(volume, FRAMES_AT)
    }

    /// `offset` must be where a frame begins.
    pub(super) fn at(volume: Volume, offset: u64) -> Self {
        Cursor {
            volume,
            offset,
            window: Vec::new(),
            window_at: 0,
        }
    }

    /// The header of the frame that begins here and ends by `end`, if there is one.
    pub(super) fn header(&mut self, end: u64) -> io::Result<Option<Found>> {
        let salt = self.volume.salt;
        let Some(bytes) = self.bytes(self.offset, HEADER_BYTES, end)? else {
            return Ok(None);
        };
        let bytes = bytes.try_into().expect("as many bytes as were asked for");
        let found = FrameHeader::decode(bytes, salt).map(|(header, crc)| Found { header, crc });
        Ok(found.filter(|found| self.offset + found.header.bytes_on_disk() <= end))
    }

    /// The payload of the frame here; `None` when it is not what its header says.
    pub(super) fn payload(&mut self, header: &FrameHeader, end: u64) -> io::Result<Option<&[u8]>> {
        let at = self.offset + HEADER_BYTES as u64;
        let payload = self.bytes(at, header.payload_bytes as usize, end)?;
        Ok(payload.filter(|payload| header.holds(payload)))
    }

    pub(super) fn step_over(&mut self, header: &FrameHeader) {
        self.offset += header.bytes_on_disk();
    }

    /// Bytes of the volume before `end`, through the window; `None` when there are not so many.
    fn bytes(&mut self, at: u64, len: usize, end: u64) -> io::Result<Option<&[u8]>> {
        if at + len as u64 > end {
            return Ok(None);
        }
        let inside = at >= self.window_at && at + len as u64 <= self.window_at + self.window.len() as u64;
        if !inside {
            // Never beyond `end`: what is not durable yet may still change.
            let ahead = len.max(WINDOW_BYTES).min((end - at) as usize);
            self.window.resize(ahead, 0);
            self.window_at = at;
            let read = self.volume.file.read_at(at, &mut self.window);
            self.window.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        let from = (at - self.window_at) as usize;
        Ok(self.window.get(from..from + len))
    }
}
