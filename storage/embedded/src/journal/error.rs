use carillon_storage::journal::JournalError;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// For `map_err`: what was tried on which file.
pub(super) fn io_error(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let place = path.display().to_string();
    move |source| JournalError::Io {
        operation,
        place,
        source,
    }
}

pub(super) fn damaged(path: &Path, offset: u64, detail: impl Into<String>) -> JournalError {
    JournalError::Damaged {
        place: path.display().to_string(),
        offset,
        detail: detail.into(),
    }
}

/// The error with all its causes in one line, for a journal that has failed.
pub(super) fn one_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let _ = write!(line, ": {next}");
        cause = next.source();
    }
    line
}
