//! A recipients file (CSV): from bytes of anybody's making to lines that were checked one by one (SEND-3).
//!
//! Everything here is plain code over [`std::io::Read`], bounded in memory whatever the file holds.

mod check;
mod doubles;
mod encoding;
mod header;
mod problem;
mod raw_lines;
mod record;
mod records;
mod refused_list;

pub use check::{Check, CheckError, CheckProgress};
pub use problem::FileProblem;
pub use refused_list::{RefusedEntry, RefusedReader, RefusedWriter};

/// The most columns a file may have.
pub const COLUMNS_MAX: usize = 200;
/// The longest name of a column, in characters.
pub const COLUMN_CHARACTERS_MAX: usize = 64;
/// The longest line, in bytes of the file.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
