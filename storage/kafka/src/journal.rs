use crate::checkpoint::{Head, PIECE_BYTES, PartPlace, Version, head_key, part_key};
use crate::claim::{Found, look_for_the_end, read_to_the_claim};
use crate::client::Client;
use crate::error::kafka_error;
use crate::options::KafkaOptions;
use crate::producer::{LaneProducer, Pieces, Sent};
use crate::progress::Progress;
use crate::reader::{Reader, Reading};
use crate::record::{Checkpointed, Claim, Pointer, Record};
use crate::topics::Admin;
use carillon_storage::journal::{Frame, FrameReader, FrameSeq, Journal, JournalError, JournalStatus, Part};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// The largest frame: with its head it is far below what brokers take by default.
pub const PAYLOAD_BYTES_MAX: usize = 512 * 1024;

/// The journal of one lane on Kafka. Whoever opens it last owns it: the one before fails at its next append.
///
/// Dropping it without [`Journal::close`] is like a crash: what is not acknowledged yet may be there or not.
pub struct KafkaJournal {
    reading: Arc<Reading>,
    checkpoints: String,
    admin: Admin,
    producer: LaneProducer,
    epoch: u64,
    sending: Mutex<Sending>,
    /// One at a time saves checkpoints or removes records.
    housekeeping: Mutex<Housekeeping>,
}

/// What was given to the producer, in its order.
struct Sending {
    last: FrameSeq,
    payload_bytes: u64,
    is_closed: bool,
}

struct Housekeeping {
    head: Head,
    /// Of the newest checkpoint.
    newest: Option<Checkpointed>,
    number: u64,
}

impl KafkaJournal {
    /// Claims the lane and reads what is there. Blocks. Topics are made when they are missing.
    ///
    /// Errors: [`JournalError::Io`] when no broker answers, [`JournalError::Damaged`] when records that are needed are not there or not
    /// to be read by this program.
    pub fn open(options: KafkaOptions) -> Result<Self, JournalError> {
        let client = Arc::new(Client::new(options));
        let (topic, checkpoints) = (client.options.journal_topic(), client.options.checkpoint_topic());
        let admin = Admin::new(client.clone())?;
        admin.ensure()?;
        let before = look_for_the_end(&client, &topic)?;
        let progress = Arc::new(Progress::new(client.clone(), topic.clone()));
        let producer = LaneProducer::start(&client, topic.clone(), progress.clone())?;
        let place = client.place(&topic);
        let nonce = getrandom::u64().map_err(|error| JournalError::Io {
            operation: "claiming",
            place: place.clone(),
            source: io::Error::other(error),
        })?;
        let claim = Claim {
            owner: client.options.owner.node.clone(),
            nonce,
            checkpoint: before.checkpoint,
        };
        let epoch = producer.claim(&claim)?;
        let Found {
            log,
            low,
            payload_bytes,
        } = read_to_the_claim(&client, &topic, before, epoch, nonce)?;
        let newest = log.checkpoint().map(|(_, mark)| mark.clone());
        let head = match &newest {
            Some(mark) => Head::read(&client, &checkpoints, mark)?,
            None => Head::default(),
        };
        tracing::info!(place, epoch, frame = log.last().0, "the lane is claimed");
        let last = log.last();
        progress.begin(log, low, payload_bytes);
        Ok(KafkaJournal {
            reading: Arc::new(Reading {
                client,
                topic,
                progress,
            }),
            checkpoints,
            admin,
            producer,
            epoch,
            sending: Mutex::new(Sending {
                last,
                payload_bytes: 0,
                is_closed: false,
            }),
            housekeeping: Mutex::new(Housekeeping {
                head,
                newest,
                number: 0,
            }),
        })
    }

    /// The offset of our claim.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Who has taken the lane over, when that is why this journal failed.
    pub fn lost_to(&self) -> Option<&str> {
        self.progress().lost_to()
    }

    fn progress(&self) -> &Progress {
        &self.reading.progress
    }

    fn place(&self) -> String {
        self.reading.client.place(&self.reading.topic)
    }

    fn check_open(&self) -> Result<(), JournalError> {
        self.progress().check_alive()?;
        match self.sending.lock().is_closed {
            true => Err(JournalError::Closed),
            false => Ok(()),
        }
    }

    fn newest_mark(&self) -> Option<u64> {
        self.progress()
            .state()
            .log
            .checkpoint()
            .map(|(offset, _)| *offset)
    }

