//! One checkpoint file: a header of 48 bytes, then parts of the state in chunks of 1 MiB, each followed by its CRC. It holds the
//! whole state, or what changed since the file it names.

use super::error::{damaged, io_error};
use super::frame::{u32_at, u64_at};
use super::parts::PartCutter;
use super::volume::{create_anew, temporary};
use crate::files::{File, Files};
use carillon_storage::journal::{FrameSeq, JournalError, Part};
use crc32c::{crc32c, crc32c_append};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const VERSION: u32 = 2;
const MAGIC: &[u8; 8] = b"CARILCKP";
const HEADER_BYTES: usize = 48;
const CHUNK_BYTES: usize = 1024 * 1024;
const CRC_BYTES: usize = 4;

/// The most bytes of parts a file may hold.
pub(super) const STATE_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// The state reaches the disk in steps of so many chunks: one long sync would hold up the journal's short ones.
const CHUNKS_PER_SYNC: usize = 4;

/// Stands for the file before one that holds the whole state.
const WHOLE: u64 = u64::MAX;

/// A file of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CheckpointFile {
    pub(super) at: FrameSeq,
    /// The file in which the parts are that did not change; `None` when it holds all.
    pub(super) before: Option<FrameSeq>,
    /// Bytes of its parts.
    pub(super) bytes: u64,
}

/// Stores a file under its name, with the parts that `fill` puts in; durable on return. A crash leaves it whole or not at all.
pub(super) fn write(
    files: &dyn Files,
    dir: &Path,
    at: FrameSeq,
    before: Option<FrameSeq>,
    fill: impl FnOnce(&mut PartWriter) -> Result<(), JournalError>,
) -> Result<CheckpointFile, JournalError> {
    let path = checkpoint_path(dir, at);
    let temporary = temporary(&path);
    let failed = |source| io_error("saving a checkpoint", &path)(source);
    let mut writer = PartWriter {
        file: create_anew(files, &temporary).map_err(failed)?,
        path: path.clone(),
        offset: HEADER_BYTES as u64,
        chunks: 0,
        open: Vec::with_capacity(CHUNK_BYTES),
        bytes: 0,
    };
    fill(&mut writer)?;
    let written = CheckpointFile {
        at,
        before,
        bytes: writer.bytes,
    };
    writer.end(&written).map_err(failed)?;
    files.rename(&temporary, &path).map_err(failed)?;
    files.sync_dir(dir).map_err(failed)?;
    Ok(written)
}

/// Puts parts into a file.
pub(super) struct PartWriter {
    file: Arc<dyn File>,
    path: PathBuf,
    offset: u64,
    chunks: usize,
    /// The chunk that is not full yet.
    open: Vec<u8>,
    bytes: u64,
}

impl PartWriter {
    pub(super) fn put(&mut self, key: u64, bytes: &[u8]) -> Result<(), JournalError> {
        let put = self
            .put_bytes(&key.to_le_bytes())
            .and_then(|()| self.put_bytes(&(bytes.len() as u64).to_le_bytes()))
            .and_then(|()| self.put_bytes(bytes));
        put.map_err(io_error("saving a checkpoint", &self.path))
    }

    fn put_bytes(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > STATE_BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the state is above the limit of a checkpoint",
            ));
        }
        while !bytes.is_empty() {
            let room = CHUNK_BYTES - self.open.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.open.extend_from_slice(now);
            bytes = later;
            if self.open.len() == CHUNK_BYTES {
                self.end_chunk()?;
            }
        }
        Ok(())
    }

    fn end_chunk(&mut self) -> io::Result<()> {
        let crc = chunk_crc(self.chunks, &self.open);
        self.open.extend_from_slice(&crc.to_le_bytes());
        self.file.write_at(self.offset, &self.open)?;
        self.offset += self.open.len() as u64;
        self.open.clear();
        self.chunks += 1;
        if self.chunks.is_multiple_of(CHUNKS_PER_SYNC) {
            self.file.datasync()?;
        }
        Ok(())
    }

    fn end(mut self, written: &CheckpointFile) -> io::Result<()> {
        if !self.open.is_empty() {
            self.end_chunk()?;
        }
        self.file.write_at(0, &encode_header(written))?;
        self.file.datasync()
    }
}

