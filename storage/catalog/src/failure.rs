//! What a database's error means to the caller.

use carillon_storage::catalog::CatalogError;
use sqlx::error::DatabaseError;
use std::io;

/// `operation` says what was going on, `place` where; neither names a password.
pub(crate) fn failure(operation: &'static str, place: &str, source: sqlx::Error) -> CatalogError {
    let (place, is_passing) = (place.to_owned(), is_passing(&source));
    // The driver's words around it say no more than ours.
    let source = match source {
        sqlx::Error::Io(error) => error.into(),
        other => other.into(),
    };
    match is_passing {
        true => CatalogError::Unavailable {
            operation,
            place,
            source,
        },
        false => CatalogError::Backend {
            operation,
            place,
            source,
        },
    }
}

/// Whether the same may succeed later without anybody changing what is asked or stored.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::BeginFailed => true,
        // Files of SQLite fail otherwise: their disk is full, or may not be written.
        sqlx::Error::Io(error) => {
            matches!(
                error.kind(),
                io::ErrorKind::TimedOut
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::NotConnected
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::NetworkDown
            ) || is_lookup(error)
        }
        sqlx::Error::Database(error) => is_state_passing(error.as_ref()),
        _ => false,
    }
}

/// The standard library gives a failed look-up of a name no kind of its own.
fn is_lookup(error: &io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address")
}

/// By SQLSTATE, PostgreSQL's manual appendix A; SQLite's codes are numbers, 5 is SQLITE_BUSY.
fn is_state_passing(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    match code.as_ref() {
        // A lock that was not had in time, a deadlock, and a transaction that was ended because it stood still.
        "40001" | "40P01" | "55P03" | "25P03" => true,
        // A standby, as the one that was the first until a moment ago.
        "25006" => true,
        "5" => true,
        // No connection, no resources, an administrator or a crash.
        code => ["08", "53", "57"]
            .iter()
            .any(|class| code.len() == 5 && code.starts_with(class)),
    }
}
