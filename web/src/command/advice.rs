//! What whoever stands before a service that does not run needs besides the reason: what is safe, and what to do.

use crate::http::Chain;
use crate::service::Failed;
use carillon_actors::{RecoveryError, StartError};
use carillon_storage::catalog::CatalogError;
use carillon_storage::journal::JournalError;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

/// Two lines for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    safe: &'static str,
    what_to_do: &'static str,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "safe: {}", self.safe)?;
        write!(f, "do: {}", self.what_to_do)
    }
}

const ENDED: Advice = Advice {
    safe: "everything that was acknowledged is in the journal; what carriers had not answered yet is uncertain, and is held or sent once \
           more as its business type says",
    what_to_do: "start it again; when it ends for the same reason, look first at the disk of the data folder (room, and what the \
                 system's log says of it)",
};
const NO_ROOM: Advice = Advice {
    safe: "nothing was changed; everything that was acknowledged is in the journal",
    what_to_do: "make room on the disk of the data folder (remove nothing inside it), or raise the limit that was met, and start again",
};
const DISK: Advice = Advice {
    safe: "nothing was changed; everything that was acknowledged is in the journal",
    what_to_do: "look at the disk (the system's log, whether it is mounted) and at the owner and rights of the file, and start again",
};
const JOURNAL_DAMAGED: Advice = Advice {
    safe: "nothing was changed, and nothing is sent; the other files of the journal, the history and the catalog are as they were",
    what_to_do: "copy the data folder for the inquiry; put the file back from a copy taken after it was written. Without one, moving the folder `journal` away starts with an empty one: messages that had not ended are lost then",
};
const IN_USE: Advice = Advice {
    safe: "the process that has it works on",
    what_to_do: "end that one first (`fuser` on the file `lock` in the folder tells which), or take another data folder",
};
const OTHER_PROGRAM: Advice = Advice {
    safe: "nothing was changed; everything that was acknowledged is in the journal",
    what_to_do: "start the version of the program that wrote it and report the line; a newer one does not help unless it says so",
};
const HISTORY: Advice = Advice {
    safe: "messages that have not ended are in the journal; the other files of the history are as they were",
    what_to_do: "put the file back from a copy. To send at once without it, move the folder `history` away: an empty one is made, and \
                 messages that ended before are found again only when the old one is back",
};
const CATALOG: Advice = Advice {
    safe: "messages are in the journal and in the history; the catalog holds none",
    what_to_do: "put `catalog.db` (with the files `catalog.db-*` beside it) and `secret.key` back from a copy. Without one, move them \
                 away and run `carillon apply` with the catalog's file: accounts get new keys, operators new passwords",
};
const DATABASE: Advice = Advice {
    safe: "messages are in the journal and in the history; the catalog holds none",
    what_to_do: "look at the database that `catalog.url` names: whether it runs, may be reached from here, and takes the password of \
                 PGPASSWORD or ~/.pgpass",
};
const FILES: Advice = Advice {
    safe: "messages are in the journal and in the history",
    what_to_do: "look at the folder `files` in the data folder: its disk, its owner and its rights; put it back from a copy when it is \
                 gone, since mails that wait and campaigns that run need it",
};

/// What to say after the reason; `None` where the reason says it all.
pub fn advice(failed: &Failed) -> Option<Advice> {
    let of_store = match failed {
        Failed::Service(_) => return Some(ENDED),
        Failed::Journal(error) => of_journal(error),
        Failed::Start(StartError::Recovery(RecoveryError::Journal(error))) => of_journal(error),
        Failed::Start(StartError::Recovery(RecoveryError::Body(_))) => JOURNAL_DAMAGED,
        Failed::Start(StartError::Recovery(_)) => OTHER_PROGRAM,
        Failed::History(_) => HISTORY,
        Failed::Catalog(CatalogError::Newer { .. }) => return None,
        Failed::Catalog(error) if error.is_passing() => DATABASE,
        Failed::Catalog(_) | Failed::CatalogMissing { .. } => CATALOG,
        Failed::Files(_) => FILES,
        Failed::Folder { .. } => DISK,
        _ => return None,
    };
    Some(if is_full(failed) { NO_ROOM } else { of_store })
}

fn of_journal(error: &JournalError) -> Advice {
    match error {
        JournalError::Damaged { .. } | JournalError::Gone { .. } => JOURNAL_DAMAGED,
        JournalError::InUse { .. } => IN_USE,
        JournalError::Failed { .. } => ENDED,
        _ => DISK,
    }
}

/// Whether something in it is that there was no room.
fn is_full(failed: &Failed) -> bool {
    /// What SQLite says of it (SQLITE_FULL).
    const SQLITE_FULL: &str = "database or disk is full";
    let is_full = |error: &(dyn Error + 'static)| {
        error.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(
                error.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
            )
        })
    };
    let causes = std::iter::successors(failed.source(), |error| (*error).source());
    causes.into_iter().any(is_full) || Chain(failed).to_string().contains(SQLITE_FULL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io_error(kind: ErrorKind) -> JournalError {
        JournalError::Io {
            operation: "creating a volume",
            place: "/data/journal/volume-000000000002".into(),
            source: kind.into(),
        }
    }

    #[test]
    fn what_is_wrong_decides_what_is_to_be_done() {
        let full = |error| CatalogError::Backend {
            operation: "committing",
            place: "/data/catalog.db".into(),
            source: error,
        };
        let damaged = || JournalError::Damaged {
            place: "/data/journal/volume-000000000001".into(),
            offset: 4096,
            detail: "a frame that was durable is not whole".into(),
        };
        for (failed, expected) in [
            (Failed::Service("syncing frames".into()), Some(ENDED)),
            (Failed::Journal(damaged()), Some(JOURNAL_DAMAGED)),
            (
                Failed::Start(StartError::Recovery(damaged().into())),
                Some(JOURNAL_DAMAGED),
            ),
            (Failed::Journal(io_error(ErrorKind::StorageFull)), Some(NO_ROOM)),
            (Failed::Journal(io_error(ErrorKind::PermissionDenied)), Some(DISK)),
            (
                Failed::Catalog(full("database or disk is full".into())),
                Some(NO_ROOM),
            ),
            (
                Failed::Catalog(full("file is not a database".into())),
                Some(CATALOG),
            ),
            (Failed::UnknownOperator("a".into()), None),
        ] {
            assert_eq!(advice(&failed), expected, "{failed}");
        }
    }
}
