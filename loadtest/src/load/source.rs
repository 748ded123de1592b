//! Where a load's lines come from: a file, or bodies made beforehand in which only numbers change.

use crate::marker;
use bytes::Bytes;
use compact_str::CompactString;
use serde::Deserialize;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// No line of a file may be longer.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// The body of one request.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Counts from 0; with the run's name it makes the idempotency key.
    pub number: u64,
    /// NDJSON; each line ends with a line feed.
    pub body: Bytes,
    pub lines: Vec<LineKey>,
}

/// By what a line is known afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineKey {
    /// Counts from 1 over the whole run.
    pub line: u64,
    pub marker: Option<u64>,
    pub phone: CompactString,
}

/// Gives one batch after the other.
pub trait Source: Send {
    /// `None` at the end.
    fn batch(&mut self, lines_max: usize) -> io::Result<Option<Batch>>;

    /// How many lines there are in all, if known.
    fn total(&self) -> Option<u64>;
}

/// Lines of an NDJSON file, as they are.
pub struct FileSource {
    file: BufReader<File>,
    next_line: u64,
    next_batch: u64,
}

impl FileSource {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = BufReader::with_capacity(1 << 20, File::open(path)?);
        Ok(FileSource {
            file,
            next_line: 1,
            next_batch: 0,
        })
    }
}

#[derive(Deserialize)]
struct Recipient<'a> {
    #[serde(borrow)]
    to: Cow<'a, str>,
}