    /// Puts a record of the lane into its order.
    fn send_in_order(&self, record: &Record<'_>, sent: Sent) -> Result<(), JournalError> {
        let _turn = self.sending.lock();
        self.producer
            .send_lane(&record.encode(), sent)
            .map_err(|error| kafka_error("writing to", &self.place())(error))
    }

    /// Writes `bytes` in pieces; how many there are.
    fn send_pieces(
        &self,
        bytes: &[u8],
        first_offset: &Arc<Pieces>,
        key: impl Fn(u32) -> Vec<u8>,
    ) -> Result<u32, JournalError> {
        let mut count = 0;
        for piece in bytes.chunks(PIECE_BYTES) {
            first_offset.wait_for_room()?;
            self.producer
                .send_piece(
                    &self.checkpoints,
                    &key(count),
                    Some(piece),
                    first_offset,
                    count == 0,
                )
                .map_err(|error| kafka_error("writing to", &self.checkpoints)(error))?;
            count += 1;
        }
        Ok(count)
    }
}

impl Journal for KafkaJournal {
    fn append(&self, payload: Vec<u8>) -> Result<FrameSeq, JournalError> {
        let bytes = payload.len();
        if bytes == 0 || bytes > PAYLOAD_BYTES_MAX {
            return Err(JournalError::FrameSize {
                bytes,
                bytes_max: PAYLOAD_BYTES_MAX,
            });
        }
        self.progress().check_alive()?;
        let (acknowledged, checkpoint) = {
            let state = self.progress().state();
            let checkpoint = state.log.checkpoint().map(|(offset, _)| *offset);
            (state.totals.payload_bytes, checkpoint)
        };
        let mut sending = self.sending.lock();
        if sending.is_closed {
            return Err(JournalError::Closed);
        }
        let backlog_bytes = sending.payload_bytes.saturating_sub(acknowledged);
        if backlog_bytes + bytes as u64 > self.reading.client.options.backlog_bytes_max && backlog_bytes > 0 {
            return Err(JournalError::Full { backlog_bytes });
        }
        let seq = sending.last.next();
        let record = Record::Frame {
            epoch: self.epoch,
            seq,
            checkpoint,
            payload: &payload,
        };
        let sent = Sent::Frame {
            seq,
            payload_bytes: bytes as u64,
            checkpoint,
            at: Instant::now(),
        };
        self.producer.send_lane(&record.encode(), sent).map_err(|error| {
            match error.rdkafka_error_code() {
                Some(rdkafka::types::RDKafkaErrorCode::QueueFull) => JournalError::Full { backlog_bytes },
                _ => kafka_error("writing to", &self.place())(error),
            }
        })?;
        sending.last = seq;
        sending.payload_bytes += bytes as u64;
        Ok(seq)
    }

    fn durable(&self) -> FrameSeq {
        self.progress().durable()
    }

    fn on_durable(&self, notify: Box<dyn Fn() + Send + Sync>) {
        self.progress().set_notify(notify.into());
    }

    fn failure(&self) -> Option<String> {
        self.progress().failure().map(str::to_owned)
    }

    fn read(&self, from: FrameSeq) -> Result<Box<dyn FrameReader>, JournalError> {
        Ok(Box::new(Reader::new(self.reading.clone(), from)?))
    }

    fn frame(&self, seq: FrameSeq) -> Result<Frame, JournalError> {
        let durable = self.durable();
        if seq > durable {
            return Err(JournalError::NotDurable { wanted: seq, durable });
        }
        let frame = Reader::new(self.reading.clone(), seq)?.next_frame()?;
        frame.ok_or(JournalError::NotDurable { wanted: seq, durable })
    }

    fn oldest(&self) -> FrameSeq {
        self.progress().state().oldest()
    }

