//! Where the bodies of rows are: in memory, or only in the journal, in the fact by which the message was accepted or carried.
//!
//! A waiting row needs its body only when it is written. Above a limit newly accepted rows keep theirs in memory no longer than
//! until their frame is durable. Which rows those are is no part of the state: it changes nothing of what facts do.

use super::body::Body;
use super::fact_place::FactPlace;
use super::frame_cache::FrameCache;
use super::row::{Row, RowRef};
use super::{ColumnLimits, Columns};
use carillon_domain::catalog::Priority;
use carillon_domain::fact::{Accepted, Fact};
use carillon_domain::frame::{self, FrameError};
use carillon_domain::ids::MessageId;
use carillon_storage::journal::{FrameSeq, Journal, JournalError};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// The text of a message that was accepted cannot be read any more.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("message {message} stands in a frame of the journal that cannot be read")]
    Journal {
        message: MessageId,
        #[source]
        source: JournalError,
    },
    #[error("message {message} cannot be read in frame {frame}", frame = frame.0)]
    Frame {
        message: MessageId,
        frame: FrameSeq,
        #[source]
        source: FrameError,
    },
    #[error("message {message} is not where it should stand in frame {frame}", frame = frame.0)]
    Elsewhere { message: MessageId, frame: FrameSeq },
}

/// Whether a row's body is in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyPlace {
    Memory,
    /// In this frame, which must be read first.
    Frame(FrameSeq),
}

#[derive(Default)]
pub(super) struct Bodies {
    /// Without one nothing leaves memory.
    journal: Option<Arc<dyn Journal>>,
    /// Bytes of the bodies in memory of rows that were never on their way to a carrier.
    waiting_bytes: usize,
    /// Rows that came above the limit, and when they may leave memory, in this order.
    leaving: VecDeque<(FrameSeq, RowRef)>,
    frames: RefCell<FrameCache>,
    /// What could not be read while facts were applied; see [`Columns::take_lost_body`].
    lost: RefCell<Option<BodyError>>,
    /// Facts are read from the journal, and whoever applies them hears of what is lost.
    replaying: bool,
}

impl Columns {
    /// Lets bodies leave memory when they can be read in this journal, by which the columns are rebuilt at first.
    pub fn read_bodies_from(&mut self, journal: Arc<dyn Journal>) {
        self.bodies.journal = Some(journal);
        self.bodies.replaying = true;
    }

    /// The replay is over.
    pub fn go_live(&mut self) {
        self.bodies.replaying = false;
    }