/// Hands over the parts of one file; [`JournalError::Damaged`] when it is not whole.
pub(super) fn read(
    files: &dyn Files,
    dir: &Path,
    at: FrameSeq,
    mut take: impl FnMut(Part),
) -> Result<CheckpointFile, JournalError> {
    let path = checkpoint_path(dir, at);
    let failed = |source| io_error("reading a checkpoint", &path)(source);
    let file = files.open(&path).map_err(failed)?;
    let mut header = [0; HEADER_BYTES];
    if file.read_at(0, &mut header).map_err(failed)? < HEADER_BYTES {
        return Err(damaged(&path, 0, "the checkpoint's header is cut short"));
    }
    let found = decode_header(&header, at).map_err(|detail| damaged(&path, 0, detail))?;
    let size = file.size().map_err(failed)?;
    if size != file_bytes(found.bytes) {
        return Err(damaged(
            &path,
            size.min(file_bytes(found.bytes)),
            "the checkpoint does not have its length",
        ));
    }
    let mut buffer = vec![0; CHUNK_BYTES + CRC_BYTES];
    let mut cutter = PartCutter::default();
    let (mut offset, mut left) = (HEADER_BYTES as u64, found.bytes);
    for number in 0.. {
        if left == 0 {
            break;
        }
        let len = left.min(CHUNK_BYTES as u64) as usize;
        let read = file
            .read_at(offset, &mut buffer[..len + CRC_BYTES])
            .map_err(failed)?;
        if read < len + CRC_BYTES || u32_at(&buffer, len) != chunk_crc(number, &buffer[..len]) {
            return Err(damaged(&path, offset, "a chunk of the checkpoint is not whole"));
        }
        cutter.feed(&buffer[..len], &mut take);
        offset += (len + CRC_BYTES) as u64;
        left -= len as u64;
    }
    if !cutter.is_done() {
        return Err(damaged(&path, offset, "the checkpoint ends inside a part"));
    }
    Ok(found)
}

/// Removes a checkpoint that is needed no more. A power cut may bring it back.
pub(super) fn remove(files: &dyn Files, dir: &Path, at: FrameSeq) -> Result<(), JournalError> {
    let path = checkpoint_path(dir, at);
    files
        .unlink(&path)
        .map_err(io_error("removing an old checkpoint", &path))
}

pub(super) fn checkpoint_path(dir: &Path, at: FrameSeq) -> PathBuf {
    dir.join(format!("checkpoint-{:020}", at.0))
}

/// The frame number in a checkpoint's file name.
pub(super) fn checkpoint_seq(name: &str) -> Option<FrameSeq> {
    let digits = name.strip_prefix("checkpoint-")?;
    let plain = digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let seq = plain.then(|| digits.parse().ok())??;
    // The highest number could not be followed by another frame.
    (seq < u64::MAX).then_some(FrameSeq(seq))
}

/// The number seeds the CRC, so that chunks cannot change places.
fn chunk_crc(number: usize, chunk: &[u8]) -> u32 {
    crc32c_append(number as u32, chunk)
}

fn file_bytes(bytes: u64) -> u64 {
    HEADER_BYTES as u64 + bytes + bytes.div_ceil(CHUNK_BYTES as u64) * CRC_BYTES as u64
}

/// Magic 8, version 4, zeros 4, frame number 8, bytes of parts 8, frame number of the file before 8, zeros 4, CRC-32C of all that 4.
fn encode_header(file: &CheckpointFile) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[0..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&file.at.0.to_le_bytes());
    bytes[24..32].copy_from_slice(&file.bytes.to_le_bytes());
    let before = file.before.map_or(WHOLE, |before| before.0);
    bytes[32..40].copy_from_slice(&before.to_le_bytes());
    let crc = crc32c(&bytes[..44]);
    bytes[44..48].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// What the file says it is, or what is wrong.
