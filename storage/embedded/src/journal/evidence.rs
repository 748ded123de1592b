//! What the bytes after a break in the log say about it: a crash cannot have torn what was synced before they were written.

use super::frame::{ALIGNMENT, FrameHeader, HEADER_BYTES, MAGIC};
use super::volume::{FRAMES_AT, Volume};
use std::io;

const WINDOW_BYTES: usize = 1024 * 1024;

/// The highest `durable_upto` of any whole header in this volume from `from` on; 0 when there is none.
///
/// A payload need not be whole for its header to tell the truth.
pub(super) fn durable_by(volume: &Volume, from: u64) -> io::Result<u64> {
    let mut highest = 0;
    let mut window = vec![0; WINDOW_BYTES];
    let mut at = from.max(FRAMES_AT).next_multiple_of(ALIGNMENT);
    loop {
        let read = volume.file.read_at(at, &mut window)?;
        if read < HEADER_BYTES {
            return Ok(highest);
        }
        let borders = (read - HEADER_BYTES) / ALIGNMENT as usize + 1;
        let places = (0..borders).map(|border| border * ALIGNMENT as usize);
        for place in places.filter(|place| window[*place..].starts_with(&MAGIC)) {
            let bytes = window[place..place + HEADER_BYTES]
                .try_into()
                .expect("as long as a header");
            if let Some((header, _)) = FrameHeader::decode(bytes, volume.salt) {
                highest = highest.max(header.durable_upto);
            }
        }
        at += borders as u64 * ALIGNMENT;
    }
}
