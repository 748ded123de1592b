use crate::files::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// A place in a stored file.
pub(super) struct BlobReader {
    file: Arc<dyn File>,
    at: u64,
}

impl BlobReader {
    pub(super) fn new(file: Arc<dyn File>) -> Self {
        BlobReader { file, at: 0 }
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.at, buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.size()?.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