    fn save_checkpoint(&self, at: FrameSeq, changed: &[Part]) -> Result<(), JournalError> {
        let mut house = self.housekeeping.lock();
        self.check_open()?;
        let first = house.newest.as_ref().map_or(FrameSeq::ZERO, |mark| mark.at);
        let last = self.sending.lock().last;
        if at < first || at > last {
            return Err(JournalError::Io {
                operation: "saving a checkpoint",
                place: self.place(),
                source: io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("frame {} is outside {}…{}", at.0, first.0, last.0),
                ),
            });
        }
        self.progress().wait(|state| state.log.last() >= at)?;
        house.number += 1;
        let version = Version {
            epoch: self.epoch,
            number: house.number,
        };
        let mut head = house.head.clone();
        let mut replaced = Vec::new();
        let mut written = Vec::new();
        // All parts share the room of what may be under way.
        let room = Pieces::room(self.reading.progress.clone());
        for part in changed {
            if let Some(old) = head.parts.remove(&part.key) {
                replaced.extend((0..old.pieces).map(|piece| part_key(part.key, old.version, piece)));
            }
            if part.bytes.is_empty() {
                continue;
            }
            let pieces = Arc::new(Pieces::new(room.clone()));
            let count = self.send_pieces(&part.bytes, &pieces, |piece| part_key(part.key, version, piece))?;
            written.push((part.key, count, pieces));
        }
        for (key, count, pieces) in written {
            pieces.all()?;
            let offset = pieces.first_offset()?;
            let place = PartPlace {
                version,
                pieces: count,
                offset,
            };
            head.parts.insert(key, place);
        }
        let pieces = Arc::new(Pieces::new(room));
        let head_pieces = self.send_pieces(&head.encode(), &pieces, |piece| head_key(version, piece))?;
        pieces.all()?;
        let head_offset = pieces.first_offset()?;
        let mark = {
            let state = self.progress().state();
            let (read_from, epoch_then, spans) = state.log.upto(at);
            Checkpointed {
                epoch: self.epoch,
                at,
                read_from,
                epoch_then,
                spans,
                number: version.number,
                head_pieces,
                head_offset,
            }
        };
        self.send_in_order(
            &Record::Checkpointed(mark.clone()),
            Sent::Checkpointed(mark.clone()),
        )?;
        let is_ours = |found: &Checkpointed| (found.epoch, found.number) == (version.epoch, version.number);
        self.progress()
            .wait(|state| state.log.checkpoint().is_some_and(|(_, found)| is_ours(found)))?;
        if let Some(old) = house.newest.replace(mark) {
            let version = Version {
                epoch: old.epoch,
                number: old.number,
            };
            replaced.extend((0..old.head_pieces).map(|piece| head_key(version, piece)));
        }
        house.head = head;
        self.producer.remove_pieces(&self.checkpoints, &replaced);
        Ok(())
    }

    fn load_checkpoint(&self, take: &mut dyn FnMut(Part)) -> Result<Option<FrameSeq>, JournalError> {
        let (head, at) = {
            let house = self.housekeeping.lock();
            (house.head.clone(), house.newest.as_ref().map(|mark| mark.at))
        };
        head.read_parts(&self.reading.client, &self.checkpoints, take)?;
        Ok(at)
    }

    fn release(&self, upto: FrameSeq) -> Result<(), JournalError> {
        let house = self.housekeeping.lock();
        self.check_open()?;
        let Some(newest) = &house.newest else {
            return Ok(());
        };
        let offset = self.progress().state().log.offset(upto.min(newest.at));
        let (Some(offset), Some(mark)) = (offset, self.newest_mark()) else {
            return Ok(());
        };
        // Whoever opens the lane finds the checkpoint by what points to it; older pointers lead to what goes now.
        if self.progress().state().pointer < Some(mark) {
            let pointer = Pointer {
                epoch: self.epoch,
                checkpoint: mark,
            };
            self.send_in_order(&Record::Pointer(pointer), Sent::Pointer(mark))?;
            self.progress().wait(|state| state.pointer >= Some(mark))?;
        }
        let low = self.admin.remove_before(&self.reading.topic, offset + 1)?;
        let mut state = self.progress().state();
        state.low = low.max(state.low);
        let oldest = state.oldest();
        state.log.forget_below(oldest);
        Ok(())
    }

    fn status(&self) -> JournalStatus {
        let sent_bytes = self.sending.lock().payload_bytes;
        let state = self.progress().state();
        let totals = state.totals;
        JournalStatus {
            backlog_bytes: sent_bytes.saturating_sub(totals.payload_bytes),
            frames_total: totals.frames,
            bytes_total: totals.payload_bytes,
            syncs_total: totals.acknowledgements,
            sync_time_total: totals.time,
            sync_time_max: totals.time_max,
            // What brokers keep is theirs to know.
            disk_bytes: 0,
            volumes: 0,
            bytes_since_checkpoint: state.payload_bytes.saturating_sub(state.checkpoint_bytes),
        }
    }

    fn disk_free_bytes(&self) -> Option<u64> {
        None
    }

    fn close(&self) -> Result<(), JournalError> {
        let last = {
            let mut sending = self.sending.lock();
            sending.is_closed = true;
            sending.last
        };
        self.progress().wait(|state| state.log.last() >= last)
    }
}
