use super::core::{Finished, LaneCore};
use super::options::LaneOptions;
use crate::columns::{
    Applied, BodyError, CheckpointError, ColumnLimits, Columns, FactPlace, JournalMark, RestoredColumns,
    Restoring, SegmentRef, Tally, WriteRef,
};
use crate::status::Counters;
use carillon_domain::catalog::Compiled;
use carillon_domain::fact::{Fact, Session, SessionChange, UncertainCause};
use carillon_domain::frame::{self, FrameError};
use carillon_domain::ids::ConnectionId;
use carillon_domain::number_range::NumberRanges;
use carillon_domain::state::SegmentState;
use carillon_domain::tally::contributions;
use carillon_domain::time::{Now, UnixMs};
use carillon_storage::journal::{FrameSeq, Journal, JournalError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    #[error("the journal cannot be read")]
    Journal(#[from] JournalError),
    #[error("the checkpoint at frame {at} cannot be used", at = at.0)]
    Checkpoint {
        at: FrameSeq,
        #[source]
        source: CheckpointError,
    },
    #[error("frame {frame} cannot be read", frame = frame.0)]
    Frame {
        frame: FrameSeq,
        #[source]
        source: FrameError,
    },
    #[error("applying fact {index} ({kind}) of frame {frame} fails; the program that wrote it and this one disagree", frame = frame.0)]
    Apply {
        frame: FrameSeq,
        index: usize,
        kind: &'static str,
    },
    #[error("the text of a message that was accepted is lost")]
    Body(#[source] BodyError),
}

/// A lane as the journal leaves it.
pub struct Recovered {
    pub core: LaneCore,
    /// Messages that ended after what the history has stored, in order.
    pub finished: Vec<Finished>,
    pub marks: Vec<JournalMark>,
    pub facts_replayed: u64,
    /// What the history's rollups do not hold: everything that those counted for which it has not stored, and that open ones
    /// count for. What the recovery itself records is counted by the lane.
    pub tally: Tally,
    /// When the last thing happened before.
    pub ended: UnixMs,
}

/// Rebuilds the lane: the newest checkpoint, then every durable frame after it. Journeys that ended after `history_upto` are
/// handed over again. By `ranges` numbers are told apart, in what is counted and when messages are routed anew.
pub fn recover(
    options: LaneOptions,
    catalog: Arc<Compiled>,
    journal: Arc<dyn Journal>,
    counters: Arc<Counters>,
    history_upto: FrameSeq,
    ranges: Arc<NumberRanges>,
    now: Now,
) -> Result<Recovered, RecoveryError> {
    let (RestoredColumns { mut columns, marks }, start) = restore(options.columns, &*journal)?;
    let history_upto = known_to_history(history_upto, start, journal.durable());
    columns.set_number_ranges(ranges.clone());
    columns.read_bodies_from(journal.clone());
    columns.mute_tally();
    let mut tally = Tally::default();
    let mut finished = Vec::new();
    let mut facts_replayed = 0;
    let mut last = start;
    let mut reader = journal.read(start.next())?;
    while let Some(frame) = reader.next_frame()? {
        let unreadable = |source| RecoveryError::Frame {
            frame: frame.seq,
            source,
        };
        let mut ended = Finished {
            frame: frame.seq,
            journeys: Vec::new(),
            amendments: Vec::new(),
        };
        let is_stored = frame.seq <= history_upto;
        columns.set_journeys_stored(is_stored);
        let mut facts = frame::decode(&frame.payload).map_err(unreadable)?;
        for index in 0.. {
            let place = FactPlace::new(frame.seq, facts.next_place());
            let Some(fact) = facts.next().transpose().map_err(unreadable)? else {
                break;
            };
            let before = match &fact {
                Fact::Amended(finished) if !is_stored => columns.ended_as(finished.message),
                _ => None,
            };
            let applied = catch_unwind(AssertUnwindSafe(|| columns.apply(place, &fact)));
            let applied = applied.map_err(|_| match columns.take_lost_body() {
                Some(lost) => RecoveryError::Body(lost),
                None => RecoveryError::Apply {
                    frame: frame.seq,
                    index,
                    kind: fact.kind(),
                },
            })?;
            match applied {
                Applied::Ended(message) => {
                    contributions(&message.journey, &ranges, |part| tally.add(&part));
                    ended.journeys.push(message.journey);
                }
                Applied::Amended(amendment) if !is_stored => {
                    if let Some((dimensions, before)) = before {
                        tally.correct(dimensions, before, &amendment);
                    }
                    ended.amendments.push(amendment);
                }
                _ => {}
            }
            facts_replayed += 1;
        }
        if !(ended.journeys.is_empty() && ended.amendments.is_empty()) {
            finished.push(ended);
        }
        columns.let_bodies_go(frame.seq);
        last = frame.seq;
    }
    columns.set_journeys_stored(false);
    columns.go_live();
    columns.tally_of_open(&mut tally);
    // From here on it counts.
    columns.take_tally();
    let mut core = LaneCore::new(options, catalog, columns, journal, counters, last);
    core.set_number_ranges(ranges);
    // How long they were still bound nobody knows: what was down counts as unbound.
    let ended = core.columns.last_at();
    core.lose_sessions(None, "crash", ended);
    core.settle_open_intents(None, UncertainCause::Crash, now);
    let open: Vec<_> = core
        .columns
        .rows()
        .filter(|(_, row)| row.intended)
        .map(|(at, _)| at)
        .collect();
    open.into_iter().for_each(|at| core.arm_receipt_wait(at));
    core.columns.arm_plans(now.unix);
    let connections: Vec<_> = core.links.keys().copied().collect();
    for connection in connections {
        core.match_parked(connection, now);
    }
    core.rebuild_all_queues(now);
    core.rebuild_outboxes(None, now);
    core.commit();
    Ok(Recovered {
        core,
        finished,
        marks,
        facts_replayed,
        tally,
        ended,
    })
}

/// Up to which frame the history holds what ended. A history of another journal holds nothing of this one: it is handed over
/// again, which changes nothing where it was there.
fn known_to_history(stored_upto: FrameSeq, checkpoint: FrameSeq, durable: FrameSeq) -> FrameSeq {
    if stored_upto > durable {
        tracing::error!(
            stored_upto = stored_upto.0,
            durable = durable.0,
            "the history goes further than the journal, which was replaced; what ended is stored message by message"
        );
        return FrameSeq::ZERO;
    }
    if stored_upto < checkpoint {
        tracing::error!(
            stored_upto = stored_upto.0,
            checkpoint = checkpoint.0,
            "the history ends before the checkpoint, because it was replaced; what ended in between is missing"
        );
    }
    stored_upto
}

/// The columns of the newest checkpoint, and after which frame they were so.
fn restore(
    limits: ColumnLimits,
    journal: &dyn Journal,
) -> Result<(RestoredColumns, FrameSeq), RecoveryError> {
    let mut restoring = Restoring::new(limits);
    let mut refused = None;
    let at = journal.load_checkpoint(&mut |part| {
        if refused.is_none() {
            refused = restoring.part(&part).err();
        }
    })?;
    let Some(at) = at else {
        let columns = Columns::new(limits);
        let marks = Vec::new();
        return Ok((RestoredColumns { columns, marks }, FrameSeq::ZERO));
    };
    let restored = match refused {
        None => restoring.end(),
        Some(source) => Err(source),
    };
    let restored = restored.map_err(|source| RecoveryError::Checkpoint { at, source })?;
    Ok((restored, at))
}

impl LaneCore {
    /// Sessions (of one connection, or all) that stand as bound have ended without anybody to say so.
    fn lose_sessions(&mut self, connection: Option<ConnectionId>, cause: &str, at: UnixMs) {
        for (connection, session, epoch) in self.columns.bound_sessions(connection) {
            let change = SessionChange::Lost { cause: cause.into() };
            self.record(Fact::Session(Session {
                connection,
                session,
                epoch,
                change,
                at,
            }));
        }
    }

    /// Every segment with a standing INTENT (of one connection, or of all) is of unknown outcome now: nobody is left who could
    /// get its answer.
    pub fn settle_open_intents(&mut self, connection: Option<ConnectionId>, cause: UncertainCause, now: Now) {
        let mut open: Vec<_> = self
            .columns
            .rows()
            .filter(|(_, row)| connection.is_none() || row.connection == connection)
            .flat_map(|(at, row)| {
                (0u8..).zip(&row.segments).filter_map(move |(segment, stored)| {
                    let write = WriteRef {
                        at: SegmentRef { row: at, segment },
                        try_number: stored.try_number,
                    };
                    (stored.state == SegmentState::Intent).then_some((row.key(segment), write))
                })
            })
            .collect();
        open.sort_unstable_by_key(|(key, _)| *key);
        for (_, write) in open {
            self.uncertain(write, cause, now);
            self.commit_when_large();
        }
    }

    /// What must go by a connection (one, or each): the rest of messages begun on it, and what policy re-sends. In one pass
    /// over the columns.
    fn rebuild_outboxes(&mut self, connection: Option<ConnectionId>, now: Now) {
        let mut rest: Vec<_> = self
            .columns
            .rows()
            .filter(|(_, row)| connection.is_none() || row.connection == connection)
            .filter_map(|(at, row)| Some((row.connection?, at, row)))
            // Put aside: it may not go at this time.
            .filter(|(_, _, row)| self.not_yet(row, now).is_none())
            .flat_map(|(connection, at, row)| {
                (0..row.segment_count)
                    .filter(|segment| match row.state_of(*segment) {
                        SegmentState::Waiting => true,
                        SegmentState::Uncertain => self.may_resend(row, *segment),
                        _ => false,
                    })
                    .map(move |segment| (row.key(segment), connection, at))
            })
            .collect();
        rest.sort_unstable_by_key(|(key, ..)| *key);
        for (id, link) in &mut self.links {
            if connection.is_none_or(|only| only == *id) {
                link.outbox.clear();
                link.mail = Default::default();
            }
        }
        for (key, connection, row) in rest {
            if let Some(link) = self.links.get_mut(&connection) {
                link.outbox.push_back(SegmentRef {
                    row,
                    segment: key.segment,
                });
            }
        }
    }

    /// What a connection's actor does after a panic: its sockets are gone, everything it had taken is sorted out again.
    pub fn restart_link(&mut self, connection: ConnectionId, now: Now) {
        self.set_link(connection, false, 0);
        self.lose_sessions(Some(connection), "restart", now.unix);
        self.settle_open_intents(Some(connection), UncertainCause::Cut, now);
        self.match_parked(connection, now);
        self.rebuild_outboxes(Some(connection), now);
        // A message may have been on its way from a queue to the outbox: whoever is unwritten is queued again.
        self.rebuild_all_queues(now);
        self.commit();
    }
}
