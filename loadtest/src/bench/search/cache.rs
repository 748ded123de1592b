use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The files of a folder and what the system keeps of them in memory.
pub struct Cache {
    files: Vec<PathBuf>,
    pub bytes: u64,
}

impl Cache {
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mut cache = Cache {
            files: Vec::new(),
            bytes: 0,
        };
        for entry in folder.read_dir()? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                cache.bytes += entry.metadata()?.len();
                cache.files.push(entry.path());
            }
        }
        Ok(cache)
    }

    /// Reads everything once, so that it is in memory as far as that goes.
    pub fn warm(&self) -> io::Result<()> {
        for path in &self.files {
            io::copy(&mut File::open(path)?, &mut io::sink())?;
        }
        Ok(())
    }

    /// The next read of each file goes to the disk. What is not written yet stays.
    pub fn drop_all(&self) -> io::Result<()> {
        for path in &self.files {
            fadvise(File::open(path)?, 0, None, Advice::DontNeed)?;
        }
        Ok(())
    }
}
