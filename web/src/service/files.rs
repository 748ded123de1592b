use super::Failed;
use crate::config::Numbers;
use carillon_domain::number_range::{LoadError, NumberRanges};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Makes the data folder when it is not there; only its owner may look into it.
pub fn data_folder(dir: &Path) -> Result<(), Failed> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| Failed::Folder {
            operation: "making the data folder",
            path: dir.to_owned(),
            source,
        })
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
