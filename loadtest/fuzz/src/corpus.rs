//! The inputs a target begins with: sound ones made by our own code, so that they are always of today's format, and files of
//! `corpus/<target>/`, hostile ones made by hand and everything that ever failed.

use crate::Target;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder in the source tree.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Seeds and files of a target, always in the same order.
pub fn inputs(target: &Target, folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut inputs = (target.seeds)();
    let folder = folder.join(target.name);
    if !folder.exists() {
        return Ok(inputs);
    }
    let mut files = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    files.sort();
    for file in files {
        inputs.push(fs::read(file)?);
    }
    Ok(inputs)
}
