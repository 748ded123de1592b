use super::encoding::{Encoding, UTF8_MARK};
use super::problem::FileProblem;
use super::record::split;
use super::{COLUMN_CHARACTERS_MAX, COLUMNS_MAX};
use compact_str::CompactString;
use std::collections::HashSet;

/// The first line: the names of the columns, and what stands between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub columns: Vec<CompactString>,
    pub delimiter: u8,
}

impl Header {
    pub fn parse(line: &[u8], encoding: Encoding) -> Result<Header, FileProblem> {
        let line = line.strip_prefix(UTF8_MARK).unwrap_or(line);
        let text = encoding.decode(line).ok_or(FileProblem::HeaderNotText)?;
        if text.contains(|c: char| c.is_control() && c != '\t') {
            return Err(FileProblem::HeaderNotText);
        }
        let delimiter = delimiter(&text)?;
        let names = split(&text, delimiter).map_err(|_| FileProblem::HeaderUnclosed)?;
        if names.len() > COLUMNS_MAX {
            return Err(FileProblem::TooManyColumns { columns: names.len() });
        }
        let mut seen = HashSet::new();
        let mut columns = Vec::with_capacity(names.len());
        for (name, column) in names.iter().zip(1..) {
            let name = CompactString::from(name.trim());
            if name.is_empty() {
                return Err(FileProblem::ColumnEmpty { column });
            }
            if name.chars().nth(COLUMN_CHARACTERS_MAX).is_some() {
                return Err(FileProblem::ColumnTooLong { column });
            }
            if !seen.insert(name.clone()) {
                return Err(FileProblem::ColumnTwice { name });
            }
            columns.push(name);
        }
        Ok(Header { columns, delimiter })
    }
}

/// Of comma, semicolon and tab the one that makes the most columns; the comma where none stands.
fn delimiter(text: &str) -> Result<u8, FileProblem> {
    let mut best = (b',', 1);
    for delimiter in [b',', b';', b'\t'] {
        if let Ok(cells) = split(text, delimiter)
            && cells.len() > best.1
        {
            best = (delimiter, cells.len());
        }
    }
    Ok(best.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Header, FileProblem> {
        Header::parse(line.as_bytes(), Encoding::Utf8)
    }

    #[test]
    fn names_are_trimmed_and_the_delimiter_is_found() {
        for line in [
            "手机号,姓名",
            "手机号;姓名",
            "手机号\t姓名",
            " 手机号 ,\"姓名\"",
            "\u{feff}手机号,姓名",
        ] {
            assert_eq!(parse(line).unwrap().columns, ["手机号", "姓名"], "{line}");
        }
        assert_eq!(parse("手机号").unwrap().columns, ["手机号"]);
    }

    #[test]
    fn headers_that_cannot_be_used() {
        let many = vec!["x"; 3_000].join(",");
        let long = "长".repeat(65);
        for (line, words) in [
            ("a,,b", "column 2 has no name"),
            ("a,b,a", "two columns"),
            (&many, "3000 columns"),
            (&long, "column 1 has more"),
            ("a,\u{1}", "not text"),
            ("\"a,b", "never closed"),
            ("", "no name"),
        ] {
            let problem = parse(line).unwrap_err().to_string();
            assert!(problem.contains(words), "{problem}");
        }
        let longest = "长".repeat(64);
        assert!(parse(&longest).is_ok());
        assert!(Header::parse(b"\xff\xfd", Encoding::Utf8).is_err());
    }
}
