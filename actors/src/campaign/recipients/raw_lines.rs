use super::LINE_BYTES_MAX;
use std::io::{self, BufRead};

/// The lines of a file as bytes, without their ends. Never holds more than [`LINE_BYTES_MAX`] of one.
pub struct RawLines<R> {
    reader: R,
    /// Number of the line that comes next, from 1.
    next: u32,
    bytes: u64,
}

/// One line, cut off at the limit when it is longer.
#[derive(Debug, PartialEq, Eq)]
pub struct RawLine {
    pub number: u32,
    pub bytes: Vec<u8>,
    pub too_long: bool,
}

impl<R: BufRead> RawLines<R> {
    pub fn new(reader: R) -> Self {
        RawLines {
            reader,
            next: 1,
            bytes: 0,
        }
    }

    /// Bytes of the file read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes
    }

    pub fn next_line(&mut self) -> io::Result<Option<RawLine>> {
        let mut line = RawLine {
            number: self.next,
            bytes: Vec::new(),
            too_long: false,
        };
        let mut any = false;
        loop {
            let available = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if available.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', available);
            let piece = &available[..end.unwrap_or(available.len())];
            let room = LINE_BYTES_MAX - line.bytes.len();
            line.too_long |= piece.len() > room;
            line.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
            let used = piece.len() + usize::from(end.is_some());
            self.reader.consume(used);
            self.bytes += used as u64;
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        if !line.too_long && line.bytes.last() == Some(&b'\r') {
            line.bytes.pop();
        }
        self.next = self.next.saturating_add(1);
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::BufReader;

    fn lines(content: &[u8], buffer: usize) -> Vec<RawLine> {
        let mut lines = RawLines::new(BufReader::with_capacity(buffer, content));
        let all = std::iter::from_fn(|| lines.next_line().unwrap()).collect();
        assert_eq!(lines.bytes_read(), content.len() as u64);
        all
    }

    #[test]
    fn a_line_without_end_holds_no_more_than_the_limit() {
        let content = [
            vec![b'a'; 1_000_000],
            b"\nb\r\n".to_vec(),
            vec![b'c'; LINE_BYTES_MAX],
        ]
        .concat();
        let lines = lines(&content, 4_096);
        let seen: Vec<_> = lines
            .iter()
            .map(|line| (line.number, line.bytes.len(), line.too_long))
            .collect();
        assert_eq!(
            seen,
            [
                (1, LINE_BYTES_MAX, true),
                (2, 1, false),
                (3, LINE_BYTES_MAX, false)
            ]
        );
    }

    proptest! {
        #[test]
        fn lines_come_back_whatever_the_buffer(parts in prop::collection::vec("[a-z,\"]{0,12}", 0..20), buffer in 1..40usize) {
            let content = parts.join("\n");
            let got: Vec<_> = lines(content.as_bytes(), buffer).into_iter().map(|line| String::from_utf8(line.bytes).unwrap()).collect();
            let expected: Vec<_> = content.lines().map(str::to_owned).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
