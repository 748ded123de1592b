//! The apply file: the whole configuration of an installation, declared by name, kept in git.
//!
//! [`resolve`] turns a file into the next [`Snapshot`](super::Snapshot) and says what it changes, without any I/O. Applying
//! the same file twice changes nothing; an object that the file no longer names is removed.

mod change;
mod check;
mod describe;
mod diff;
mod edit;
mod entries;
mod entry;
mod environment;
mod error;
mod file;
mod names;
mod of;
mod resolve;
mod secret_source;
mod section;
mod words;

pub use change::{Change, What};
pub use edit::{EditError, EntryRef, Upserted};
pub use entry::{
    AccountEntry, BusinessTypeEntry, ConnectionEntry, MailEntry, MemberEntry, NumberListEntry,
    OrganisationEntry, RouteGroupEntry, RouteRuleEntry, StepEntry, StrategyEntry, TemplateEntry,
    WebhookEntry, WordListEntry,
};
pub use environment::Environment;
pub use error::{ApplyError, Problem};
pub use file::ApplyFile;
pub use resolve::{Applied, NewKey, resolve};
pub use secret_source::SecretSource;
pub use section::Section;
pub use words::Word;

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod object_tests;
#[cfg(test)]
mod tests;
