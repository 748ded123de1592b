use super::place::Place;
use std::io;
use std::path::Path;
use tempfile::{Builder, TempDir};

/// A run's folder. It stays, and its name is printed, unless the run was clean and nobody wants to keep it.
pub struct Folder {
    folder: Option<TempDir>,
    keep: bool,
}

impl Folder {
    pub fn make(place: &Place) -> io::Result<Self> {
        let mut builder = Builder::new();
        builder.prefix("carillon-");
        let folder = match &place.folder {
            Some(parent) => builder.tempdir_in(parent)?,
            None => builder.tempdir()?,
        };
        Ok(Folder {
            folder: Some(folder),
            keep: place.keep,
        })
    }

    pub fn path(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), TempDir::path)
    }

    /// The run has ended; a clean one leaves nothing behind.
    pub fn finish(mut self, clean: bool) {
        if clean && !self.keep {
            self.folder = None;
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take() {
            eprintln!("folder: {}", folder.keep().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clean_run_leaves_nothing_behind() {
        let parent = tempfile::tempdir().expect("a folder");
        let make = |keep| {
            let place = Place {
                folder: Some(parent.path().into()),
                keep,
                program: None,
            };
            Folder::make(&place).expect("a folder")
        };
        let left = || std::fs::read_dir(parent.path()).expect("readable").count();
        make(false).finish(true);
        assert_eq!(left(), 0);
        make(false).finish(false);
        make(true).finish(true);
        drop(make(false));
        assert_eq!(left(), 3);
    }
}
