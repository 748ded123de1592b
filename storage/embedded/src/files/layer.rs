use std::io;
use std::path::Path;
use std::sync::Arc;

/// A file system as the journal uses it.
///
/// What is created, renamed or unlinked survives a power cut only after [`Files::sync_dir`] of its folder, what is written
/// only after [`File::datasync`].
pub trait Files: Send + Sync {
    /// Creates the folder and those above it where missing; durable on return.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names of the files in a folder, in no particular order. Names that are not UTF-8 are left out.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// A new, empty file. Fails with [`io::ErrorKind::AlreadyExists`] when the name is taken.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// An existing file, for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Gives a file another name in the same folder, replacing what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn unlink(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Bytes that may still be written to the disk of a folder.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;

    /// Locks a file, created where missing, until the guard is dropped or the process ends. `None` when it is locked already.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn FileLock>>>;
}

/// Holds a lock; dropping it frees it.
pub trait FileLock: Send + Sync {}

/// An open file. It stays readable after its name is unlinked.
pub trait File: Send + Sync {
    /// Length in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Fills `buffer` from `offset` on; returns fewer bytes only at the end of the file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all of `bytes`. After an error any part of them may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written durable, and the length. After an error nothing is known of what was written since the last
    /// success: not even reading it back tells whether it is on the disk.
    fn datasync(&self) -> io::Result<()>;
}

/// Zeros are written in pieces of this size.
const ZEROS: &[u8] = &[0; 256 * 1024];

/// Writes zeros from `from` up to `to`, so that later writes there change no metadata and cannot run out of space.
pub fn write_zeros(file: &dyn File, from: u64, to: u64) -> io::Result<()> {
    let mut at = from;
    while at < to {
        let piece = (to - at).min(ZEROS.len() as u64);
        file.write_at(at, &ZEROS[..piece as usize])?;
        at += piece;
    }
    Ok(())
}
