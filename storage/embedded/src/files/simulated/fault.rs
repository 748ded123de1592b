use std::io;

/// What the journal may ask of a disk; [`super::SimulatedFiles`] counts and fails them by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    List,
    Create,
    Open,
    Read,
    Write,
    DataSync,
    Rename,
    Unlink,
    SyncDir,
    Lock,
}

impl Operation {
    pub(super) const COUNT: usize = 10;

    /// Only these can be interrupted by a power cut.
    pub(super) fn changes_the_disk(self) -> bool {
        !matches!(
            self,
            Operation::List | Operation::Open | Operation::Read | Operation::Lock
        )
    }
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// `EIO`. A failed sync leaves a page cache that takes lost pages for clean.
    Broken,
    /// `ENOSPC`.
    Full,
    /// A write lands in part, then `ENOSPC`; other operations fail as with [`Failure::Full`].
    ShortWrite,
}

impl Failure {
    pub(super) fn error(self) -> io::Error {
        match self {
            Failure::Broken => io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error()),
            Failure::Full | Failure::ShortWrite => {
                io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error())
            }
        }
    }
}

/// A failure that is due: operations of its kind on files it is about pass until `after` of them have, then `times` of them
/// fail.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) operation: Operation,
    /// Whether it is about the file of this name; `None` for all files.
    pub(super) about: Option<fn(&str) -> bool>,
    pub(super) after: u64,
    pub(super) times: u64,
    pub(super) failure: Failure,
}

impl Fault {
    /// Whether this operation fails, and how.
    pub(super) fn meets(&mut self, operation: Operation, name: Option<&str>) -> Option<Failure> {
        let is_about = self.about.is_none_or(|about| name.is_some_and(about));
        if operation != self.operation || self.times == 0 || !is_about {
            return None;
        }
        if self.after > 0 {
            self.after -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.failure)
    }
}
