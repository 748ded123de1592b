use super::chain::Chain;
use super::cursor::Cursor;
use super::error::io_error;
use super::folder::VolumeHead;
use super::frame::FrameKind;
use super::volume::Volume;
use super::volume_list::{Mark, VolumeList};
use crate::files::Files;
use carillon_storage::journal::{FrameSeq, JournalError};
use std::io;
use std::path::Path;

/// The frames from one volume on, followed until one is not there or does not follow.
pub(super) struct Walk {
    /// The last whole frame.
    pub(super) chain: Chain,
    pub(super) last_kind: Option<FrameKind>,
    /// Each volume with a whole frame, the first one in any case, and where its last whole frame ends.
    pub(super) ends: Vec<(Volume, u64)>,
    /// Payload bytes of the frames after the checkpoint.
    pub(super) payload_bytes: u64,
    checkpoint: FrameSeq,
}

impl Walk {
    /// Walks through `volumes` from `chain` on and marks the way in `list`. Bytes are counted after frame `checkpoint`.
    pub(super) fn run(
        files: &dyn Files,
        dir: &Path,
        volumes: &[VolumeHead],
        chain: Chain,
        checkpoint: FrameSeq,
        list: &VolumeList,
    ) -> Result<Walk, JournalError> {
        let mut walk = Walk {
            chain,
            last_kind: None,
            ends: Vec::new(),
            payload_bytes: 0,
            checkpoint,
        };
        for head in volumes {
            let mut cursor = Cursor::new(Volume::open(files, dir, head.index)?);
            let begin = cursor.offset;
            while walk
                .step(&mut cursor, list)
                .map_err(io_error("reading frames", &cursor.volume.path))?
            {}
            if cursor.offset == begin && !walk.ends.is_empty() {
                break;
            }
            walk.ends.push((cursor.volume, cursor.offset));
        }
        Ok(walk)
    }

    /// False when the cursor's frame is not the next one.
    fn step(&mut self, cursor: &mut Cursor, list: &VolumeList) -> io::Result<bool> {
        let end = cursor.volume.bytes;
        let Some(found) = cursor.header(end)? else {
            return Ok(false);
        };
        let header = found.header;
        if !self.chain.leads_to(&header) || cursor.payload(&header, end)?.is_none() {
            return Ok(false);
        }
        list.mark(Mark {
            seq: self.chain.seq.next(),
            volume: cursor.volume.index,
            offset: cursor.offset,
            payload_bytes_before: self.payload_bytes,
        });
        if header.kind == FrameKind::Data && header.seq > self.checkpoint {
            self.payload_bytes += u64::from(header.payload_bytes);
        }
        self.chain = Chain::after(&header, found.crc);
        self.last_kind = Some(header.kind);
        cursor.step_over(&header);
        Ok(true)
    }
}
