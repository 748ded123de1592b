use super::store::{failed, file_path};
use crate::files::{File, Files as Layer};
use carillon_domain::content::FileHash;
use carillon_storage::files::{FileWriter, FilesError};
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the name of a file ends that is being written.
pub(super) const PART: &str = ".part";

/// Written to the disk in pieces of this size.
const BUFFER_BYTES: usize = 256 * 1024;

/// One file on its way in. Dropped before it is finished, it leaves nothing.
pub(super) struct BlobWriter {
    layer: Arc<dyn Layer>,
    dir: PathBuf,
    part: PathBuf,
    /// `None` once the file has its place.
    file: Option<Arc<dyn File>>,
    buffer: Vec<u8>,
    hash: Sha256,
    written: u64,
    bytes_left: u64,
}

impl BlobWriter {
    pub(super) fn begin(
        layer: Arc<dyn Layer>,
        dir: &Path,
        number: u64,
        bytes_max: u64,
    ) -> Result<Self, FilesError> {
        let part = dir.join(format!("{number}{PART}"));
        let file = layer.create(&part).map_err(failed("beginning a file", &part))?;
        Ok(BlobWriter {
            layer,
            dir: dir.to_owned(),
            part,
            file: Some(file),
            buffer: Vec::new(),
            hash: Sha256::new(),
            written: 0,
            bytes_left: bytes_max,
        })
    }

    fn write_out(&mut self) -> io::Result<()> {
        if let Some(file) = self.file.as_ref().filter(|_| !self.buffer.is_empty()) {
            file.write_at(self.written, &self.buffer)?;
            self.hash.update(&self.buffer);
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.bytes_left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let room = BUFFER_BYTES - self.buffer.len();
        let taken = bytes
            .len()
            .min(room)
            .min(usize::try_from(self.bytes_left).unwrap_or(usize::MAX));
        self.buffer.extend_from_slice(&bytes[..taken]);
        self.bytes_left -= taken as u64;
        if self.buffer.len() == BUFFER_BYTES {
            self.write_out()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_out()
    }
}

impl FileWriter for BlobWriter {
    fn finish(mut self: Box<Self>) -> Result<FileHash, FilesError> {
        self.write_out().map_err(failed("writing a file", &self.part))?;
        if let Some(file) = &self.file {
            file.datasync().map_err(failed("syncing a file", &self.part))?;
        }
        let hash = FileHash(std::mem::take(&mut self.hash).finalize().into());
        let path = file_path(&self.dir, hash);
        let folder = path.parent().unwrap_or(&self.dir);
        self.layer
            .create_dir(folder)
            .map_err(failed("making a folder of files", folder))?;
        // In place of the same content, where that is there already.
        self.layer
            .rename(&self.part, &path)
            .map_err(failed("naming a file", &path))?;
        self.file = None;
        self.layer
            .sync_dir(folder)
            .map_err(failed("syncing a folder of files", folder))?;
        Ok(hash)
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if self.file.is_some()
            && let Err(error) = self.layer.unlink(&self.part)
        {
            tracing::debug!(%error, "an unfinished file stays until the next start");
        }
    }
}
