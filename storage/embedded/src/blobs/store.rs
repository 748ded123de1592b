use super::reader::BlobReader;
use super::writer::{BlobWriter, PART};
use crate::files::{File, Files as Layer};
use carillon_domain::content::FileHash;
use carillon_storage::files::{FileReader, FileWriter, Files, FilesError};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Files below one folder. One process at a time may have it open.
pub struct EmbeddedFiles {
    pub(super) layer: Arc<dyn Layer>,
    pub(super) dir: PathBuf,
    begun: AtomicU64,
    /// Files whose content was looked at since the start.
    sound: Mutex<HashSet<FileHash>>,
}

/// Files remembered as sound; above, all are looked at again.
const SOUND_MAX: usize = 4_096;

/// Read in pieces of this size.
const PIECE_BYTES: usize = 256 * 1024;

impl EmbeddedFiles {
    /// Opens the store, made where missing, and removes what an earlier process did not finish.
    pub fn open(dir: &Path, layer: Arc<dyn Layer>) -> Result<EmbeddedFiles, FilesError> {
        layer
            .create_dir(dir)
            .map_err(failed("making the folder of files", dir))?;
        let names = layer
            .list(dir)
            .map_err(failed("listing the folder of files", dir))?;
        for name in names.iter().filter(|name| name.ends_with(PART)) {
            let path = dir.join(name);
            layer
                .unlink(&path)
                .map_err(failed("removing an unfinished file", &path))?;
        }
        Ok(EmbeddedFiles {
            layer,
            dir: dir.to_owned(),
            begun: AtomicU64::new(0),
            sound: Mutex::default(),
        })
    }

    fn find(&self, file: FileHash) -> Result<Option<Arc<dyn File>>, FilesError> {
        let path = file_path(&self.dir, file);
        match self.layer.open(&path) {
            Ok(open) => Ok(Some(open)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("opening a file", &path)(error)),
        }
    }

    /// Looks once at each file before anything is made of it: a bit that the disk has turned would send a message to somebody
    /// else.
    fn check(&self, file: FileHash, open: &dyn File) -> Result<(), FilesError> {
        if self.sound.lock().contains(&file) {
            return Ok(());
        }
        let path = file_path(&self.dir, file);
        let mut piece = vec![0; PIECE_BYTES];
        let (mut at, mut hash) = (0, Sha256::new());
        loop {
            let read = open
                .read_at(at, &mut piece)
                .map_err(failed("reading a file", &path))?;
            hash.update(&piece[..read]);
            at += read as u64;
            if read < piece.len() {
                break;
            }
        }
        if FileHash(hash.finalize().into()) != file {
            let place = path.display().to_string();
            tracing::error!(%place, "a stored file is damaged; put it back from a copy");
            return Err(FilesError::Damaged { place });
        }
        let mut sound = self.sound.lock();
        if sound.len() >= SOUND_MAX {
            sound.clear();
        }
        sound.insert(file);
        Ok(())
    }
}

impl Files for EmbeddedFiles {
    fn begin(&self, bytes_max: u64) -> Result<Box<dyn FileWriter>, FilesError> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let writer = BlobWriter::begin(self.layer.clone(), &self.dir, number, bytes_max)?;
        Ok(Box::new(writer))
    }

    fn open(&self, file: FileHash) -> Result<Option<Box<dyn FileReader>>, FilesError> {
        let Some(open) = self.find(file)? else {
            return Ok(None);
        };
        self.check(file, &*open)?;
        Ok(Some(Box::new(BlobReader::new(open))))
    }

    fn size(&self, file: FileHash) -> Result<Option<u64>, FilesError> {
        let Some(open) = self.find(file)? else {
            return Ok(None);
        };
        let size = open.size();
        size.map(Some)
            .map_err(failed("measuring a file", &file_path(&self.dir, file)))
    }

    fn remove(&self, file: FileHash) -> Result<bool, FilesError> {
        let path = file_path(&self.dir, file);
        self.sound.lock().remove(&file);
        match self.layer.unlink(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("removing a file", &path)(error)),
        }
    }
}

pub(super) fn file_path(dir: &Path, file: FileHash) -> PathBuf {
    let name = file.to_string();
    dir.join(&name[..2]).join(name)
}

/// For `map_err`: what was tried on which file.
pub(super) fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FilesError {
    let place = path.display().to_string();
    move |source| FilesError::Io {
        operation,
        place,
        source,
    }
}
