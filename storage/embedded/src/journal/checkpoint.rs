//! One checkpoint file: a header of 40 bytes, then the state in chunks of 1 MiB, each followed by its CRC.

use super::error::{damaged, io_error};
use super::frame::{u32_at, u64_at};
use super::volume::{create_anew, temporary};
use crate::files::Files;
use carillon_storage::journal::{FrameSeq, JournalError};
use crc32c::{crc32c, crc32c_append};
use std::io;
use std::path::{Path, PathBuf};

const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"CARILCKP";
const HEADER_BYTES: usize = 40;
const CHUNK_BYTES: usize = 1024 * 1024;
const CRC_BYTES: usize = 4;

/// The largest state a checkpoint may hold.
pub(super) const STATE_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// The state reaches the disk in steps of so many chunks: one long sync would hold up the journal's short ones.
const CHUNKS_PER_SYNC: usize = 4;

/// Stores a checkpoint under its name; durable on return. A crash leaves it whole or not at all.
pub(super) fn write(files: &dyn Files, dir: &Path, at: FrameSeq, state: &[u8]) -> Result<(), JournalError> {
    let path = checkpoint_path(dir, at);
    let temporary = temporary(&path);
    let stored = (|| {
        if state.len() as u64 > STATE_BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the state is above the limit of a checkpoint",
            ));
        }
        let file = create_anew(files, &temporary)?;
        file.write_at(0, &encode_header(at, state.len() as u64))?;
        let mut offset = HEADER_BYTES as u64;
        for (number, chunk) in state.chunks(CHUNK_BYTES).enumerate() {
            file.write_at(offset, chunk)?;
            file.write_at(
                offset + chunk.len() as u64,
                &chunk_crc(number, chunk).to_le_bytes(),
            )?;
            offset += (chunk.len() + CRC_BYTES) as u64;
            if number % CHUNKS_PER_SYNC == CHUNKS_PER_SYNC - 1 {
                file.datasync()?;
            }
        }
        file.datasync()?;
        files.rename(&temporary, &path)?;
        files.sync_dir(dir)
    })();
    stored.map_err(io_error("saving a checkpoint", &path))
}

/// Hands the state to `take` chunk by chunk; [`JournalError::Damaged`] when the file is not whole.
pub(super) fn read(
    files: &dyn Files,
    dir: &Path,
    at: FrameSeq,
    mut take: impl FnMut(&[u8]),
) -> Result<(), JournalError> {
    let path = checkpoint_path(dir, at);
    let failed = |source| io_error("reading a checkpoint", &path)(source);
    let file = files.open(&path).map_err(failed)?;
    let mut header = [0; HEADER_BYTES];
    if file.read_at(0, &mut header).map_err(failed)? < HEADER_BYTES {
        return Err(damaged(&path, 0, "the checkpoint's header is cut short"));
    }
    let state_bytes = decode_header(&header, at).map_err(|detail| damaged(&path, 0, detail))?;
    let size = file.size().map_err(failed)?;
    if size != file_bytes(state_bytes) {
        return Err(damaged(
            &path,
            size.min(file_bytes(state_bytes)),
            "the checkpoint does not have its length",
        ));
    }
    let mut buffer = vec![0; CHUNK_BYTES + CRC_BYTES];
    let (mut offset, mut left) = (HEADER_BYTES as u64, state_bytes);
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
        take(&buffer[..len]);
        offset += (len + CRC_BYTES) as u64;
        left -= len as u64;
    }
    Ok(())
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

fn file_bytes(state_bytes: u64) -> u64 {
    HEADER_BYTES as u64 + state_bytes + state_bytes.div_ceil(CHUNK_BYTES as u64) * CRC_BYTES as u64
}

/// Magic 8, version 4, zeros 4, frame number 8, state length 8, zeros 4, CRC-32C of all that 4.
fn encode_header(at: FrameSeq, state_bytes: u64) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[0..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&at.0.to_le_bytes());
    bytes[24..32].copy_from_slice(&state_bytes.to_le_bytes());
    let crc = crc32c(&bytes[..36]);
    bytes[36..40].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// The state's length, or what is wrong.
fn decode_header(bytes: &[u8; HEADER_BYTES], at: FrameSeq) -> Result<u64, String> {
    if &bytes[0..8] != MAGIC || u32_at(bytes, 36) != crc32c(&bytes[..36]) {
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
    match u64_at(bytes, 24) {
        state_bytes if state_bytes <= STATE_BYTES_MAX => Ok(state_bytes),
        state_bytes => Err(format!("a state of {state_bytes} bytes is above the limit")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::SimulatedFiles;

    const DIR: &str = "/journal";

    fn load(files: &SimulatedFiles) -> Result<Vec<u8>, JournalError> {
        let mut state = Vec::new();
        read(files, Path::new(DIR), FrameSeq(7), |chunk| {
            state.extend_from_slice(chunk)
        })?;
        Ok(state)
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
            let state: Vec<u8> = (0..bytes).map(|at| (at / 251) as u8).collect();
            write(&files, Path::new(DIR), FrameSeq(7), &state).unwrap();
            assert!(load(&files).unwrap() == state, "{bytes} bytes");
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
            40,
            1000,
            CHUNK_BYTES + 41,
            CHUNK_BYTES + 45,
            CHUNK_BYTES + 100,
        ] {
            write(&files, Path::new(DIR), FrameSeq(7), &vec![3; CHUNK_BYTES + 100]).unwrap();
            files.tamper(&path, |content| content[at] ^= 0x10);
            assert!(
                matches!(load(&files), Err(JournalError::Damaged { .. })),
                "byte {at}"
            );
        }
        for len in [0, 39, 40, 500] {
            write(&files, Path::new(DIR), FrameSeq(7), &[3; 1000]).unwrap();
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
