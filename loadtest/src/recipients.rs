//! A recipients file as a hospital exports it: GBK, Chinese column names, some lines broken on purpose. Nobody in it exists.

use crate::judge::Expectations;
use crate::load::phone_of;
use crate::marker;
use crate::reminders::{Expected, PatientWords};
use encoding_rs::GBK;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::io::{self, Write};

/// The first line of the file.
pub const COLUMNS: [&str; 6] = ["手机号", "姓名", "科室", "就诊日期", "就诊时间", "就诊号"];

/// Bytes that are no text in GBK.
const NO_TEXT: &[u8] = b"\xff\xff";
const TOO_LONG_CHARACTERS: usize = 2_000;

#[derive(Clone, Copy, Debug)]
enum Fault {
    Phone,
    MissingName,
    WrongDate,
    TooLong,
    Control,
    Doubled,
    TooFewCells,
    TooManyCells,
    NoText,
}

const FAULTS: [Fault; 9] = [
    Fault::Phone,
    Fault::MissingName,
    Fault::WrongDate,
    Fault::TooLong,
    Fault::Control,
    Fault::Doubled,
    Fault::TooFewCells,
    Fault::TooManyCells,
    Fault::NoText,
];

/// What was written.
#[derive(Debug, Default)]
pub struct Written {
    /// By the line of the file, counted from 1 with the first line.
    pub expected: Expectations,
    /// Markers of the good lines, in their order.
    pub good: Vec<u64>,
    pub broken: u64,
}

/// Writes `count` recipients. The marker of each stands in its `就诊号`; it is the number of its line without the first one.
pub fn write_recipients(
    output: &mut impl Write,
    seed: u64,
    broken_share: f64,
    count: u64,
) -> io::Result<Written> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut words = PatientWords::new(seed);
    let mut written = Written::default();
    write_line(output, &COLUMNS.map(str::to_owned))?;
    for marker in 1..=count {
        let line = marker + 1;
        let (date, time) = words.date_and_time();
        let mut cells = [
            phone_of(marker).to_string(),
            words.patient(),
            words.department(),
            date,
            time,
            marker::text(marker),
        ]
        .to_vec();
        if !random.random_bool(broken_share) {
            write_line(output, &cells)?;
            written.good.push(marker);
            continue;
        }
        let mut fault = FAULTS[random.random_range(0..FAULTS.len())];
        if written.good.is_empty() && matches!(fault, Fault::Doubled) {
            fault = Fault::Phone;
        }
        let expected = spoil(&mut cells, fault, &written.good, &mut random);
        written.expected.expect_line(line, expected);
        written.broken += 1;
        match fault {
            Fault::NoText => {
                output.write_all(NO_TEXT)?;
                write_line(output, &cells)?;
            }
            _ => write_line(output, &cells)?,
        }
    }
    output.flush()?;
    Ok(written)
}

fn spoil(cells: &mut Vec<String>, fault: Fault, good: &[u64], random: &mut SmallRng) -> Expected {
    let expected = |code, field| Expected { code, field };
    match fault {
        Fault::Phone => {
            let wrong = ["1380013800", "23800000000", "138000000001", "1380000000x", ""];
            cells[0] = wrong[random.random_range(0..wrong.len())].to_owned();
            let code = if cells[0].is_empty() {
                "recipient_missing"
            } else {
                "invalid_phone"
            };
            expected(code, COLUMNS[0])
        }
        Fault::MissingName => {
            cells[1].clear();
            expected("missing_variable", COLUMNS[1])
        }
        Fault::WrongDate => {
            cells[3] = "明天".to_owned();
            expected("invalid_variable", COLUMNS[3])
        }
        Fault::TooLong => {
            cells[2] = "科".repeat(TOO_LONG_CHARACTERS);
            expected("invalid_variable", COLUMNS[2])
        }
        Fault::Control => {
            cells[1].push('\u{1}');
            expected("invalid_variable", COLUMNS[1])
        }
        Fault::Doubled => {
            let of = good[random.random_range(0..good.len())];
            cells[0] = phone_of(of).to_string();
            expected("duplicate_recipient", COLUMNS[0])
        }
        Fault::TooFewCells => {
            cells.pop();
            expected("wrong_column_count", "")
        }
        Fault::TooManyCells => {
            cells.push("备注".to_owned());
            expected("wrong_column_count", "")
        }
        Fault::NoText => expected("line_not_text", ""),
    }
}

fn write_line(output: &mut impl Write, cells: &[String]) -> io::Result<()> {
    let text = cells.join(",");
    let (bytes, ..) = GBK.encode(&text);
    output.write_all(&bytes)?;
    output.write_all(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_kind_that_hospitals_export() {
        let mut file = Vec::new();
        let written = write_recipients(&mut file, 3, 0.05, 2_000).expect("a vector takes everything");
        assert!(written.broken > 50 && written.good.len() as u64 + written.broken == 2_000);
        assert_eq!(written.expected.len() as u64, written.broken);
        assert!(std::str::from_utf8(&file).is_err(), "it is not UTF-8");
        let lines: Vec<_> = file.split(|byte| *byte == b'\n').collect();
        let (header, _, broken) = GBK.decode(lines[0]);
        assert!(!broken);
        assert_eq!(header.trim_end(), COLUMNS.join(","));
        for marker in &written.good {
            let line = lines[usize::try_from(*marker).expect("a line")];
            assert_eq!(crate::marker::find(line), Some(*marker));
        }
    }

    #[test]
    fn the_same_seed_writes_the_same_file() {
        let file = |seed| {
            let mut file = Vec::new();
            write_recipients(&mut file, seed, 0.1, 300).expect("a vector takes everything");
            file
        };
        assert_eq!(file(1), file(1));
        assert_ne!(file(1), file(2));
    }
}
