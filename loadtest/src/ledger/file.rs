//! Ledger files: a magic number, then length-prefixed frames in postcard.

use super::{Frame, Seen};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// The first bytes of a ledger file; the last one is the version.
pub const MAGIC: [u8; 8] = *b"CARLEDG\x01";
/// No frame is longer: a segment's text is at most 160 characters.
const FRAME_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("cannot open the ledger {path}")]
    Open { path: PathBuf, source: io::Error },
    #[error("cannot write the ledger")]
    Write(#[source] io::Error),
    #[error("cannot read the ledger {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} is not a ledger of this version")]
    Format { path: PathBuf },
    #[error("the frame at byte {offset} of the ledger {path} is damaged")]
    Damaged { path: PathBuf, offset: u64 },
}

/// Where finished records go.
pub trait Sink: Send {
    fn frame(&mut self, frame: Frame) -> Result<(), LedgerError>;

    /// Something happens to a segment, for whoever looks on while carriers run.
    fn seen(&mut self, _seen: Seen<'_>) {}

    /// Makes everything so far visible to readers.
    fn flush(&mut self) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// Keeps everything in memory, for tests.
impl Sink for Vec<Frame> {
    fn frame(&mut self, frame: Frame) -> Result<(), LedgerError> {
        self.push(frame);
        Ok(())
    }
}

/// Appends frames to a file.
pub struct LedgerWriter {
    file: BufWriter<File>,
    buffer: Vec<u8>,
}

impl LedgerWriter {
    /// Creates the file, or empties it.
    pub fn create(path: &Path) -> Result<Self, LedgerError> {
        let file = File::create(path).map_err(|source| LedgerError::Open {
            path: path.to_owned(),
            source,
        })?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&MAGIC).map_err(LedgerError::Write)?;
        Ok(LedgerWriter {
            file,
            buffer: Vec::new(),
        })
    }
}

impl Sink for LedgerWriter {
    fn frame(&mut self, frame: Frame) -> Result<(), LedgerError> {
        self.buffer.clear();
        let encoded = postcard::to_extend(&frame, std::mem::take(&mut self.buffer));
        self.buffer = encoded.map_err(|error| LedgerError::Write(io::Error::other(error)))?;
        let length = (self.buffer.len() as u32).to_le_bytes();
        self.file.write_all(&length).map_err(LedgerError::Write)?;
        self.file.write_all(&self.buffer).map_err(LedgerError::Write)
    }

    fn flush(&mut self) -> Result<(), LedgerError> {
        self.file.flush().map_err(LedgerError::Write)
    }
}

/// Reads a ledger file frame by frame. A frame cut short at the end (the carrier was killed) ends the file.
pub struct LedgerReader {
    path: PathBuf,
    file: BufReader<File>,
    offset: u64,
    buffer: Vec<u8>,
}

impl LedgerReader {
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let file = File::open(path).map_err(|source| LedgerError::Open {
            path: path.to_owned(),
            source,
        })?;
        let mut file = BufReader::with_capacity(1 << 20, file);
        let mut magic = [0; MAGIC.len()];
        match file.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => {}
            Ok(()) => {
                return Err(LedgerError::Format {
                    path: path.to_owned(),
                });
            }
            Err(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(LedgerError::Format {
                    path: path.to_owned(),
                });
            }
            Err(source) => {
                return Err(LedgerError::Read {
                    path: path.to_owned(),
                    source,
                });
            }
        }
        Ok(LedgerReader {
            path: path.to_owned(),
            file,
            offset: MAGIC.len() as u64,
            buffer: Vec::new(),
        })
    }

    fn fill(&mut self, length: usize) -> Result<bool, LedgerError> {
        self.buffer.resize(length, 0);
        match self.file.read_exact(&mut self.buffer) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(source) => Err(LedgerError::Read {
                path: self.path.clone(),
                source,
            }),
        }
    }

    fn read(&mut self) -> Result<Option<Frame>, LedgerError> {
        if !self.fill(4)? {
            return Ok(None);
        }
        let damaged = || LedgerError::Damaged {
            path: self.path.clone(),
            offset: self.offset,
        };
        let length = self
            .buffer
            .first_chunk()
            .map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(damaged());
        }
        if !self.fill(length)? {
            return Ok(None);
        }
        let frame = postcard::from_bytes(&self.buffer).map_err(|_| LedgerError::Damaged {
            path: self.path.clone(),
            offset: self.offset,
        })?;
        self.offset += 4 + length as u64;
        Ok(Some(frame))
    }
}

impl Iterator for LedgerReader {
    type Item = Result<Frame, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Answer, GivenReceipt, Part, Record, Summary};

    fn record(marker: u64) -> Record {
        Record {
            account: 1,
            session: 2,
            at_us: 3,
            source: "10690000".into(),
            destination: "13800000001".into(),
            marker: Some(marker),
            content: 5,
            part: Some(Part {
                reference: 300,
                total: 2,
                number: 1,
            }),
            text: None,
            carrier_id: 6,
            answer: Answer::Refused(8),
            receipts: vec![GivenReceipt {
                status: "DELIVRD".into(),
                at_us: 7,
                acknowledged_us: Some(8),
            }],
        }
    }

    fn write(path: &Path) -> Vec<Frame> {
        let frames = vec![
            Frame::Segment(record(1)),
            Frame::Segment(record(2)),
            Frame::Summary(Summary {
                segments: 2,
                ..Summary::default()
            }),
        ];
        let mut writer = LedgerWriter::create(path).expect("created");
        for frame in &frames {
            writer.frame(frame.clone()).expect("written");
        }
        writer.flush().expect("flushed");
        frames
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("ledger");
        let frames = write(&path);
        let read: Vec<_> = LedgerReader::open(&path)
            .expect("opened")
            .map(|f| f.expect("frame"))
            .collect();
        assert_eq!(read, frames);
    }

    #[test]
    fn a_torn_tail_ends_the_file_and_damage_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("ledger");
        write(&path);
        let whole = std::fs::read(&path).expect("bytes");
        for length in MAGIC.len()..whole.len() {
            std::fs::write(&path, &whole[..length]).expect("cut");
            assert!(
                LedgerReader::open(&path)
                    .expect("opened")
                    .all(|frame| frame.is_ok()),
                "{length}"
            );
        }
        let mut damaged = whole.clone();
        damaged[MAGIC.len() + 3] = 0xff;
        std::fs::write(&path, &damaged).expect("damaged");
        let first = LedgerReader::open(&path).expect("opened").next();
        assert!(
            matches!(first, Some(Err(LedgerError::Damaged { offset: 8, .. }))),
            "{first:?}"
        );
        std::fs::write(&path, b"CARLEDG\x02").expect("other version");
        assert!(matches!(
            LedgerReader::open(&path),
            Err(LedgerError::Format { .. })
        ));
    }
}