fn decode_header(bytes: &[u8; HEADER_BYTES], at: FrameSeq) -> Result<CheckpointFile, String> {
    if &bytes[0..8] != MAGIC || u32_at(bytes, 44) != crc32c(&bytes[..44]) {
        return Err("the checkpoint's header is not whole".into());
    }
    let version = u32_at(bytes, 8);
    if version != VERSION {
        return Err(format!(
            "the checkpoint has format {version}, this program reads {VERSION}"
        ));
    }
    if u64_at(bytes, 16) != at.0 {
        return Err(format!(
            "the file holds the checkpoint after frame {}",
            u64_at(bytes, 16)
        ));
    }
    let before = match u64_at(bytes, 32) {
        WHOLE => None,
        before if before < at.0 => Some(FrameSeq(before)),
        before => return Err(format!("the checkpoint before it is after frame {before}")),
    };
    match u64_at(bytes, 24) {
        bytes if bytes <= STATE_BYTES_MAX => Ok(CheckpointFile { at, before, bytes }),
        bytes => Err(format!("a state of {bytes} bytes is above the limit")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::SimulatedFiles;

    const DIR: &str = "/journal";

    fn save(files: &SimulatedFiles, parts: &[Vec<u8>]) -> CheckpointFile {
        let fill = |writer: &mut PartWriter| {
            let mut parts = (0..).zip(parts);
            parts.try_for_each(|(key, bytes)| writer.put(key, bytes))
        };
        write(files, Path::new(DIR), FrameSeq(7), Some(FrameSeq(3)), fill).unwrap()
    }

    fn load(files: &SimulatedFiles) -> Result<Vec<Vec<u8>>, JournalError> {
        let mut parts = Vec::new();
        read(files, Path::new(DIR), FrameSeq(7), |part| {
            assert_eq!(part.key, parts.len() as u64);
            parts.push(part.bytes);
        })?;
        Ok(parts)
    }

    #[test]
    fn states_of_every_size_come_back() {
        let files = SimulatedFiles::new(1);
        for bytes in [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            5 * CHUNK_BYTES + 17,
        ] {
            let part: Vec<u8> = (0..bytes).map(|at| (at / 251) as u8).collect();
            for parts in [
                vec![part.clone()],
                vec![part.clone(), vec![], vec![5; 40], part],
                vec![],
            ] {
                let written = save(&files, &parts);
                assert_eq!(written.before, Some(FrameSeq(3)));
                assert!(load(&files).unwrap() == parts, "{bytes} bytes");
            }
        }
    }

    #[test]
    fn damage_anywhere_is_noticed() {
        let files = SimulatedFiles::new(1);
        let path = checkpoint_path(Path::new(DIR), FrameSeq(7));
        for at in [
            0,
            8,
            12,
            20,
            30,
            38,
            46,
            50,
            1000,
            CHUNK_BYTES + 49,
            CHUNK_BYTES + 53,
            CHUNK_BYTES + 100,
        ] {
            save(&files, &[vec![3; CHUNK_BYTES + 100]]);
            files.tamper(&path, |content| content[at] ^= 0x10);
            assert!(
                matches!(load(&files), Err(JournalError::Damaged { .. })),
                "byte {at}"
            );
        }
        for len in [0, 47, 48, 500] {
            save(&files, &[vec![3; 1000]]);
            files.tamper(&path, |content| content.truncate(len));
            assert!(
                matches!(load(&files), Err(JournalError::Damaged { .. })),
                "{len} bytes"
            );
        }
    }

    #[test]
    fn names_are_read_strictly() {
        let path = checkpoint_path(Path::new(DIR), FrameSeq(7));
        assert_eq!(
            checkpoint_seq(path.file_name().unwrap().to_str().unwrap()),
            Some(FrameSeq(7))
        );
        for other in [
            "checkpoint-7",
            "checkpoint-00000000000000000007.tmp",
            "checkpoint-99999999999999999999",
            "checkpoint-18446744073709551615",
        ] {
            assert_eq!(checkpoint_seq(other), None, "{other}");
        }
    }
}
