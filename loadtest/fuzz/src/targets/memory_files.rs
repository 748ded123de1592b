use carillon_domain::content::FileHash;
use carillon_storage::files::{FileReader, FileWriter, Files, FilesError};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{self, Cursor, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// A file store without a disk.
#[derive(Clone, Default)]
pub struct MemoryFiles(Arc<Mutex<HashMap<FileHash, Arc<[u8]>>>>);

impl MemoryFiles {
    pub fn put(&self, content: &[u8]) -> FileHash {
        let file = FileHash(Sha256::digest(content).into());
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(file, content.into());
        file
    }

    fn get(&self, file: FileHash) -> Option<Arc<[u8]>> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(&file).cloned()
    }
}

impl Files for MemoryFiles {
    fn begin(&self, bytes_max: u64) -> Result<Box<dyn FileWriter>, FilesError> {
        Ok(Box::new(Writer {
            files: self.clone(),
            bytes_max,
            content: Vec::new(),
        }))
    }

    fn open(&self, file: FileHash) -> Result<Option<Box<dyn FileReader>>, FilesError> {
        Ok(self
            .get(file)
            .map(|content| Box::new(Cursor::new(content)) as Box<dyn FileReader>))
    }

    fn size(&self, file: FileHash) -> Result<Option<u64>, FilesError> {
        Ok(self.get(file).map(|content| content.len() as u64))
    }

    fn remove(&self, file: FileHash) -> Result<bool, FilesError> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(files.remove(&file).is_some())
    }
}

struct Writer {
    files: MemoryFiles,
    bytes_max: u64,
    content: Vec<u8>,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.content.len() + bytes.len()) as u64 > self.bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.content.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FileWriter for Writer {
    fn finish(mut self: Box<Self>) -> Result<FileHash, FilesError> {
        let content = mem::take(&mut self.content);
        Ok(self.files.put(&content))
    }
}
