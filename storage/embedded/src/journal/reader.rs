use super::cursor::{Cursor, Found};
use super::error::{damaged, io_error};
use super::frame::FrameKind;
use super::progress::DurableEnd;
use super::shared::Shared;
use super::volume::Volume;
use carillon_storage::journal::{Frame, FrameReader, FrameSeq, JournalError};
use std::io;
use std::sync::Arc;

/// One durable frame.
pub(super) fn frame(shared: &Arc<Shared>, seq: FrameSeq) -> Result<Frame, JournalError> {
    let mut reader = Reader::new(shared.clone(), seq)?;
    reader.next_frame()?.ok_or(JournalError::NotDurable {
        wanted: seq,
        durable: reader.end.seq,
    })
}

/// Reads beside the writer, never beyond what is durable.
pub(super) struct Reader {
    shared: Arc<Shared>,
    wanted: FrameSeq,
    /// What was durable when last asked.
    end: DurableEnd,
    cursor: Option<Cursor>,
    /// Header CRC of the frame before the cursor, once one was seen.
    previous_crc: Option<u32>,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, from: FrameSeq) -> Result<Self, JournalError> {
        let end = shared.progress.end();
        let reader = Reader {
            shared,
            wanted: from,
            end,
            cursor: None,
            previous_crc: None,
        };
        let oldest = reader.oldest();
        if from < oldest {
            Err(JournalError::Gone { wanted: from, oldest })
        } else {
            Ok(reader)
        }
    }

    fn oldest(&self) -> FrameSeq {
        self.shared.volumes.oldest().unwrap_or(self.end.seq.next())
    }

    /// A cursor from which the wanted frame is reached by reading on.
    fn locate(&self) -> Result<Cursor, JournalError> {
        let (volume, offset) = self
            .shared
            .volumes
            .locate(self.wanted)
            .ok_or_else(|| self.gone())?;
        let volume = self.open(volume)?;
        if let Some(offset) = offset {
            return Ok(Cursor::at(volume, offset));
        }
        // It was not walked through at the opening: everything in it was durable long before.
        let places = &self.shared.places;
        let offset = places.locate(&volume, self.wanted)?;
        Ok(Cursor::at(volume, offset))
    }

    fn open(&self, index: u64) -> Result<Volume, JournalError> {
        match Volume::open(&*self.shared.files, &self.shared.dir, index) {
            // Released since it was looked up, or since the reader began to read the one before it.
            Err(JournalError::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound && self.wanted < self.oldest() =>
            {
                Err(self.gone())
            }
            other => other,
        }
    }

    fn gone(&self) -> JournalError {
        JournalError::Gone {
            wanted: self.wanted,
            oldest: self.oldest(),
        }
    }

    /// The next frame of any kind; `None` at the end of the cursor's volume.
    fn find(&mut self, cursor: &mut Cursor) -> Result<Option<Found>, JournalError> {
        let end = self.end_in(cursor);
        let found = cursor
            .header(end)
            .map_err(io_error("reading frames", &cursor.volume.path))?;
        let Some(found) = found else { return Ok(None) };
        if self
            .previous_crc
            .is_some_and(|crc| crc != found.header.previous_crc)
        {
            return Err(damaged(
                &cursor.volume.path,
                cursor.offset,
                "the frame does not follow the one before it",
            ));
        }
        self.previous_crc = Some(found.crc);
        Ok(Some(found))
    }

    fn end_in(&self, cursor: &Cursor) -> u64 {
        if cursor.volume.index == self.end.volume {
            self.end.offset
        } else {
            cursor.volume.bytes
        }
    }

    /// The wanted frame, which is durable. The cursor is left behind it.
    fn frame(&mut self, cursor: &mut Cursor) -> Result<Frame, JournalError> {
        loop {
            let Some(found) = self.find(cursor)? else {
                if cursor.volume.index >= self.end.volume {
                    return Err(damaged(
                        &cursor.volume.path,
                        cursor.offset,
                        "a durable frame is not there",
                    ));
                }
                *cursor = Cursor::new(self.open(cursor.volume.index + 1)?);
                continue;
            };
            let header = found.header;
            if header.kind != FrameKind::Data || header.seq < self.wanted {
                cursor.step_over(&header);
                continue;
            }
            let end = self.end_in(cursor);
            let payload = cursor
                .payload(&header, end)
                .map(|payload| payload.map(<[u8]>::to_vec));
            let payload = payload.map_err(io_error("reading frames", &cursor.volume.path))?;
            let Some(payload) = payload.filter(|_| header.seq == self.wanted) else {
                return Err(damaged(
                    &cursor.volume.path,
                    cursor.offset,
                    "a durable frame is not whole",
                ));
            };
            cursor.step_over(&header);
            self.wanted = header.seq.next();
            return Ok(Frame {
                seq: header.seq,
                payload,
            });
        }
    }
}

impl FrameReader for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>, JournalError> {
        if self.end.seq < self.wanted {
            self.end = self.shared.progress.end();
            if self.end.seq < self.wanted {
                return Ok(None);
            }
        }
        let mut cursor = match self.cursor.take() {
            Some(cursor) => cursor,
            // The first time, or after an error.
            None => {
                self.previous_crc = None;
                self.locate()?
            }
        };
        let frame = self.frame(&mut cursor)?;
        self.cursor = Some(cursor);
        Ok(Some(frame))
    }
}