impl Source for FileSource {
    fn batch(&mut self, lines_max: usize) -> io::Result<Option<Batch>> {
        let mut body = Vec::new();
        let mut lines = Vec::new();
        while lines.len() < lines_max {
            let start = body.len();
            let mut limited = io::Read::take(&mut self.file, LINE_BYTES_MAX);
            if limited.read_until(b'\n', &mut body)? == 0 {
                break;
            }
            let line = body[start..].trim_ascii();
            if line.is_empty() {
                body.truncate(start);
                continue;
            }
            // A broken line is sent as it is: refusing it is what is tested.
            let phone = serde_json::from_slice(line).map_or_else(|_| "".into(), |r: Recipient<'_>| r.to);
            lines.push(LineKey {
                line: self.next_line,
                marker: marker::find(line),
                phone: phone.into(),
            });
            self.next_line += 1;
            if !body.ends_with(b"\n") {
                body.push(b'\n');
            }
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let number = self.next_batch;
        self.next_batch += 1;
        Ok(Some(Batch {
            number,
            body: body.into(),
            lines,
        }))
    }

    fn total(&self) -> Option<u64> {
        None
    }
}

/// Generated lines: the body is built once, then only phones and markers are written over.
pub struct PatternSource {
    body: Vec<u8>,
    places: Vec<Places>,
    next: u64,
    end: u64,
    next_batch: u64,
}

struct Places {
    /// Where the line ends in the body.
    end: usize,
    /// The digits of the phone that change.
    phone: usize,
    marker: usize,
}

/// Phones are this and seven digits, so that ten million follow one another without a repetition.
pub const PHONE_PREFIX: &str = "1380";
const PHONE_DIGITS: usize = 7;

/// The phone of a marker.
pub fn phone_of(marker: u64) -> CompactString {
    let mut phone = *b"13800000000";
    marker::patch_digits(&mut phone[PHONE_PREFIX.len()..], marker);
    CompactString::from_utf8_lossy(&phone)
}

pub(super) const SHORT: &str = "您预约的检查将于明日上午进行，请携带有效证件按时到院，单号";
const LONG_TAIL: &str = "检查前请空腹八小时，当日清晨可饮少量清水；正在服用抗凝药物者请提前告知医生；如需改期，\
                         请至少提前一日联系预约中心，逾期未到视为放弃，号源不予保留，感谢您的理解与配合。";

impl PatternSource {
    /// Markers from `first` to before `end` (`u64::MAX` for no end); every `long_every`-th message has two segments (0 for none).
    pub fn new(first: u64, end: u64, long_every: u64, lines_max: usize) -> Self {
        PatternSource::with_strategy(first, end, long_every, lines_max, None)
    }

    /// The same; every second message names a strategy.
    pub fn with_strategy(
        first: u64,
        end: u64,
        long_every: u64,
        lines_max: usize,
        strategy: Option<&str>,
    ) -> Self {
        let fields = |line: u64| match strategy {
            Some(name) if line.is_multiple_of(2) => format!(",\"strategy\":\"{name}\""),
            _ => String::new(),
        };
        PatternSource::with_fields(first, end, long_every, lines_max, fields)
    }

    /// The same; `fields` makes further fields of a line by its number in the request, counted from 1, each after a comma.
    pub fn with_fields(
        first: u64,
        end: u64,
        long_every: u64,
        lines_max: usize,
        fields: impl Fn(u64) -> String,
    ) -> Self {
        let mut body = Vec::new();
        let mut places = Vec::new();
        for line in 1..=lines_max as u64 {
            let start = body.len();
            let tail = if long_every > 0 && line % long_every == 0 {
                LONG_TAIL
            } else {
                "。"
            };
            let fields = fields(line);
            let text = format!(
                "{{\"to\":\"13800000000\",\"text\":\"{SHORT}{}{tail}\"{fields}}}\n",
                marker::text(0)
            );
            body.extend_from_slice(text.as_bytes());
            let marker = start + text.find('#').unwrap_or_default();
            let phone = start + "{\"to\":\"".len() + PHONE_PREFIX.len();
            places.push(Places {
                end: body.len(),
                phone,
                marker,
            });
        }
        PatternSource {
            body,
            places,
            next: first,
            end,
            next_batch: 0,
        }
    }
}

impl Source for PatternSource {
    fn batch(&mut self, lines_max: usize) -> io::Result<Option<Batch>> {
        let left = usize::try_from(self.end - self.next).unwrap_or(usize::MAX);
        let count = lines_max.min(self.places.len()).min(left);
        let Some(last) = count.checked_sub(1) else {
            return Ok(None);
        };
        let mut lines = Vec::with_capacity(count);
        for places in &self.places[..count] {
            let number = self.next;
            self.next += 1;
            marker::patch_digits(&mut self.body[places.phone..places.phone + PHONE_DIGITS], number);
            marker::patch(&mut self.body, places.marker, number);
            lines.push(LineKey {
                line: number + 1,
                marker: Some(number),
                phone: phone_of(number),
            });
        }
        let body = Bytes::copy_from_slice(&self.body[..self.places[last].end]);
        let number = self.next_batch;
        self.next_batch += 1;
        Ok(Some(Batch { number, body, lines }))
    }

    fn total(&self) -> Option<u64> {
        (self.end != u64::MAX).then(|| self.end - self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_api::MessageRequest;
    use std::io::Write;

    #[test]
    fn generated_lines_are_requests_with_their_marker_and_phone() {
        let mut source = PatternSource::new(9_999_999, 10_000_004, 2, 3);
        let mut seen = Vec::new();
        while let Some(batch) = source.batch(1_000).expect("made") {
            let body = std::str::from_utf8(&batch.body).expect("UTF-8");
            assert_eq!(body.lines().count(), batch.lines.len());
            for (text, key) in body.lines().zip(&batch.lines) {
                let request: MessageRequest<'_> = serde_json::from_str(text).expect("a request");
                assert_eq!(request.to.as_ref().expect("a number").as_str(), key.phone);
                assert_eq!(marker::find(text.as_bytes()), key.marker);
                seen.push((key.line, key.phone.to_string()));
            }
        }
        let phones = [
            "13809999999",
            "13800000000",
            "13800000001",
            "13800000002",
            "13800000003",
        ];
        let expected: Vec<_> = (10_000_000..).zip(phones.map(str::to_owned)).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_file_is_sent_as_it_is_with_broken_lines_and_without_empty_ones() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"{\"to\":\"1\",\"text\":\"#0000000005\"}\n\n not json\n{\"to\":\"2\"}")
            .expect("written");
        let mut source = FileSource::open(file.path()).expect("opened");
        let batch = source.batch(10).expect("read").expect("a batch");
        let key = |line, marker, phone: &str| LineKey {
            line,
            marker,
            phone: phone.into(),
        };
        assert_eq!(
            batch.lines,
            [key(1, Some(5), "1"), key(2, None, ""), key(3, None, "2")]
        );
        assert!(batch.body.ends_with(b" not json\n{\"to\":\"2\"}\n"));
        assert!(source.batch(10).expect("read").is_none());
    }
}
