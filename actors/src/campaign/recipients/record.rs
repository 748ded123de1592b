use std::borrow::Cow;

/// A quotation mark was opened and not closed: the record goes on in the next line, or is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclosed;

/// Splits one record into its cells (RFC 4180). A quotation mark means something only at the beginning of a cell; what stands
/// between a closing one and the next delimiter belongs to the cell.
pub fn split(record: &str, delimiter: u8) -> Result<Vec<Cow<'_, str>>, Unclosed> {
    let mut cells = Vec::new();
    let mut rest = record;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted, delimiter)?,
            None => plain_cell(rest, delimiter),
        };
        cells.push(cell);
        match after {
            Some(after) => rest = after,
            None => return Ok(cells),
        }
    }
}

/// Whether a quotation mark is open at the end of a line of a record; `open` says so of the line before.
pub fn ends_open(line: &str, delimiter: u8, mut open: bool) -> bool {
    let mut rest = line.as_bytes();
    loop {
        if let (false, Some(quoted)) = (open, rest.strip_prefix(b"\"")) {
            (open, rest) = (true, quoted);
        }
        while open {
            let Some(end) = memchr::memchr(b'"', rest) else {
                return true;
            };
            rest = &rest[end + 1..];
            match rest.strip_prefix(b"\"") {
                Some(after) => rest = after,
                None => open = false,
            }
        }
        match memchr::memchr(delimiter, rest) {
            Some(end) => rest = &rest[end + 1..],
            None => return false,
        }
    }
}

/// A cell, and what comes after its delimiter.
type Cell<'a> = (Cow<'a, str>, Option<&'a str>);

fn plain_cell(text: &str, delimiter: u8) -> Cell<'_> {
    match memchr::memchr(delimiter, text.as_bytes()) {
        Some(end) => (Cow::Borrowed(&text[..end]), Some(&text[end + 1..])),
        None => (Cow::Borrowed(text), None),
    }
}

fn quoted_cell(text: &str, delimiter: u8) -> Result<Cell<'_>, Unclosed> {
    let mut cell = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let end = memchr::memchr(b'"', rest.as_bytes()).ok_or(Unclosed)?;
        cell += &rest[..end];
        rest = &rest[end + 1..];
        if !rest.starts_with('"') {
            let (tail, after) = plain_cell(rest, delimiter);
            cell += tail;
            return Ok((cell, after));
        }
        cell += "\"";
        rest = &rest[1..];
    }
}

/// Writes a cell so that [`split`] reads it again.
pub fn push_cell(cell: &str, out: &mut String) {
    if !cell.contains([',', ';', '\t', '"', '\n', '\r']) {
        out.push_str(cell);
        return;
    }
    out.push('"');
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cells() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[""]),
            ("a", &["a"]),
            ("a,b,", &["a", "b", ""]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"a\"\"b\"", &["a\"b"]),
            ("张\"三\",b", &["张\"三\"", "b"]),
            ("\"\",\"\"", &["", ""]),
            ("\"a\nb\",c", &["a\nb", "c"]),
            ("\"a\"x,b", &["ax", "b"]),
        ];
        for (record, cells) in cases {
            assert_eq!(split(record, b',').unwrap(), cells, "{record}");
        }
        for unclosed in ["\"", "a,\"b", "\"a\"\"", "a,\"b\"\","] {
            assert_eq!(split(unclosed, b','), Err(Unclosed), "{unclosed}");
        }
        assert_eq!(split("a;b,c", b';').unwrap(), ["a", "b,c"]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(cells in prop::collection::vec("[a-z张三,;\"\n\t ]{0,8}", 1..6)) {
            let mut record = String::new();
            for (number, cell) in cells.iter().enumerate() {
                if number > 0 {
                    record.push(',');
                }
                push_cell(cell, &mut record);
            }
            prop_assert_eq!(split(&record, b',').unwrap(), cells);
        }

        #[test]
        fn line_by_line_the_same_is_open(lines in prop::collection::vec("[a,\"]{0,6}", 1..6)) {
            let open = lines.iter().fold(false, |open, line| ends_open(line, b',', open));
            // A mark that was closed before starts a new record; only a record that stays open is read on.
            let stays_open = (1..lines.len()).all(|count| split(&lines[..count].join("\n"), b',').is_err());
            if stays_open {
                prop_assert_eq!(split(&lines.join("\n"), b',').is_err(), open);
            }
        }

        #[test]
        fn any_text_is_split_or_unclosed(record in ".{0,60}", delimiter in prop::sample::select(vec![b',', b';', b'\t'])) {
            if let Ok(cells) = split(&record, delimiter) {
                prop_assert!(!cells.is_empty());
            }
        }
    }
}
