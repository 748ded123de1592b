//! The good lines of a campaign in the form that expansion reads: a version byte, the names of the columns, then line by line
//! its number in the uploaded file and its cells. Each part is postcard with its length in front (4 bytes, little-endian).

mod reader;
mod writer;

pub use reader::{LineView, LinesReader};
pub use writer::LinesWriter;

const VERSION: u8 = 1;

/// The longest part: a line of the file in UTF-8, which takes at most half as much again as GB 18030, and its lengths.
const PART_BYTES_MAX: usize = 2 * super::recipients::LINE_BYTES_MAX;
