use super::reader::BlobReader;
use super::writer::{BlobWriter, PART};
use crate::files::Files as Layer;
use carillon_domain::content::FileHash;
use carillon_storage::files::{FileReader, FileWriter, Files, FilesError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Files below one folder. One process at a time may have it open.
pub struct EmbeddedFiles {
    pub(super) layer: Arc<dyn Layer>,
    pub(super) dir: PathBuf,
    begun: AtomicU64,
}

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
        })
    }

    fn find(&self, file: FileHash) -> Result<Option<Arc<dyn crate::files::File>>, FilesError> {
        let path = file_path(&self.dir, file);
        match self.layer.open(&path) {
            Ok(open) => Ok(Some(open)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("opening a file", &path)(error)),
        }
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
