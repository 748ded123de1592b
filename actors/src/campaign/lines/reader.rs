use super::{PART_BYTES_MAX, VERSION};
use compact_str::CompactString;
use std::io::{self, Read};

/// Reads what a [`super::LinesWriter`] wrote.
pub struct LinesReader<R> {
    input: R,
    columns: Vec<CompactString>,
    /// Index of the line that comes next.
    next: u32,
    part: Vec<u8>,
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub struct LineView<'a> {
    /// Its number in the uploaded file, from 1.
    pub number: u32,
    pub cells: Vec<&'a str>,
}

impl<R: Read> LinesReader<R> {
    pub fn begin(mut input: R) -> io::Result<Self> {
        let mut version = [0];
        input.read_exact(&mut version)?;
        if version != [VERSION] {
            return Err(damaged());
        }
        let mut reader = LinesReader {
            input,
            columns: Vec::new(),
            next: 0,
            part: Vec::new(),
        };
        if !reader.read_part()? {
            return Err(damaged());
        }
        reader.columns = postcard::from_bytes(&reader.part).map_err(|_| damaged())?;
        Ok(reader)
    }

    pub fn columns(&self) -> &[CompactString] {
        &self.columns
    }

    /// Index of the line that comes next.
    pub fn at(&self) -> u32 {
        self.next
    }

    /// Passes over lines until `line` comes next; `false` when there are not so many.
    pub fn skip_to(&mut self, line: u32) -> io::Result<bool> {
        while self.next < line {
            if !self.read_part()? {
                return Ok(false);
            }
            self.next += 1;
        }
        Ok(true)
    }

    pub fn next_line(&mut self) -> io::Result<Option<LineView<'_>>> {
        if !self.read_part()? {
            return Ok(None);
        }
        self.next += 1;
        let (number, cells) = postcard::from_bytes(&self.part).map_err(|_| damaged())?;
        Ok(Some(LineView { number, cells }))
    }

    /// `false` at the end of the file.
    fn read_part(&mut self) -> io::Result<bool> {
        let mut length = [0; 4];
        match self.input.read(&mut length[..1])? {
            0 => return Ok(false),
            _ => self.input.read_exact(&mut length[1..])?,
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > PART_BYTES_MAX {
            return Err(damaged());
        }
        self.part.resize(length, 0);
        self.input.read_exact(&mut self.part)?;
        Ok(true)
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the file of checked recipients is damaged",
    )
}

#[cfg(test)]
mod tests {
    use super::super::LinesWriter;
    use super::*;
    use proptest::prelude::*;

    fn columns() -> Vec<CompactString> {
        vec!["手机号".into(), "姓名".into()]
    }

    proptest! {
        #[test]
        fn lines_come_back_from_any_place(lines in prop::collection::vec((any::<u32>(), ".{0,9}", ".{0,9}"), 0..30), from in 0..30u32) {
            let mut writer = LinesWriter::begin(Vec::new(), &columns()).unwrap();
            for (number, first, second) in &lines {
                writer.push(*number, &[first, second]).unwrap();
            }
            let file = writer.into_inner();
            let mut reader = LinesReader::begin(&file[..]).unwrap();
            prop_assert_eq!(reader.columns(), columns());
            prop_assert_eq!(reader.skip_to(from).unwrap(), from as usize <= lines.len());
            for (number, first, second) in lines.iter().skip(from as usize) {
                let line = reader.next_line().unwrap().unwrap();
                prop_assert_eq!(line, LineView { number: *number, cells: vec![first, second] });
            }
            prop_assert_eq!(reader.next_line().unwrap(), None);
        }

        #[test]
        fn damage_is_an_error_never_a_panic(at: prop::sample::Index, to: u8) {
            let mut writer = LinesWriter::begin(Vec::new(), &columns()).unwrap();
            writer.push(2, &["13800000001", "张三"]).unwrap();
            let mut file = writer.into_inner();
            let at = at.index(file.len());
            file[at] = to;
            if let Ok(mut reader) = LinesReader::begin(&file[..]) {
                while let Ok(Some(_)) = reader.next_line() {}
            }
        }
    }
}
