//! Writing: everything in one order, acknowledged by the replicas, each acknowledgement handed to whom it concerns.

use crate::client::Client;
use crate::error::{kafka_error, timed_out};
use crate::progress::{Acknowledged, Progress};
use crate::record::{Checkpointed, Claim, Record};
use carillon_storage::journal::{FrameSeq, JournalError};
use parking_lot::{Condvar, Mutex};
use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, ProducerContext};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Bytes of checkpoints under way at the same time.
const PIECES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How often the thread that takes acknowledgements looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What was sent, as its acknowledgement brings it back.
pub(crate) enum Sent {
    Frame {
        seq: FrameSeq,
        payload_bytes: u64,
        checkpoint: Option<u64>,
        at: Instant,
    },
    Checkpointed(Checkpointed),
    Pointer(u64),
    Claim(SyncSender<Result<u64, KafkaError>>),
    Piece {
        pieces: Arc<Pieces>,
        bytes: usize,
        is_first: bool,
    },
    /// The removal of a piece; when it fails, the piece stays and is in nobody's way.
    Removal,
}

/// Pieces of a part that are on their way.
pub(crate) struct Pieces {
    room: Arc<Room>,
    state: Mutex<PiecesState>,
    changed: Condvar,
}

#[derive(Default)]
struct PiecesState {
    under_way: usize,
    first_offset: Option<u64>,
    failed: Option<String>,
}

/// What may be under way of a whole checkpoint.
pub(crate) struct Room {
    bytes: Mutex<usize>,
    changed: Condvar,
    progress: Arc<Progress>,
}

pub(crate) struct LaneProducer {
    producer: Arc<BaseProducer<Context>>,
    topic: String,
    partition: i32,
    place: String,
    patience: Duration,
    stop: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Context {
    progress: Arc<Progress>,
}

impl ClientContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<Sent>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Box<Sent>) {
        match result {
            Ok(record) => self.acknowledged(record.offset().max(0).cast_unsigned(), *sent),
            Err((error, _)) => self.not_acknowledged(error, *sent),
        }
    }
}

impl Context {
    fn acknowledged(&self, offset: u64, sent: Sent) {
        let what = match sent {
            Sent::Frame {
                seq,
                payload_bytes,
                checkpoint,
                at,
            } => Acknowledged::Frame {
                seq,
                payload_bytes,
                checkpoint,
                took: at.elapsed(),
            },
            Sent::Checkpointed(mark) => Acknowledged::Checkpointed(mark),
            Sent::Pointer(checkpoint) => Acknowledged::Pointer(checkpoint),
            Sent::Claim(answer) => {
                let _asker_may_be_gone = answer.try_send(Ok(offset));
                return;
            }
            Sent::Piece {
                pieces,
                bytes,
                is_first,
            } => return pieces.arrived(bytes, Ok(is_first.then_some(offset))),
            Sent::Removal => return,
        };
        self.progress.acknowledged(offset, what);
    }

    fn not_acknowledged(&self, error: &KafkaError, sent: Sent) {
        match sent {
            Sent::Claim(answer) => {
                let _asker_may_be_gone = answer.try_send(Err(error.clone()));
            }
            Sent::Piece { pieces, bytes, .. } => pieces.arrived(bytes, Err(error.to_string())),
            Sent::Removal => tracing::debug!(%error, "a piece of an old checkpoint stays"),
            Sent::Frame { .. } | Sent::Checkpointed(_) | Sent::Pointer(_) => self.progress.fail(format!(
                "a record was not acknowledged, and nobody knows whether it was written: {error}"
            )),
        }
    }
}

