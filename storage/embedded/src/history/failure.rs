use carillon_storage::history::HistoryError;
use std::error::Error;
use std::path::Path;

/// Names a failed operation and where it failed.
pub(super) fn failed<E: Error + Send + Sync + 'static>(
    operation: &'static str,
    place: &Path,
) -> impl FnOnce(E) -> HistoryError {
    move |source| HistoryError::Backend {
        operation,
        place: place.display().to_string(),
        source: Box::new(source),
    }
}

/// Names what cannot be read and where it stands.
pub(super) fn unreadable(place: &Path, detail: impl ToString) -> HistoryError {
    HistoryError::Unreadable {
        place: place.display().to_string(),
        detail: detail.to_string(),
    }
}

/// Whether it is that SQLite could not sync: what was written may be there after a crash, or not.
pub(super) fn is_failed_sync(error: &HistoryError) -> bool {
    let HistoryError::Backend { source, .. } = error else {
        return false;
    };
    let error = source.downcast_ref::<rusqlite::Error>();
    error
        .and_then(rusqlite::Error::sqlite_error)
        .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_FSYNC)
}
