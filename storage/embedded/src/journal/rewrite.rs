//! After an unclean stop nothing that was read may be trusted to be on the disk: a sync may have failed and left a page cache that
//! shows what the disk never got. So the tail is written again, into new files, before anybody relies on it.

use super::error::io_error;
use super::volume::{Volume, create_anew, temporary, volume_path};
use crate::files::{Files, write_zeros};
use carillon_storage::journal::JournalError;
use std::io;
use std::path::Path;

const PIECE_BYTES: u64 = 1024 * 1024;

/// Replaces a volume by a copy that ends, but for zeros, at `end`; durable on return. The frames stay the same byte for byte, so a
/// crash between two volumes leaves nothing to repair.
pub(super) fn rewrite(files: &dyn Files, dir: &Path, volume: &Volume, end: u64) -> Result<(), JournalError> {
    let temporary = temporary(&volume.path);
    let rewritten = (|| {
        let copy = create_anew(files, &temporary)?;
        let mut piece = vec![0; PIECE_BYTES as usize];
        let mut at = 0;
        while at < end {
            let piece = &mut piece[..(end - at).min(PIECE_BYTES) as usize];
            if volume.file.read_at(at, piece)? < piece.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            copy.write_at(at, piece)?;
            at += piece.len() as u64;
        }
        write_zeros(&*copy, end, volume.bytes)?;
        copy.datasync()?;
        files.rename(&temporary, &volume.path)?;
        files.sync_dir(dir)
    })();
    rewritten.map_err(io_error("rewriting a volume after an unclean stop", &volume.path))
}

/// Removes volumes, given oldest first, so that a crash in between leaves no gap among those that stay.
pub(super) fn remove_newest_first(
    files: &dyn Files,
    dir: &Path,
    volumes: impl DoubleEndedIterator<Item = u64>,
) -> Result<(), JournalError> {
    volumes.rev().try_for_each(|index| remove(files, dir, index))
}

/// Removes one volume; durable on return.
pub(super) fn remove(files: &dyn Files, dir: &Path, index: u64) -> Result<(), JournalError> {
    let path = volume_path(dir, index);
    files
        .unlink(&path)
        .and_then(|()| files.sync_dir(dir))
        .map_err(io_error("removing a volume", &path))
}
