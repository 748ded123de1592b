use carillon_storage::history::HistoryError;
use std::error::Error;

/// Names a failed operation and where it failed.
pub(crate) fn failed<E: Error + Send + Sync + 'static>(
    operation: &'static str,
    place: &str,
) -> impl FnOnce(E) -> HistoryError {
    move |source| HistoryError::Backend {
        operation,
        place: place.to_owned(),
        source: Box::new(source),
    }
}

/// Names an operation that may succeed later.
pub(crate) fn unavailable<E: Error + Send + Sync + 'static>(
    operation: &'static str,
    place: &str,
) -> impl FnOnce(E) -> HistoryError {
    move |source| HistoryError::Unavailable {
        operation,
        place: place.to_owned(),
        source: Box::new(source),
    }
}

/// Names what cannot be read and where it stands.
pub(crate) fn unreadable(place: &str, detail: impl ToString) -> HistoryError {
    HistoryError::Unreadable {
        place: place.to_owned(),
        detail: detail.to_string(),
    }
}
