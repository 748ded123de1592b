use carillon_storage::journal::JournalError;
use rdkafka::error::KafkaError;
use std::io;

/// An error of the client as one of the journal's; `place` names what was worked on.
pub(crate) fn kafka_error(operation: &'static str, place: &str) -> impl FnOnce(KafkaError) -> JournalError {
    move |error| JournalError::Io {
        operation,
        place: place.to_owned(),
        source: io::Error::other(error),
    }
}

pub(crate) fn timed_out(operation: &'static str, place: &str) -> JournalError {
    JournalError::Io {
        operation,
        place: place.to_owned(),
        source: io::Error::new(io::ErrorKind::TimedOut, "no broker answered in time"),
    }
}

pub(crate) fn damaged(place: &str, offset: u64, detail: impl ToString) -> JournalError {
    JournalError::Damaged {
        place: place.to_owned(),
        offset,
        detail: detail.to_string(),
    }
}
