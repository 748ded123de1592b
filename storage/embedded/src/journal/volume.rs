//! One volume file: a header block, frames, zeros.

use super::error::{damaged, io_error};
use super::frame::{u32_at, u64_at};
use crate::files::{File, Files, write_zeros};
use carillon_storage::journal::JournalError;
use crc32c::crc32c;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Frames begin here; the header takes a page of its own, which is never written again.
pub(super) const FRAMES_AT: u64 = 4096;

/// The version of the volume format that this code writes, and the only one it reads.
const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"CARILJNL";
const HEADER_BYTES: usize = 32;

/// Zeros of a new volume reach the disk in pieces of this size, so that a commit never waits behind more than one of them.
const ZEROING_STEP_BYTES: u64 = 4 * 1024 * 1024;

/// The part of a temporary file's name that tells it from all others.
pub(super) const TEMPORARY: &str = ".tmp";

/// An open volume.
#[derive(Clone)]
pub(super) struct Volume {
    /// 1 for a journal's first, without gaps.
    pub(super) index: u64,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn File>,
    /// Seeds the frames' CRCs; random.
    pub(super) salt: u32,
    /// Length of the file.
    pub(super) bytes: u64,
}

impl Volume {
    /// A new volume of zeros, durable under its name on return; `bytes` is more than a header block. `stop` ends the work early, with an error.
    pub(super) fn create(
        files: &dyn Files,
        dir: &Path,
        index: u64,
        bytes: u64,
        stop: &AtomicBool,
    ) -> Result<Volume, JournalError> {
        let path = volume_path(dir, index);
        let temporary = temporary(&path);
        let failed = |source| io_error("creating a volume", &path)(source);
        let salt = getrandom::u32().map_err(|error| failed(error.into()))?;
        let file = create_anew(files, &temporary).map_err(failed)?;
        file.write_at(0, &encode_header(index, salt)).map_err(failed)?;
        let mut at = FRAMES_AT;
        while at < bytes {
            if stop.load(Ordering::Relaxed) {
                return Err(failed(io::ErrorKind::Interrupted.into()));
            }
            let to = bytes.min(at + ZEROING_STEP_BYTES);
            write_zeros(&*file, at, to)
                .and_then(|()| file.datasync())
                .map_err(failed)?;
            at = to;
        }
        files
            .rename(&temporary, &path)
            .and_then(|()| files.sync_dir(dir))
            .map_err(failed)?;
        Ok(Volume {
            index,
            path,
            file,
            salt,
            bytes,
        })
    }

    pub(super) fn open(files: &dyn Files, dir: &Path, index: u64) -> Result<Volume, JournalError> {
        let path = volume_path(dir, index);
        let failed = |source| io_error("opening a volume", &path)(source);
        let file = files.open(&path).map_err(failed)?;
        let mut header = [0; HEADER_BYTES];
        if file.read_at(0, &mut header).map_err(failed)? < HEADER_BYTES {
            return Err(damaged(&path, 0, "the volume's header is cut short"));
        }
        let salt = decode_header(&header, index).map_err(|detail| damaged(&path, 0, detail))?;
        let bytes = file.size().map_err(failed)?;
        Ok(Volume {
            index,
            path,
            file,
            salt,
            bytes,
        })
    }

    /// Makes the volume at least this long, zeros included; durable with the next sync.
    pub(super) fn extend(&mut self, bytes: u64) -> Result<(), JournalError> {
        if bytes > self.bytes {
            write_zeros(&*self.file, self.bytes, bytes)
                .map_err(io_error("extending a volume", &self.path))?;
            self.bytes = bytes;
        }
        Ok(())
    }
}

pub(super) fn volume_path(dir: &Path, index: u64) -> PathBuf {
    dir.join(format!("volume-{index:012}"))
}

/// The index in a volume's file name.
pub(super) fn volume_index(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("volume-")?;
    (digits.len() == 12 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// The name under which a file is written before it is renamed.
pub(super) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    name.into()
}

/// An empty file; one that an interrupted attempt left behind goes first.
pub(super) fn create_anew(files: &dyn Files, path: &Path) -> io::Result<Arc<dyn File>> {
    match files.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            files.unlink(path)?;
            files.create(path)
        }
        other => other,
    }
}

/// Magic 8, version 4, salt 4, index 8, zeros 4, CRC-32C of all that 4.
fn encode_header(index: u64, salt: u32) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[0..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&salt.to_le_bytes());
    bytes[16..24].copy_from_slice(&index.to_le_bytes());
    let crc = crc32c(&bytes[..28]);
    bytes[28..32].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// The salt, or what is wrong.
fn decode_header(bytes: &[u8; HEADER_BYTES], index: u64) -> Result<u32, String> {
    if &bytes[0..8] != MAGIC || u32_at(bytes, 28) != crc32c(&bytes[..28]) {
        return Err("the volume's header is not whole".into());
    }
    let version = u32_at(bytes, 8);
    if version != VERSION {
        return Err(format!(
            "the volume has format {version}, this program reads {VERSION}"
        ));
    }
    let found = u64_at(bytes, 16);
    if found != index {
        return Err(format!("the file holds volume {found}"));
    }
    Ok(u32_at(bytes, 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_strictly() {
        assert_eq!(
            volume_path(Path::new("/d"), 7),
            Path::new("/d/volume-000000000007")
        );
        assert_eq!(volume_index("volume-000000000007"), Some(7));
        for other in [
            "volume-7",
            "volume-00000000000x",
            "volume-+00000000007",
            "volume-000000000007.tmp",
            "lock",
        ] {
            assert_eq!(volume_index(other), None, "{other}");
        }
    }

    #[test]
    fn headers_are_whole_of_this_version_and_of_this_index() {
        let header = encode_header(7, 99);
        assert_eq!(decode_header(&header, 7), Ok(99));
        assert_eq!(decode_header(&header, 8), Err("the file holds volume 7".into()));
        for bit in 0..HEADER_BYTES * 8 {
            let mut flipped = header;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_header(&flipped, 7).is_err(), "bit {bit}");
        }
        let mut newer = header;
        newer[8] = 2;
        let crc = crc32c(&newer[..28]);
        newer[28..32].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(
            decode_header(&newer, 7),
            Err("the volume has format 2, this program reads 1".into())
        );
    }
}
