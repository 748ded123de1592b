use super::actor::{Inbox, Item, LaneActor};
use actix::Addr;
use carillon_storage::journal::{Frame, FrameSeq, Journal, JournalError};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// How often and with what pauses a frame is read again that could not be read: a limit of the system may have been reached.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// The thread that reads frames of the journal for the lane, which never waits for the disk itself where it can be foreseen.
pub struct BodyReader {
    orders: Sender<Order>,
}

struct Order {
    frames: Vec<FrameSeq>,
    lane: Addr<LaneActor>,
}

impl BodyReader {
    /// Starts the thread; it ends when the reader is dropped.
    pub fn start(journal: Arc<dyn Journal>, inbox: Arc<Inbox>) -> std::io::Result<Self> {
        let (orders, taken) = channel();
        std::thread::Builder::new()
            .name("bodies".into())
            .spawn(move || run(&*journal, &inbox, &taken))?;
        Ok(BodyReader { orders })
    }

    /// Lets frames be read; each comes into the lane's inbox.
    pub fn read(&self, frames: Vec<FrameSeq>, lane: Addr<LaneActor>) {
        if self.orders.send(Order { frames, lane }).is_err() {
            tracing::error!("the thread that reads texts back has ended; the process ends");
            std::process::abort();
        }
    }
}

fn run(journal: &dyn Journal, inbox: &Inbox, orders: &Receiver<Order>) {
    while let Ok(Order { frames, lane }) = orders.recv() {
        for seq in frames {
            match read(journal, seq) {
                Ok(frame) => inbox.push(Item::Frame(frame), &lane),
                // It was released while the order waited; the lane knows whether somebody still needs it.
                Err(JournalError::Gone { .. }) if journal.oldest() > seq => {
                    inbox.push(Item::FrameGone(seq), &lane)
                }
                Err(error) => {
                    tracing::error!(%error, frame = seq.0, "texts of accepted messages cannot be read; the process ends");
                    std::process::abort();
                }
            }
        }
    }
}

fn read(journal: &dyn Journal, seq: FrameSeq) -> Result<Frame, JournalError> {
    for _ in 1..TRIES {
        match journal.frame(seq) {
            Err(error @ JournalError::Io { .. }) => {
                tracing::warn!(%error, frame = seq.0, "a frame of the journal cannot be read; it is tried again");
                std::thread::sleep(PAUSE);
            }
            read => return read,
        }
    }
    journal.frame(seq)
}
