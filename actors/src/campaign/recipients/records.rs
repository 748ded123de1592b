use super::LINE_BYTES_MAX;
use super::encoding::Encoding;
use super::raw_lines::{RawLine, RawLines};
use super::record::{ends_open, split};
use carillon_domain::refusal::RefusalCode;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead};

/// Quotation marks that are looked for in vain, each through [`LINE_BYTES_MAX`] bytes. After so many a cell no longer goes on
/// over its line: what such a file costs is bounded.
const LOOKED_IN_VAIN_MAX: u32 = 1_000;

/// The records below the header. One usually is a line; a quoted cell may go on over several.
///
/// A quotation mark that is never closed would swallow the rest of the file. It is looked for within
/// [`LINE_BYTES_MAX`] bytes; where it is not found, only the line with the open mark is refused, and reading goes on with
/// the next.
pub struct Records<R> {
    lines: RawLines<R>,
    /// Lines read ahead for an open quotation mark in vain.
    again: VecDeque<RawLine>,
    looked_in_vain: u32,
    encoding: Encoding,
    delimiter: u8,
    columns: usize,
    /// The record being looked at, decoded.
    text: String,
}

/// One record that is not blank.
#[derive(Debug)]
pub enum Record<'a> {
    Cells { line: u32, cells: Vec<Cow<'a, str>> },
    Broken { line: u32, fault: RefusalCode },
}

impl<R: BufRead> Records<R> {
    /// `lines` is past the header, which has so many `columns`.
    pub fn new(lines: RawLines<R>, encoding: Encoding, delimiter: u8, columns: usize) -> Self {
        Records {
            lines,
            again: VecDeque::new(),
            looked_in_vain: 0,
            encoding,
            delimiter,
            columns,
            text: String::new(),
        }
    }

