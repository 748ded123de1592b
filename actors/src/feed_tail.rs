use crate::fan_out::FanOut;
use crate::feed::{Cursor, FeedError, FeedEvent, PlacedEvent};
use carillon_domain::frame;
use carillon_storage::journal::{FrameReader, FrameSeq, Journal};
use parking_lot::Mutex;
use std::sync::Arc;

/// Journal bytes read in one go, after which others get their turn.
const READ_BYTES_MAX: usize = 8 << 20;

/// The one reader of the journal for all webhooks: reads each frame once, and decodes of it nothing but events (API-1).
pub struct FeedTail {
    journal: Arc<dyn Journal>,
    reader: Option<Box<dyn FrameReader>>,
    next: FrameSeq,
}

impl FeedTail {
    /// Behind everything that is durable now.
    pub fn at_end(journal: Arc<dyn Journal>) -> Self {
        let next = journal.durable().next();
        FeedTail {
            journal,
            reader: None,
            next,
        }
    }

    pub fn place(&self) -> Cursor {
        Cursor::before(self.next)
    }

    /// Frames have become durable that were not read.
    pub fn is_behind(&self) -> bool {
        self.journal.durable() >= self.next
    }

    /// Offers the events of the frames that became durable; only what is durable is seen (ACK-1). Reads the disk.
    ///
    /// After an error the tail is of no use any more; a new one begins at the end, and nobody is live.
    pub fn read(&mut self, fan: &Mutex<FanOut>) -> Result<(), FeedError> {
        if !self.is_behind() {
            return Ok(());
        }
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.journal.read(self.next).map_err(FeedError::of_journal)?,
        };
        let mut bytes = 0;
        while bytes < READ_BYTES_MAX
            && let Some(frame) = reader.next_frame().map_err(FeedError::of_journal)?
        {
            let mut events = Vec::new();
            for fact in frame::decode_events(&frame.payload).map_err(FeedError::Frame)? {
                let (index, fact) = fact.map_err(FeedError::Frame)?;
                let next = Cursor {
                    frame: frame.seq,
                    facts: index + 1,
                };
                if let Some((account, kind, event)) = FeedEvent::of(fact) {
                    events.push(((account, kind), PlacedEvent { next, event }));
                }
            }
            self.next = frame.seq.next();
            bytes += frame.payload.len();
            let mut fan = fan.lock();
            for (key, event) in events {
                fan.offer(key, event);
            }
            fan.advance(Cursor::before(self.next));
        }
        self.reader = Some(reader);
        Ok(())
    }
}
