use super::encoding::{Encoding, UTF8_MARK};
use super::raw_lines::RawLines;
use super::record::push_cell;
use super::records::{Record, Records};
use carillon_domain::spreadsheet::{marked, unmarked};
use std::io::{self, BufRead, Write};

const HEADER: &str = "line,field,code,reason\r\n";

/// Why one line of a recipients file was refused. Repeats nothing of the line (PII-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedEntry {
    /// Counts from 1; the header is the first.
    pub line: u32,
    /// The column at fault; empty when it is the line as a whole.
    pub field: String,
    /// A word of the table of error codes.
    pub code: String,
    pub reason: String,
}

/// Writes the list of refused lines: a CSV in UTF-8 with its mark, as spreadsheets expect it.
pub struct RefusedWriter<W> {
    out: W,
    row: String,
}

impl<W: Write> RefusedWriter<W> {
    pub fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(UTF8_MARK)?;
        out.write_all(HEADER.as_bytes())?;
        Ok(RefusedWriter {
            out,
            row: String::new(),
        })
    }

    pub fn push(&mut self, line: u32, field: &str, code: &str, reason: &str) -> io::Result<()> {
        self.row.clear();
        self.row.push_str(&line.to_string());
        for cell in [field, code, reason] {
            self.row.push(',');
            // Names of columns are the uploader's.
            push_cell(&marked(cell), &mut self.row);
        }
        self.row.push_str("\r\n");
        self.out.write_all(self.row.as_bytes())
    }

    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Reads what [`RefusedWriter`] wrote.
pub struct RefusedReader<R> {
    records: Records<R>,
}

impl<R: BufRead> RefusedReader<R> {
    pub fn new(list: R) -> io::Result<Self> {
        let mut lines = RawLines::new(list);
        lines.next_line()?;
        Ok(RefusedReader {
            records: Records::new(lines, Encoding::Utf8, b',', 4),
        })
    }

    /// The next entry, in the order of the lines.
    pub fn next_entry(&mut self) -> io::Result<Option<RefusedEntry>> {
        let Some(record) = self.records.next_record()? else {
            return Ok(None);
        };
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the list of refused lines is damaged");
        let Record::Cells { cells, .. } = record else {
            return Err(damaged());
        };
        let cell = |place: usize| unmarked(&cells[place]).to_owned();
        Ok(Some(RefusedEntry {
            line: cells[0].parse().map_err(|_| damaged())?,
            field: cell(1),
            code: cell(2),
            reason: cell(3),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        let mut writer = RefusedWriter::begin(Vec::new()).unwrap();
        let entries = [
            (2, "手机号", "invalid_phone", "too short"),
            (900, "", "wrong_column_count", "a, \"b\""),
            (901, "=HYPERLINK(\"http://x\")", "template_variable", "too long"),
            (902, "'quoted", "template_variable", "-1"),
        ];
        for (line, field, code, reason) in entries {
            writer.push(line, field, code, reason).unwrap();
        }
        let list = writer.into_inner();
        let text = String::from_utf8(list.clone()).unwrap();
        assert!(text.contains(",\"'=HYPERLINK"), "{text}");
        assert!(text.contains(",'-1\r\n"), "{text}");
        let mut reader = RefusedReader::new(&list[..]).unwrap();
        for (line, field, code, reason) in entries {
            let entry = reader.next_entry().unwrap().unwrap();
            assert_eq!(
                (
                    entry.line,
                    entry.field.as_str(),
                    entry.code.as_str(),
                    entry.reason.as_str()
                ),
                (line, field, code, reason)
            );
        }
        assert_eq!(reader.next_entry().unwrap(), None);
    }
}