    /// The packed body of a row, wherever it is; may wait for the disk when it is not in memory. When it cannot be read, a message
    /// that was accepted is lost, and the process ends.
    pub fn body<'r>(&self, row: &'r Row) -> Cow<'r, [u8]> {
        if !row.body.is_empty() {
            return Cow::Borrowed(&row.body);
        }
        match self.bodies.read(row) {
            Ok(body) => Cow::Owned(body.into_vec()),
            Err(error) => self.bodies.stop(error),
        }
    }

    /// Puts the body of a row into memory when that takes no reading.
    pub fn bring_body(&mut self, at: RowRef) -> BodyPlace {
        let Some(row) = self.rows.get(at).filter(|row| row.body.is_empty()) else {
            return BodyPlace::Memory;
        };
        let frame = row.place.frame();
        if !self.bodies.frames.borrow().has(frame) {
            return BodyPlace::Frame(frame);
        }
        let body = self
            .bodies
            .read(row)
            .unwrap_or_else(|error| self.bodies.stop(error));
        let (bytes, waits) = (body.len(), !row.intended);
        if let Some(row) = self.rows.get_mut(at) {
            row.body = body;
        }
        if waits {
            self.bodies.waiting_bytes += bytes;
        }
        BodyPlace::Memory
    }

    /// Where the body of a row is now.
    pub fn body_place(&self, at: RowRef) -> BodyPlace {
        match self.rows.get(at).filter(|row| row.body.is_empty()) {
            Some(row) if !self.bodies.frames.borrow().has(row.place.frame()) => {
                BodyPlace::Frame(row.place.frame())
            }
            _ => BodyPlace::Memory,
        }
    }

    /// Whether what stands in this frame takes no reading.
    pub fn has_frame(&self, frame: FrameSeq) -> bool {
        self.bodies.frames.borrow().has(frame)
    }

    /// What was accepted of the message of a row.
    pub fn accepted_of(&self, row: &Row) -> Box<Accepted> {
        let read = self.bodies.accepted(row);
        read.unwrap_or_else(|error| self.bodies.stop(error))
    }

    /// A frame was read for the bodies in it.
    pub fn frame_read(&mut self, frame: FrameSeq, payload: Vec<u8>) {
        self.bodies.frames.get_mut().put(frame, payload);
    }

    /// Lets bodies leave memory whose frames are durable, as far as there are too many.
    pub fn let_bodies_go(&mut self, durable: FrameSeq) {
        while let Some((_, at)) = self.bodies.leaving.pop_front_if(|(frame, _)| *frame <= durable) {
            let Some(row) = self.rows.get_mut(at).filter(|row| !row.intended) else {
                continue;
            };
            if self.bodies.waiting_bytes > kept_max(&self.limits, row.priority) {
                self.bodies.waiting_bytes -= row.body.len();
                row.body = Box::default();
            }
        }
    }

    /// What could not be read, when applying a fact failed because of it.
    pub fn take_lost_body(&mut self) -> Option<BodyError> {
        self.bodies.lost.get_mut().take()
    }

    /// Bytes of bodies in memory that wait for their first write.
    pub fn waiting_body_bytes(&self) -> usize {
        self.bodies.waiting_bytes
    }

    /// A row came, with its body.
    pub(super) fn body_came(&mut self, at: RowRef) {
        let Some(row) = self.rows.get(at) else { return };
        let bodies = &mut self.bodies;
        bodies.waiting_bytes += row.body.len();
        if bodies.journal.is_some() && bodies.waiting_bytes > kept_max(&self.limits, row.priority) {
            bodies.leaving.push_back((row.place.frame(), at));
        }
    }

    /// What was accepted of a row's message stands elsewhere now; its body is in memory until that is durable.
    pub(super) fn body_moved(&mut self, at: RowRef, place: FactPlace, accepted: &Accepted) {
        let Some(row) = self.rows.get_mut(at) else { return };
        row.place = place;
        if self.bodies.journal.is_none() {
            return;
        }
        if row.body.is_empty()
            && let Some(body) = body_of(accepted, row.attempt)
        {
            row.body = body;
            if !row.intended {
                self.bodies.waiting_bytes += row.body.len();
            }
        }
        self.bodies.leaving.push_back((place.frame(), at));
    }

    /// So many bytes of a waiting row's body are on their way to a carrier, or gone.
    pub(super) fn body_waits_no_more(&mut self, bytes: usize) {
        self.bodies.waiting_bytes -= bytes;
    }
}

/// Codes keep theirs longer than what can wait.
fn kept_max(limits: &ColumnLimits, priority: Priority) -> usize {
    match priority {
        Priority::High => limits.bodies_bytes_max.saturating_mul(2),
        _ => limits.bodies_bytes_max,
    }
}

/// The body of one attempt, packed; `None` when there is no such attempt.
fn body_of(accepted: &Accepted, attempt: u8) -> Option<Box<[u8]>> {
    let planned = accepted.plan.get(usize::from(attempt))?;
    Some(match attempt {
        0 => Body::pack(accepted),
        _ => Body::pack_later(planned, accepted.price_per_segment),
    })
}

impl Bodies {
    fn read(&self, row: &Row) -> Result<Box<[u8]>, BodyError> {
        let accepted = self.accepted(row)?;
        body_of(&accepted, row.attempt).ok_or(BodyError::Elsewhere {
            message: row.id,
            frame: row.place.frame(),
        })
    }

    fn accepted(&self, row: &Row) -> Result<Box<Accepted>, BodyError> {
        let (message, frame) = (row.id, row.place.frame());
        let elsewhere = || BodyError::Elsewhere { message, frame };
        let mut frames = self.frames.borrow_mut();
        if !frames.has(frame) {
            let journal = self.journal.as_ref().ok_or_else(elsewhere)?;
            let read = journal.frame(frame);
            let read = read.map_err(|source| BodyError::Journal { message, source })?;
            frames.put(frame, read.payload);
        }
        let payload = frames.get(frame).ok_or_else(elsewhere)?;
        let fact = frame::fact_at(payload, row.place.byte());
        let fact = fact.map_err(|source| BodyError::Frame {
            message,
            frame,
            source,
        })?;
        match fact {
            Fact::Accepted(accepted) | Fact::Carried(accepted) if accepted.message == message => Ok(accepted),
            _ => Err(elsewhere()),
        }
    }

    /// Ends what goes on: the text of a message that was accepted is gone.
    fn stop(&self, error: BodyError) -> ! {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, cause, "the text of an accepted message is lost; the process ends");
        if !self.replaying {
            std::process::abort();
        }
        let text = error.to_string();
        *self.lost.borrow_mut() = Some(error);
        panic!("{text}");
    }
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bodies")
            .field("waiting_bytes", &self.waiting_bytes)
            .field("leaving", &self.leaving.len())
            .finish_non_exhaustive()
    }
}