impl LaneProducer {
    pub fn start(client: &Client, topic: String, progress: Arc<Progress>) -> Result<Self, JournalError> {
        let options = &client.options;
        let place = client.place(&topic);
        let backlog_kib = options.backlog_bytes_max / 1024 + (PIECES_BYTES_MAX / 1024) as u64 + 64 * 1024;
        let producer: BaseProducer<Context> = client
            .config()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.type", "lz4")
            .set("linger.ms", "0")
            .set(
                "message.timeout.ms",
                options.delivery_timeout.as_millis().to_string(),
            )
            .set("queue.buffering.max.kbytes", backlog_kib.to_string())
            .set("queue.buffering.max.messages", "1000000")
            .set("message.max.bytes", "1048588")
            .create_with_context(Context { progress })
            .map_err(kafka_error("making a producer for", &place))?;
        let producer = Arc::new(producer);
        let stop = Arc::new(AtomicBool::new(false));
        let (polled, stopping) = (producer.clone(), stop.clone());
        let thread = thread::Builder::new().name("journal-acks".into()).spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                polled.poll(LOOK_EVERY);
            }
        });
        let thread = thread.map_err(|source| JournalError::Io {
            operation: "starting the thread of",
            place: place.clone(),
            source,
        })?;
        Ok(LaneProducer {
            producer,
            topic,
            partition: options.partition(),
            place,
            // What is not acknowledged by then is told as failed.
            patience: options.delivery_timeout + Duration::from_secs(5),
            stop,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Claims the lane; the offset of the claim, which is the epoch.
    pub fn claim(&self, claim: &Claim) -> Result<u64, JournalError> {
        let (answer, asked) = sync_channel(1);
        self.send_lane(&Record::Claim(claim.clone()).encode(), Sent::Claim(answer))
            .map_err(kafka_error("claiming", &self.place))?;
        match asked.recv_timeout(self.patience) {
            Ok(answer) => answer.map_err(kafka_error("claiming", &self.place)),
            Err(_) => Err(timed_out("claiming", &self.place)),
        }
    }

    /// A record of the lane's own partition. Whoever calls it keeps the order.
    pub fn send_lane(&self, bytes: &[u8], sent: Sent) -> Result<(), KafkaError> {
        let record: BaseRecord<'_, [u8], [u8], Box<Sent>> =
            BaseRecord::with_opaque_to(&self.topic, Box::new(sent))
                .partition(self.partition)
                .payload(bytes);
        self.producer.send(record).map_err(|(error, _)| error)
    }

    pub fn send_piece(
        &self,
        topic: &str,
        key: &[u8],
        value: Option<&[u8]>,
        pieces: &Arc<Pieces>,
        is_first: bool,
    ) -> Result<(), KafkaError> {
        let bytes = value.map_or(0, <[u8]>::len);
        pieces.begun(bytes);
        let sent = Sent::Piece {
            pieces: pieces.clone(),
            bytes,
            is_first,
        };
        self.send_keyed(topic, key, value, sent)
    }

    /// Removes pieces that no checkpoint has any more; those for which there is no room now stay.
    pub fn remove_pieces(&self, topic: &str, keys: &[Vec<u8>]) {
        for key in keys {
            if let Err(error) = self.send_keyed(topic, key, None, Sent::Removal) {
                tracing::warn!(%error, topic, "pieces of old checkpoints stay");
                return;
            }
        }
    }

    fn send_keyed(
        &self,
        topic: &str,
        key: &[u8],
        value: Option<&[u8]>,
        sent: Sent,
    ) -> Result<(), KafkaError> {
        let mut record: BaseRecord<'_, [u8], [u8], Box<Sent>> =
            BaseRecord::with_opaque_to(topic, Box::new(sent))
                .partition(self.partition)
                .key(key);
        record.payload = value;
        self.producer.send(record).map_err(|(error, _)| error)
    }
}

impl Drop for LaneProducer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.lock().take();
        // The last owner may be the callback, which runs on that thread.
        if let Some(handle) = thread.filter(|handle| handle.thread().id() != thread::current().id()) {
            let _its_panic_was_told = handle.join();
        }
    }
}

impl Pieces {
    pub fn room(progress: Arc<Progress>) -> Arc<Room> {
        Arc::new(Room {
            bytes: Mutex::new(0),
            changed: Condvar::new(),
            progress,
        })
    }

    pub fn new(room: Arc<Room>) -> Self {
        Pieces {
            room,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits until more may be under way.
    pub fn wait_for_room(&self) -> Result<(), JournalError> {
        let mut bytes = self.room.bytes.lock();
        while *bytes >= PIECES_BYTES_MAX {
            self.room.progress.check_alive()?;
            self.room.changed.wait_for(&mut bytes, LOOK_EVERY);
        }
        Ok(())
    }

    /// The offset of the first piece, once it has arrived.
    pub fn first_offset(&self) -> Result<u64, JournalError> {
        self.wait(|state| state.first_offset.is_some())?;
        Ok(self.state.lock().first_offset.unwrap_or_default())
    }

    /// Waits until every piece has arrived.
    pub fn all(&self) -> Result<(), JournalError> {
        self.wait(|state| state.under_way == 0)
    }

    fn wait(&self, holds: impl Fn(&PiecesState) -> bool) -> Result<(), JournalError> {
        let mut state = self.state.lock();
        loop {
            if let Some(reason) = &state.failed {
                return Err(JournalError::Io {
                    operation: "writing a checkpoint",
                    place: "the checkpoint topic".to_owned(),
                    source: io::Error::other(reason.clone()),
                });
            }
            if holds(&state) {
                return Ok(());
            }
            self.changed.wait(&mut state);
        }
    }

    fn begun(&self, bytes: usize) {
        *self.room.bytes.lock() += bytes;
        self.state.lock().under_way += 1;
    }

    fn arrived(&self, bytes: usize, result: Result<Option<u64>, String>) {
        *self.room.bytes.lock() -= bytes;
        self.room.changed.notify_all();
        let mut state = self.state.lock();
        state.under_way -= 1;
        match result {
            Ok(first) => state.first_offset = state.first_offset.or(first),
            Err(reason) => state.failed = Some(reason),
        }
        drop(state);
        self.changed.notify_all();
    }
}
