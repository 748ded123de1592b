use super::Failed;
use crate::config::{Config, Numbers};
use carillon_domain::number_range::{LoadError, NumberRanges};
use rustix::fs::Mode;
use rustix::process::umask;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

const CATALOG: &str = "catalog.db";

/// Makes the data folder when it is not there; only its owner may look into it, also when it was there before. A folder that
/// holds other people's things is left as it is.
pub fn data_folder(dir: &Path) -> Result<(), Failed> {
    let make = || {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let open_to_others = fs::metadata(dir)?.permissions().mode() & 0o077 != 0;
        if open_to_others && is_ours(dir)? {
            fs::set_permissions(dir, Permissions::from_mode(0o700))?;
        }
        Ok(())
    };
    make().map_err(|source| Failed::Folder {
        operation: "making the data folder",
        path: dir.to_owned(),
        source,
    })
}

/// Where what the lane's next owner needs lies: in the data folder, or in the lane's part of a folder that all nodes have.
pub fn shared_folder(data: &Path, config: &Config) -> Result<PathBuf, Failed> {
    let shared = &config.files.dir;
    if shared.as_os_str().is_empty() {
        return Ok(data.to_owned());
    }
    let folder = shared.join(format!("lane-{}", config.place().lane));
    data_folder(&folder)?;
    Ok(folder)
}

/// Refuses a data folder that has a journal and no catalog any more: an empty one would be made, and messages that wait would
/// belong to nobody, with no connection to go by.
pub fn check_catalog(dir: &Path) -> Result<(), Failed> {
    let path = dir.join(CATALOG);
    let is_volume = |entry: io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.file_name().as_encoded_bytes().starts_with(b"volume-"))
    };
    let has_journal = fs::read_dir(dir.join("journal")).is_ok_and(|mut entries| entries.any(is_volume));
    if has_journal && !path.exists() {
        return Err(Failed::CatalogMissing { path });
    }
    Ok(())
}

/// Whether it is empty, or a catalog was made in it.
fn is_ours(dir: &Path) -> io::Result<bool> {
    Ok(dir.join(CATALOG).exists() || fs::read_dir(dir)?.next().is_none())
}

/// Lets nobody but its owner read what this process writes from now on.
pub fn keep_files_private() {
    umask(Mode::RWXG | Mode::RWXO);
}

pub fn read(path: &Path) -> Result<String, Failed> {
    fs::read_to_string(path).map_err(|source| Failed::Read {
        path: path.to_owned(),
        source,
    })
}

/// The table of number ranges, empty when none is set.
pub fn number_ranges(numbers: &Numbers) -> Result<NumberRanges, Failed> {
    let mut ranges = match table(&numbers.ranges_file)? {
        None => NumberRanges::default(),
        Some(text) => NumberRanges::parse(&text).map_err(|errors| invalid(&numbers.ranges_file, errors))?,
    };
    if let Some(text) = table(&numbers.ported_file)? {
        ranges
            .load_ported(&text)
            .map_err(|errors| invalid(&numbers.ported_file, errors))?;
    }
    Ok(ranges)
}

fn table(path: &Path) -> Result<Option<String>, Failed> {
    if path.as_os_str().is_empty() {
        Ok(None)
    } else {
        read(path).map(Some)
    }
}

fn invalid(path: &Path, errors: Vec<LoadError>) -> Failed {
    let source = errors.into_iter().next().expect("a refused table has an error");
    Failed::Numbers {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(dir: &Path) -> u32 {
        fs::metadata(dir).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_data_folder_is_its_owners_and_other_folders_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("a/b");
        data_folder(&new).unwrap();
        assert_eq!(mode(&new), 0o700);
        let [empty, ours, shared] = ["empty", "ours", "shared"].map(|name| folder.path().join(name));
        for (dir, file, expected) in [
            (&empty, None, 0o700),
            (&ours, Some("catalog.db"), 0o700),
            (&shared, Some("something"), 0o755),
        ] {
            fs::create_dir(dir).unwrap();
            fs::set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
            if let Some(file) = file {
                fs::write(dir.join(file), "").unwrap();
            }
            data_folder(dir).unwrap();
            assert_eq!(mode(dir), expected, "{}", dir.display());
        }
    }
}
