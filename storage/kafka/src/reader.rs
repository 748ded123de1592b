use crate::client::{Client, Cursor, Step};
use crate::error::{damaged, timed_out};
use crate::progress::Progress;
use crate::record::Record;
use carillon_storage::journal::{Frame, FrameReader, FrameSeq, JournalError};
use std::sync::Arc;
use std::time::Instant;

/// What readers of a lane share with its owner.
pub(crate) struct Reading {
    pub client: Arc<Client>,
    pub topic: String,
    pub progress: Arc<Progress>,
}

/// Reads frames in order; what does not count is skipped, since it lies where no frame is.
pub(crate) struct Reader {
    reading: Arc<Reading>,
    next: FrameSeq,
    cursor: Option<Cursor>,
}

impl Reader {
    pub fn new(reading: Arc<Reading>, from: FrameSeq) -> Result<Self, JournalError> {
        let oldest = reading.progress.state().oldest();
        if from < oldest {
            return Err(JournalError::Gone { wanted: from, oldest });
        }
        Ok(Reader {
            reading,
            next: from,
            cursor: None,
        })
    }

    fn fetch(&mut self, offset: u64) -> Result<Frame, JournalError> {
        let Reading {
            client,
            topic,
            progress,
        } = &*self.reading;
        let place = client.place(topic);
        let cursor = match &mut self.cursor {
            Some(cursor) => cursor,
            none => none.insert(client.cursor(topic, offset)?),
        };
        let deadline = Instant::now() + client.options.read_timeout;
        loop {
            match cursor.step()? {
                Step::Record(record) => {
                    use rdkafka::message::Message;
                    let found = record.offset().cast_unsigned();
                    if found < offset {
                        continue;
                    }
                    let oldest = progress.state().oldest();
                    if self.next < oldest {
                        return Err(JournalError::Gone {
                            wanted: self.next,
                            oldest,
                        });
                    }
                    if found > offset {
                        return Err(damaged(&place, offset, "the record is missing"));
                    }
                    let bytes = record.payload().unwrap_or_default();
                    return match Record::decode(bytes) {
                        Ok(Record::Frame { seq, payload, .. }) if seq == self.next => Ok(Frame {
                            seq,
                            payload: payload.to_vec(),
                        }),
                        Ok(_) => Err(damaged(&place, offset, "another record is where a frame was")),
                        Err(error) => Err(damaged(&place, offset, error)),
                    };
                }
                // It is acknowledged, so it comes: this broker has not heard of that yet.
                Step::End if Instant::now() < deadline => {}
                Step::End => return Err(timed_out("reading", &place)),
            }
        }
    }
}

impl FrameReader for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>, JournalError> {
        let offset = {
            let progress = &self.reading.progress;
            let state = progress.state();
            let oldest = state.oldest();
            if self.next < oldest {
                return Err(JournalError::Gone {
                    wanted: self.next,
                    oldest,
                });
            }
            match state.log.offset(self.next) {
                Some(offset) => offset,
                None => return Ok(None),
            }
        };
        let frame = self.fetch(offset);
        if frame.is_err() {
            // The next call begins at its place again.
            self.cursor = None;
        }
        let frame = frame?;
        self.next = self.next.next();
        Ok(Some(frame))
    }
}