    /// Bytes of the file read so far.
    pub fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }

    pub fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        let line = loop {
            let Some(raw) = self.next_line()? else {
                return Ok(None);
            };
            if raw.bytes.trim_ascii().is_empty() {
                continue;
            }
            let line = raw.number;
            if let Err(fault) = self.read_whole(raw)? {
                return Ok(Some(Record::Broken { line, fault }));
            }
            // Spreadsheets write rows that were emptied as delimiters alone.
            if self
                .text
                .bytes()
                .all(|byte| byte == self.delimiter || byte.is_ascii_whitespace())
            {
                continue;
            }
            break line;
        };
        let broken = |fault| Ok(Some(Record::Broken { line, fault }));
        match split(&self.text, self.delimiter) {
            Ok(cells) if cells.len() == self.columns => Ok(Some(Record::Cells { line, cells })),
            Ok(_) => broken(RefusalCode::WrongColumnCount),
            Err(_) => broken(RefusalCode::UnclosedQuote),
        }
    }

    /// Puts the record that begins with `first` into `text`.
    fn read_whole(&mut self, first: RawLine) -> io::Result<Result<(), RefusalCode>> {
        if first.too_long {
            return Ok(Err(RefusalCode::LineTooLong));
        }
        self.text.clear();
        let Some(mut open) = self.push(&first, false) else {
            return Ok(Err(RefusalCode::LineNotText));
        };
        if open && self.looked_in_vain >= LOOKED_IN_VAIN_MAX {
            return Ok(Err(RefusalCode::UnclosedQuote));
        }
        let mut bytes = first.bytes.len();
        let mut ahead = Vec::new();
        while open {
            let next = self.next_line()?;
            let whole = next.as_ref().is_some_and(|next| {
                bytes += next.bytes.len() + 1;
                !next.too_long && bytes <= LINE_BYTES_MAX
            });
            self.text.push('\n');
            let pushed = next
                .as_ref()
                .filter(|_| whole)
                .and_then(|next| self.push(next, true));
            ahead.extend(next);
            let Some(still_open) = pushed else {
                // Back to where they were, in their order.
                ahead
                    .into_iter()
                    .rev()
                    .for_each(|line| self.again.push_front(line));
                self.looked_in_vain += 1;
                return Ok(Err(RefusalCode::UnclosedQuote));
            };
            open = still_open;
        }
        Ok(Ok(()))
    }

    /// Adds a line to the record; whether a quotation mark is open at its end. `None` when it is not text in the file's encoding.
    fn push(&mut self, line: &RawLine, open: bool) -> Option<bool> {
        let text = self.encoding.decode(&line.bytes)?;
        if text.contains('\0') {
            return None;
        }
        self.text.push_str(&text);
        Some(ends_open(&text, self.delimiter, open))
    }

    fn next_line(&mut self) -> io::Result<Option<RawLine>> {
        match self.again.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next_line(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records(content: &[u8], encoding: Encoding) -> Vec<(u32, Result<Vec<String>, RefusalCode>)> {
        let mut records = Records::new(RawLines::new(content), encoding, b',', 2);
        let mut all = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            all.push(match record {
                Record::Cells { line, cells } => (line, Ok(cells.into_iter().map(Cow::into_owned).collect())),
                Record::Broken { line, fault } => (line, Err(fault)),
            });
        }
        all
    }

    fn ok(line: u32, first: &str, second: &str) -> (u32, Result<Vec<String>, RefusalCode>) {
        (line, Ok(vec![first.to_owned(), second.to_owned()]))
    }

    #[test]
    fn lines_with_their_numbers_and_faults() {
        let long = "x".repeat(LINE_BYTES_MAX + 1);
        let content = format!("a,b\n\n  \n,\nc\n\"d\ne\",f\nnul\0,x\n{long}\ng,h,i\nhalf");
        let seen = records(content.as_bytes(), Encoding::Utf8);
        let broken = |line, fault| (line, Err(fault));
        assert_eq!(
            seen,
            [
                ok(1, "a", "b"),
                broken(5, RefusalCode::WrongColumnCount),
                ok(6, "d\ne", "f"),
                broken(8, RefusalCode::LineNotText),
                broken(9, RefusalCode::LineTooLong),
                broken(10, RefusalCode::WrongColumnCount),
                broken(11, RefusalCode::WrongColumnCount),
            ]
        );
    }

    #[test]
    fn an_open_quotation_mark_costs_one_line() {
        let many = "a,b\n".repeat(50_000);
        let seen = records(format!("\"x,y\n{many}").as_bytes(), Encoding::Utf8);
        assert_eq!(seen[0], (1, Err(RefusalCode::UnclosedQuote)));
        assert_eq!(seen.len(), 50_001);
        assert_eq!(seen[50_000], ok(50_001, "a", "b"));
        assert_eq!(records(b"\"x,y\na,b", Encoding::Utf8)[1], ok(2, "a", "b"));
    }

    /// Marks in pairs close nothing.
    #[test]
    fn many_open_quotation_marks_take_no_long_time() {
        let region = format!("\"a,b\n{}", "\"\"\n".repeat(LINE_BYTES_MAX / 3));
        let content = region.repeat(100);
        let start = std::time::Instant::now();
        let seen = records(content.as_bytes(), Encoding::Utf8);
        assert!(!seen.is_empty());
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    /// A line that opens a mark by itself, and keeps it open after others like it.
    #[test]
    fn lines_that_each_open_a_mark_take_no_long_time() {
        let count = 200_000;
        let content = "x\",\"\n".repeat(count);
        let start = std::time::Instant::now();
        let seen = records(content.as_bytes(), Encoding::Utf8);
        let refused = |(_, record): &(u32, Result<Vec<String>, RefusalCode>)| {
            *record == Err(RefusalCode::UnclosedQuote)
        };
        assert!(seen.len() == count && seen.iter().all(refused));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn broken_bytes_cost_one_line() {
        let seen = records(b"a,b\nc,\xff\nd,e\n", Encoding::Utf8);
        assert_eq!(seen[1], (2, Err(RefusalCode::LineNotText)));
        assert_eq!(seen[2], ok(3, "d", "e"));
        let gbk = encoding_rs::GB18030.encode("张三,b\n").0;
        assert_eq!(records(&gbk, Encoding::Gb18030), [ok(1, "张三", "b")]);
    }

    proptest! {
        #[test]
        fn any_bytes_end(content: Vec<u8>, gb18030: bool) {
            let encoding = if gb18030 { Encoding::Gb18030 } else { Encoding::Utf8 };
            let lines = content.split(|byte| *byte == b'\n').count();
            prop_assert!(records(&content, encoding).len() <= lines);
        }
    }
}
