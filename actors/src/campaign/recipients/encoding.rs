use super::problem::FileProblem;
use super::raw_lines::RawLines;
use encoding_rs::GB18030;
use std::borrow::Cow;
use std::io::{self, BufRead};

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// With it GBK and GB 2312, which it extends.
    Gb18030,
}

/// What a first look over the whole file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survey {
    pub encoding: Encoding,
    /// Lines as they end with a line feed, the first one counted.
    pub lines: u32,
}

pub const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// How files begin that are often taken for a CSV.
const OTHER_KINDS: [(&[u8], &str); 8] = [
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];

/// Lines of the rarer encoding that may be chance: two Chinese characters of GBK may look like one of UTF-8, and a line may be
/// damaged. They are refused, or read, one by one.
const CHANCE_LINES: u32 = 2;
const CHANCE_PER_LINES: u32 = 1_000;

impl Encoding {
    /// The text of a line; `None` when it is not written so.
    pub fn decode(self, line: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Encoding::Utf8 => std::str::from_utf8(line).ok().map(Cow::Borrowed),
            Encoding::Gb18030 => GB18030.decode_without_bom_handling_and_without_replacement(line),
        }
    }
}

impl Survey {
    /// Reads the whole file once. A file that is valid UTF-8 is UTF-8; else the lines decide, each for itself. `read` is
    /// told how many bytes are done now and then, and may end it.
    pub fn of<R: BufRead>(
        reader: R,
        mut read: impl FnMut(u64) -> io::Result<()>,
    ) -> io::Result<Result<Survey, FileProblem>> {
        let mut lines = RawLines::new(reader);
        let mut utf8 = Evidence::default();
        let mut gb18030 = Evidence::default();
        let mut marked = false;
        let mut count = 0;
        while let Some(line) = lines.next_line()? {
            if line.number == 1 {
                if let Some((_, kind)) = OTHER_KINDS
                    .iter()
                    .find(|(start, _)| line.bytes.starts_with(start))
                {
                    return Ok(Err(FileProblem::NotText { kind }));
                }
                marked = line.bytes.starts_with(UTF8_MARK);
                if line.bytes.contains(&0) {
                    return Ok(Err(FileProblem::NotText { kind: "binary" }));
                }
            }
            count = line.number;
            if count > carillon_domain::campaign::LINES_MAX + 1 {
                return Ok(Err(FileProblem::TooManyLines));
            }
            if count % 4_096 == 0 {
                read(lines.bytes_read())?;
            }
            if line.bytes.is_ascii() {
                continue;
            }
            // Where a line was cut off for its length a character may be cut as well.
            match std::str::from_utf8(&line.bytes) {
                // Only from U+0800 on is a chance reading of GBK unlikely.
                Ok(text) if text.chars().any(|c| c >= '\u{800}') => utf8.add(line.number),
                Ok(_) => {}
                Err(_) if line.too_long => {}
                Err(_) if Encoding::Gb18030.decode(&line.bytes).is_some() => gb18030.add(line.number),
                Err(_) => {}
            }
        }
        if count == 0 {
            return Ok(Err(FileProblem::Empty));
        }
        Ok(decide(marked, utf8, gb18030).map(|encoding| Survey {
            encoding,
            lines: count,
        }))
    }
}

/// Lines that speak for an encoding.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    lines: u32,
    first: u32,
}

impl Evidence {
    fn add(&mut self, line: u32) {
        if self.lines == 0 {
            self.first = line;
        }
        self.lines += 1;
    }
}

fn decide(marked: bool, utf8: Evidence, gb18030: Evidence) -> Result<Encoding, FileProblem> {
    let (encoding, most, fewest) = if marked || utf8.lines >= gb18030.lines {
        (Encoding::Utf8, utf8, gb18030)
    } else {
        (Encoding::Gb18030, gb18030, utf8)
    };
    if fewest.lines > CHANCE_LINES + most.lines / CHANCE_PER_LINES {
        let line = most.first.max(fewest.first);
        return Err(FileProblem::MixedEncodings { line });
    }
    Ok(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(content: &[u8]) -> Result<Survey, FileProblem> {
        Survey::of(content, |_| Ok(())).unwrap()
    }

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn the_whole_file_decides() {
        let text = "手机号,姓名\n13800000001,张三\n13800000002,李四\n";
        assert_eq!(
            survey(text.as_bytes()).unwrap(),
            Survey {
                encoding: Encoding::Utf8,
                lines: 3
            }
        );
        assert_eq!(survey(&gbk(text)).unwrap().encoding, Encoding::Gb18030);
        let marked = [UTF8_MARK, text.as_bytes()].concat();
        assert_eq!(survey(&marked).unwrap().encoding, Encoding::Utf8);
        assert_eq!(survey(b"to,name\n1,a").unwrap().encoding, Encoding::Utf8);
        // U+20000 stands in four bytes in both.
        assert_eq!(
            survey(&gbk("姓名\n𠀀\n龘\n")).unwrap().encoding,
            Encoding::Gb18030
        );
    }

    #[test]
    fn a_damaged_line_does_not_change_the_encoding_of_the_others() {
        let mut content = "手机号,姓名\n".repeat(100).into_bytes();
        content.extend(gbk("张三丰李四\n"));
        content.extend(b"\xff\xff\xff\n");
        assert_eq!(survey(&content).unwrap().encoding, Encoding::Utf8);
        let mut content = gbk(&"手机号,姓名\n".repeat(100));
        content.extend(b"\xff\xff\xff\n");
        content.extend("张三\n".as_bytes());
        assert_eq!(survey(&content).unwrap().encoding, Encoding::Gb18030);
    }

    /// Each reads as UTF-8 by chance.
    #[test]
    fn chinese_names_in_gbk_are_not_taken_for_utf8() {
        let names = "联通\n".repeat(10_000);
        let content = gbk(&format!("手机号,姓名\n{names}"));
        assert_eq!(survey(&content).unwrap().encoding, Encoding::Gb18030);
    }

    #[test]
    fn two_encodings_in_one_file_are_told_with_the_line() {
        let half = "手机号,姓名\n张三,王五\n".repeat(5);
        let content = [half.clone().into_bytes(), gbk(&half)].concat();
        let problem = survey(&content).unwrap_err();
        assert!(
            matches!(problem, FileProblem::MixedEncodings { line: 11 }),
            "{problem}"
        );
        let content = [gbk(&half), half.into_bytes()].concat();
        assert!(matches!(
            survey(&content).unwrap_err(),
            FileProblem::MixedEncodings { line: 11 }
        ));
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (content, words) in [
            (&b""[..], "empty"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
            (b"PK\x03\x04\x14", "Excel"),
            (b"\xff\xfet\0o\0", "UTF-16"),
            (b"to\0,name\n", "binary"),
        ] {
            let problem = survey(content).unwrap_err().to_string();
            assert!(problem.contains(words), "{problem}");
        }
    }
}
