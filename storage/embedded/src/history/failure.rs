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
