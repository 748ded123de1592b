//! The journal as an append log in files of its own: volumes of frames, checkpoints, one writer thread with group commit.

mod chain;
mod checkpoint;
mod checkpoint_chain;
mod cursor;
mod embedded;
mod error;
mod evidence;
mod folder;
mod frame;
mod group;
mod inbox;
mod options;
mod pace;
mod parts;
mod places;
mod progress;
mod reader;
mod recovery;
mod rewrite;
mod shared;
mod supply;
mod volume;
mod volume_list;
mod walk;
mod writer;

#[cfg(test)]
mod tests;

pub use embedded::EmbeddedJournal;
pub use frame::PAYLOAD_BYTES_MAX;
pub use options::JournalOptions;
