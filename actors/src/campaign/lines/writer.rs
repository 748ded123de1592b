use super::{PART_BYTES_MAX, VERSION};
use compact_str::CompactString;
use serde::Serialize;
use std::io::{self, Write};

/// Writes the lines of a campaign.
pub struct LinesWriter<W> {
    out: W,
    part: Vec<u8>,
}

impl<W: Write> LinesWriter<W> {
    pub fn begin(mut out: W, columns: &[CompactString]) -> io::Result<Self> {
        out.write_all(&[VERSION])?;
        let mut writer = LinesWriter {
            out,
            part: Vec::new(),
        };
        writer.push_part(&columns)?;
        Ok(writer)
    }

    /// `number` is the line's in the uploaded file, from 1.
    pub fn push<S: AsRef<str> + Serialize>(&mut self, number: u32, cells: &[S]) -> io::Result<()> {
        self.push_part(&(number, cells))
    }

    pub fn into_inner(self) -> W {
        self.out
    }

    fn push_part(&mut self, part: &impl Serialize) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.part);
        bytes.clear();
        self.part = postcard::to_extend(part, bytes).map_err(io::Error::other)?;
        if self.part.len() > PART_BYTES_MAX {
            return Err(io::Error::other("a line is too long to be stored"));
        }
        self.out.write_all(&(self.part.len() as u32).to_le_bytes())?;
        self.out.write_all(&self.part)
    }
}
