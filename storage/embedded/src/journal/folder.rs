use super::checkpoint::checkpoint_seq;
use super::cursor::Cursor;
use super::error::{damaged, io_error};
use super::frame::{FrameHeader, FrameKind};
use super::volume::{TEMPORARY, Volume, volume_index, volume_path};
use crate::files::Files;
use carillon_storage::journal::{FrameSeq, JournalError};
use std::path::Path;

/// What lies in a journal's folder.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Oldest first, without gaps.
    pub(super) volumes: Vec<VolumeHead>,
    /// Newest first.
    pub(super) checkpoints: Vec<FrameSeq>,
}

/// How a volume begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct VolumeHead {
    pub(super) index: u64,
    /// Length of the file.
    pub(super) bytes: u64,
    /// The header of its first frame, when that is whole.
    pub(super) header: Option<FrameHeader>,
}

impl Folder {
    /// Lists the folder and removes what interrupted writes left behind.
    pub(super) fn tidy(files: &dyn Files, dir: &Path) -> Result<Folder, JournalError> {
        let mut folder = Folder::default();
        let mut indexes = Vec::new();
        for name in files
            .list(dir)
            .map_err(io_error("listing the journal's folder", dir))?
        {
            if name.strip_suffix(TEMPORARY).is_some_and(is_ours) {
                let path = dir.join(&name);
                files
                    .unlink(&path)
                    .map_err(io_error("removing an unfinished file", &path))?;
            }
            indexes.extend(volume_index(&name));
            folder.checkpoints.extend(checkpoint_seq(&name));
        }
        indexes.sort_unstable();
        folder.checkpoints.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(pair) = indexes.windows(2).find(|pair| pair[1] != pair[0] + 1) {
            return Err(damaged(&volume_path(dir, pair[0] + 1), 0, "the file is missing"));
        }
        for index in indexes {
            folder.volumes.push(VolumeHead::read(files, dir, index)?);
        }
        Ok(folder)
    }

    /// The first data frame that may be read; `None` when that cannot be told.
    pub(super) fn oldest(&self) -> Option<FrameSeq> {
        match self.volumes.first() {
            None => Some(FrameSeq(1)),
            Some(head) if head.index == 1 => Some(FrameSeq(1)),
            Some(head) => head.first(),
        }
    }
}

impl VolumeHead {
    fn read(files: &dyn Files, dir: &Path, index: u64) -> Result<VolumeHead, JournalError> {
        let mut cursor = Cursor::new(Volume::open(files, dir, index)?);
        let bytes = cursor.volume.bytes;
        let found = cursor
            .header(bytes)
            .map_err(io_error("reading frames", &cursor.volume.path))?;
        Ok(VolumeHead {
            index,
            bytes,
            header: found.map(|found| found.header),
        })
    }

    /// The first data frame in it, or the one that would be.
    pub(super) fn first(&self) -> Option<FrameSeq> {
        self.header.map(|header| match header.kind {
            FrameKind::Data => header.seq,
            FrameKind::Opened | FrameKind::Closed => header.seq.next(),
        })
    }
}

fn is_ours(name: &str) -> bool {
    volume_index(name).is_some() || checkpoint_seq(name).is_some()
}
