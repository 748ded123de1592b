use super::{COLUMN_CHARACTERS_MAX, COLUMNS_MAX, LINE_BYTES_MAX};
use carillon_domain::campaign::{ColumnMissing, LINES_MAX};
use compact_str::CompactString;

/// Why a file as a whole cannot be used. Lines and columns count from 1.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    #[error("the file is empty")]
    Empty,
    #[error("the file is {kind}, not a text file with one recipient in each line; save it as CSV")]
    NotText { kind: &'static str },
    #[error(
        "line {line} is written in another encoding than the lines before it; save the file in one, as UTF-8"
    )]
    MixedEncodings { line: u32 },
    #[error("the first line, which names the columns, is not text")]
    HeaderNotText,
    #[error("the first line, which names the columns, has more than {LINE_BYTES_MAX} bytes")]
    HeaderTooLong,
    #[error("the first line, which names the columns, has a quotation mark that is never closed")]
    HeaderUnclosed,
    #[error("the file has {columns} columns; at most {COLUMNS_MAX} are taken")]
    TooManyColumns { columns: usize },
    #[error("column {column} has no name")]
    ColumnEmpty { column: usize },
    #[error("the name of column {column} has more than {COLUMN_CHARACTERS_MAX} characters")]
    ColumnTooLong { column: usize },
    #[error("two columns have the name `{name}`")]
    ColumnTwice { name: CompactString },
    #[error(transparent)]
    ColumnMissing(#[from] ColumnMissing),
    #[error("the file names columns and has no line below them")]
    NoLines,
    #[error("the file has more than {LINES_MAX} lines")]
    TooManyLines,
}
