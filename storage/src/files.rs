//! The file store: recipients files and attachments by the hash of their content.

use carillon_domain::content::FileHash;
use std::io::{self, Read, Seek, Write};

/// Files that never change once they are stored, found by their SHA-256. All methods block.
///
/// The same content is the same file: whoever removes one must know that nobody else refers to it.
pub trait Files: Send + Sync {
    /// Begins a file of at most `bytes_max` bytes. Nothing of it can be read before [`FileWriter::finish`]; what was
    /// begun and never finished is gone at the next start at the latest.
    fn begin(&self, bytes_max: u64) -> Result<Box<dyn FileWriter>, FilesError>;

    /// The stored file from its beginning; `None` when there is none. Fails with [`FilesError::Damaged`] when its content is no
    /// longer that of its hash.
    fn open(&self, file: FileHash) -> Result<Option<Box<dyn FileReader>>, FilesError>;

    /// Its length in bytes; `None` when there is none.
    fn size(&self, file: FileHash) -> Result<Option<u64>, FilesError>;

    /// Removes a file; `false` when there was none. A reader that has it open reads on.
    fn remove(&self, file: FileHash) -> Result<bool, FilesError>;
}

/// Takes the content of one file in order. A write past the limit fails with [`io::ErrorKind::FileTooLarge`].
pub trait FileWriter: Write + Send {
    /// Stores the file; durable on return.
    fn finish(self: Box<Self>) -> Result<FileHash, FilesError>;
}

/// Reads a stored file.
pub trait FileReader: Read + Seek + Send {}

impl<R: Read + Seek + Send> FileReader for R {}

#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("{operation} on {place}")]
    Io {
        operation: &'static str,
        place: String,
        #[source]
        source: io::Error,
    },
    #[error("{place} does not hold what was stored; put it back from a copy")]
    Damaged { place: String },
}

impl FilesError {
    /// The disk has no room for it.
    pub fn is_full(&self) -> bool {
        match self {
            FilesError::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            FilesError::Damaged { .. } => false,
        }
    }
}
