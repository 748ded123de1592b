use super::layer::{File, FileLock, Files};
use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFiles;

impl Files for RealFiles {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        let above = dir
            .parent()
            .filter(|above| !above.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        self.create_dir(above)?;
        match fs::create_dir(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.sync_dir(above)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(RealFile(
            OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(path)?,
        )))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(RealFile(
            OpenOptions::new().read(true).write(true).open(path)?,
        )))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        fs::File::open(dir)?.sync_all()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(dir)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn FileLock>>> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(RealLock { _file: file }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

struct RealFile(fs::File);

impl File for RealFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.0.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn datasync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// The operating system frees the lock when the file is closed, also when the process is killed.
struct RealLock {
    _file: fs::File,
}

impl FileLock for RealLock {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_read_renamed_and_unlinked() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("deep/below");
        RealFiles.create_dir(&dir).unwrap();
        RealFiles.create_dir(&dir).unwrap();
        let file = RealFiles.create(&dir.join("a")).unwrap();
        file.write_at(3, b"xyz").unwrap();
        file.datasync().unwrap();
        assert_eq!(
            RealFiles.create(&dir.join("a")).err().unwrap().kind(),
            io::ErrorKind::AlreadyExists
        );
        RealFiles.rename(&dir.join("a"), &dir.join("b")).unwrap();
        RealFiles.sync_dir(&dir).unwrap();
        assert_eq!(RealFiles.list(&dir).unwrap(), ["b"]);
        let mut buffer = [9; 8];
        assert_eq!(
            RealFiles
                .open(&dir.join("b"))
                .unwrap()
                .read_at(1, &mut buffer)
                .unwrap(),
            5
        );
        assert_eq!(buffer, *b"\0\0xyz\x09\x09\x09");
        RealFiles.unlink(&dir.join("b")).unwrap();
        assert_eq!(file.size().unwrap(), 6, "an open file outlives its name");
    }

    #[test]
    fn a_lock_is_held_once_and_freed_on_drop() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = RealFiles.lock(&path).unwrap();
        assert!(first.is_some());
        assert!(RealFiles.lock(&path).unwrap().is_none());
        drop(first);
        assert!(RealFiles.lock(&path).unwrap().is_some());
    }
}
