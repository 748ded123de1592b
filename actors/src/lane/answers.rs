use super::adaptive::Outcome;
use super::core::LaneCore;
use crate::columns::{Amendable, Applied, Body, Row, RowRef, SegmentRef, WriteRef};
use carillon_domain::fact::{
    CarrierId, Fact, FinalState, Finished, Receipt, ReceiptOutcome, RejectAction, Reply, ReplyPart,
    SegmentKey, Session, SessionChange, StatusCode, UncertainCause,
};
use carillon_domain::ids::{AccountId, ConnectionId};
use carillon_domain::journey::StepKind;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::ChannelKind;
use carillon_domain::receipt_status;
use carillon_domain::state::{self, RollUp, SegmentEvent, SegmentState, roll_up};
use carillon_domain::time::{Now, UnixMs};
use compact_str::CompactString;
use smallvec::SmallVec;
use std::time::Duration;

/// How far a receipt's own submit time may be from ours for it to speak of a segment of unknown outcome (UNC-1).
const SUBMIT_TIME_TOLERANCE: Duration = Duration::from_secs(600);

/// A receipt as a connection read it.
#[derive(Clone, Debug, PartialEq)]
pub struct CarrierReceipt {
    pub carrier_id: CarrierId,
    pub status: StatusCode,
    pub error: StatusCode,
    pub outcome: ReceiptOutcome,
    pub to: CompactString,
    pub submit_time: CompactString,
    pub done_time: CompactString,
    /// Named by the receipt itself, beside the carrier's id.
    pub segment: Option<SegmentKey>,
}

/// A message from a phone as a connection read it.
#[derive(Clone, Debug, PartialEq)]
pub struct CarrierReply {
    pub from: CompactString,
    pub to: CompactString,
    pub text: Box<str>,
    pub part: Option<ReplyPart>,
}

impl LaneCore {
    /// A session was bound or lost.
    pub fn session_changed(
        &mut self,
        connection: ConnectionId,
        session: u8,
        epoch: u32,
        change: SessionChange,
        now: Now,
    ) {
        self.observe_clock(now);
        self.record(Fact::Session(Session {
            connection,
            session,
            epoch,
            change,
            at: now.unix,
        }));
    }

    /// The carrier took a segment.
    pub fn submitted(&mut self, write: WriteRef, connection: ConnectionId, carrier_id: CarrierId, now: Now) {
        let Some(segment) = self.newest(write) else {
            return;
        };
        self.observe_clock(now);
        let at = write.at;
        let came_before = self
            .columns
            .parked_receipt(connection, &carrier_id)
            .map(|r| r.outcome);
        let after = self.since_intent(connection, at, now);
        let id = carrier_id.clone();
        let fact = Fact::Submitted {
            segment,
            carrier_id,
            at: now.unix,
        };
        if let Applied::Idle = self.record(fact) {
            return;
        }
        self.counters.segments_submitted.add(1);
        if let Some(after) = after {
            self.note_outcome(connection, Outcome::Taken { after }, now);
        }
        if let Some(outcome) = came_before {
            self.note_receipt(connection, outcome, Duration::ZERO, now);
            self.record(Fact::ReceiptMatched {
                connection,
                carrier_id: id,
                segment,
                at: now.unix,
            });
            self.counters.receipts_matched.add(1);
        }
        self.settle(at.row, now);
        self.arm_receipt_wait(at.row);
    }

    /// The carrier refused a segment. `busy` refusals are written again by the same rules, until the tries are used up.
    pub fn rejected(&mut self, write: WriteRef, code: StatusCode, busy: bool, now: Now) {
        let Some(segment) = self.newest(write) else {
            return;
        };
        let at = write.at;
        let row = self.columns.row(at.row);
        let valid = row.is_some_and(|row| now.unix < row.valid_until);
        let connection = row.and_then(|row| row.connection);
        let again = busy && write.try_number < self.options.throttle_tries_max && valid;
        let action = if again {
            RejectAction::RetryLater
        } else {
            RejectAction::Fail
        };
        if let Applied::Idle = self.record(Fact::Rejected {
            segment,
            code,
            action,
            at: now.unix,
        }) {
            return;
        }
        if let Some(connection) = connection {
            let outcome = if busy { Outcome::Busy } else { Outcome::Refused };
            self.note_outcome(connection, outcome, now);
        }
        // Another segment, or another attempt, may have decided while this one was in flight.
        self.settle(at.row, now);
        if again {
            self.counters.segments_throttled.add(1);
            self.requeue(at);
        } else {
            self.counters.segments_rejected.add(1);
        }
    }

    /// A segment with INTENT of which the socket took not one byte.
    pub fn returned(&mut self, write: WriteRef, now: Now) {
        let Some(segment) = self.newest(write) else {
            return;
        };
        if let Applied::Idle = self.record(Fact::Returned {
            segment,
            at: now.unix,
        }) {
            return;
        }
        self.counters.segments_returned.add(1);
        self.settle(write.at.row, now);
        self.requeue(write.at);
    }

    /// Nobody can say whether the carrier has the segment.
    pub fn uncertain(&mut self, write: WriteRef, cause: UncertainCause, now: Now) {
        let Some(segment) = self.newest(write) else {
            return;
        };
        self.observe_clock(now);
        let at = write.at;
        let connection = self.columns.row(at.row).and_then(|row| row.connection);
        if let Applied::Idle = self.record(Fact::Uncertain {
            segment,
            cause,
            at: now.unix,
        }) {
            return;
        }
        self.counters.segments_uncertain.add(1);
        if let Some(connection) = connection {
            self.note_outcome(connection, Outcome::Unknown, now);
        }
        self.settle(at.row, now);
        let resend = self
            .columns
            .row(at.row)
            .is_some_and(|row| self.may_resend(row, at.segment));
        if resend {
            self.requeue(at);
        } else {
            self.arm_receipt_wait(at.row);
        }
    }

    /// A receipt came. Its acknowledgement is the caller's to hold back.
    pub fn receipt(&mut self, connection: ConnectionId, receipt: CarrierReceipt, now: Now) {
        let outcome = receipt.outcome;
        let found = self
            .columns
            .segment_of(connection, &receipt.carrier_id)
            .or_else(|| self.named_segment(connection, receipt.segment))
            .or_else(|| self.uncertain_segment(connection, &receipt, now));
        let row = found.and_then(|at| {
            let row = self.columns.row(at.row)?;
            Some((at, row.key(at.segment), row.account, row.state_of(at.segment)))
        });
        let late = self
            .columns
            .amendable(connection, &receipt.carrier_id)
            .map(|(late, key)| (late.clone(), key));
        let state = match (&row, &late) {
            (Some((.., state)), _) => Some(*state),
            (None, Some((late, key))) => late.state_of(*key),
            (None, None) => self.parked_state(connection, &receipt.carrier_id),
        };
        let duplicate = match state {
            Some(state) => is_repeat(state, outcome),
            None => self.columns.is_recent(connection, &receipt.carrier_id),
        };
        let segment = match (&row, &late) {
            (Some((_, key, ..)), _) => Some(*key),
            (None, Some((_, key))) => Some(*key),
            (None, None) => None,
        };
        let account = row
            .as_ref()
            .map(|(_, _, account, _)| *account)
            .or(late.as_ref().map(|(late, _)| late.dimensions.account));
        let after = row
            .as_ref()
            .and_then(|(at, ..)| self.since_submitted(connection, *at, now));
        self.record(Fact::Receipt(Box::new(Receipt {
            connection,
            carrier_id: receipt.carrier_id,
            status: receipt.status.clone(),
            error: receipt.error,
            outcome,
            to: receipt.to,
            submit_time: receipt.submit_time,
            done_time: receipt.done_time,
            segment,
            account,
            duplicate,
            at: now.unix,
        })));
        if let Some(after) = after.filter(|_| !duplicate) {
            self.note_receipt(connection, outcome, after, now);
        }
        match (row, late) {
            _ if duplicate => self.counters.receipts_duplicate.add(1),
            (Some((at, ..)), _) => {
                self.counters.receipts_matched.add(1);
                self.settle(at.row, now);
            }
            (None, Some(late)) => self.amend(late, outcome, receipt.status, now),
            (None, None) => self.counters.receipts_parked.add(1),
        }
    }

    fn note_receipt(&mut self, connection: ConnectionId, outcome: ReceiptOutcome, after: Duration, now: Now) {
        let outcome = match outcome {
            ReceiptOutcome::Delivered => Outcome::Delivered { after },
            ReceiptOutcome::Failed | ReceiptOutcome::Expired => Outcome::Failed,
            ReceiptOutcome::Pending => return,
        };
        self.note_outcome(connection, outcome, now);
    }

    /// Where a parked receipt will move its segment.
    fn parked_state(&self, connection: ConnectionId, id: &CarrierId) -> Option<SegmentState> {
        let parked = self.columns.parked_receipt(connection, id)?;
        SegmentState::Submitted
            .next(SegmentEvent::Receipt(parked.outcome))
            .ok()
    }

    /// A message from a phone came. Its acknowledgement is the caller's to hold back.
    pub fn reply(&mut self, connection: ConnectionId, reply: CarrierReply, now: Now) {
        let account = self.owner_of(connection, &reply.to);
        if account.is_none() {
            self.counters.replies_unowned.add(1);
        }
        self.counters.replies.add(1);
        let id = self.ids.make(now.unix.0);
        self.record(Fact::Reply(Box::new(Reply {
            id,
            connection,
            account,
            from: reply.from,
            to: reply.to,
            text: reply.text,
            part: reply.part,
            at: now.unix,
        })));
    }

    /// The segment of a write, unless it was written again since: a late answer to the first write says nothing of the
    /// second one (DUP-1).
    fn newest(&self, write: WriteRef) -> Option<SegmentKey> {
        if !self.columns.is_newest(write) {
            self.counters.answers_outdated.add(1);
            return None;
        }
        Some(self.columns.row(write.at.row)?.key(write.at.segment))
    }

    /// Ends a message.
    pub(super) fn finish(&mut self, at: RowRef, state: FinalState, cause: Option<StatusCode>, now: Now) {
        let Some(row) = self.columns.row(at) else { return };
        let Some((_, row)) = self.columns.find(row.id) else {
            return;
        };
        let finished = Finished {
            message: row.id,
            account: row.account,
            to: row.to,
            reference: Body::unpack(&self.columns.body(row)).reference.map(Into::into),
            state,
            cause,
            at: now.unix,
        };
        self.record(Fact::Final(Box::new(finished)));
    }

    /// Ends the message when its segments say so (MSG-1), or starts its next attempt.
    pub(super) fn settle(&mut self, at: RowRef, now: Now) {
        let Some(row) = self.columns.row(at) else { return };
        if row.in_plan {
            return self.settle_plan(row.id, now);
        }
        let receipts_due = self.receipts_due(row);
        if let RollUp::Final(state) = roll_up(&row.states(), receipts_due) {
            let cause = if state == FinalState::Delivered {
                None
            } else {
                cause_of(row)
            };
            self.finish(at, state, cause, now);
        }
    }

    /// Whether a receipt is asked for and waited for.
    pub fn receipts_due(&self, row: &Row) -> bool {
        if row.kind == ChannelKind::Mail && !self.bounces_due(row) {
            return false;
        }
        self.catalog
            .business_type(row.business_type)
            .is_none_or(|kind| kind.receipts)
    }

    /// A late receipt for a message that ended without one corrects it, where its segments now say something else (RCP-1).
    fn amend(
        &mut self,
        (mut before, key): (Amendable, SegmentKey),
        outcome: ReceiptOutcome,
        status: StatusCode,
        now: Now,
    ) {
        self.counters.receipts_matched.add(1);
        before.receipt(key, outcome);
        let attempts: SmallVec<[&[SegmentState]; 1]> = before.attempts.iter().map(Vec::as_slice).collect();
        let Some(state) = state::amend(before.state, &attempts, usize::from(key.attempt)) else {
            return;
        };
        self.record(Fact::Amended(Box::new(Finished {
            message: before.message,
            account: before.dimensions.account,
            to: before.to,
            reference: before.reference,
            state,
            cause: (state != FinalState::Delivered).then_some(status),
            at: now.unix,
        })));
    }

    /// The one segment of unknown outcome that a receipt with an unknown id can speak of; `None` when there is any doubt
    /// (UNC-1).
    fn uncertain_segment(
        &self,
        connection: ConnectionId,
        receipt: &CarrierReceipt,
        now: Now,
    ) -> Option<SegmentRef> {
        if self.columns.is_recent(connection, &receipt.carrier_id)
            || self
                .columns
                .parked_receipt(connection, &receipt.carrier_id)
                .is_some()
            || self.columns.amendable(connection, &receipt.carrier_id).is_some()
        {
            return None;
        }
        self.only_fit(connection, &receipt.to, &receipt.submit_time, now)
    }

    fn only_fit(
        &self,
        connection: ConnectionId,
        to: &str,
        submit_time: &str,
        now: Now,
    ) -> Option<SegmentRef> {
        let to = PhoneNumber::parse(to).ok()?;
        let candidates = self.columns.uncertain_to(connection, to);
        if candidates.is_empty() || self.columns.has_open_request(connection, to) {
            return None;
        }
        let submitted = receipt_status::carrier_time(submit_time, now.unix)?;
        let mut fitting = candidates.iter().filter(|at| {
            self.columns
                .row(at.row)
                .and_then(|row| last_intent(row, at.segment))
                .is_some_and(|ours| ours.0.abs_diff(submitted.0) <= SUBMIT_TIME_TOLERANCE.as_millis() as u64)
        });
        let first = fitting.next()?;
        // Several segments of one message may wait; another message makes it doubtful.
        fitting.all(|other| other.row == first.row).then_some(*first)
    }

    /// Receipts that came before a response which will not come any more: the session or the process ended in between. What
    /// became uncertain by that is resolved by the same rule as when the receipt comes later (UNC-1).
    pub fn match_parked(&mut self, connection: ConnectionId, now: Now) {
        let parked: Vec<_> = self
            .columns
            .parked(connection)
            .map(|receipt| {
                (
                    receipt.carrier_id.clone(),
                    receipt.to.clone(),
                    receipt.submit_time.clone(),
                )
            })
            .collect();
        for (carrier_id, to, submit_time) in parked {
            let Some(at) = self.only_fit(connection, &to, &submit_time, now) else {
                continue;
            };
            let Some(row) = self.columns.row(at.row) else {
                continue;
            };
            let segment = row.key(at.segment);
            self.record(Fact::ReceiptMatched {
                connection,
                carrier_id,
                segment,
                at: now.unix,
            });
            self.counters.receipts_matched.add(1);
            self.settle(at.row, now);
            self.commit_when_large();
        }
    }

    /// The account that owns the number a reply was sent to: the connection's access number and the longest extension. Accounts
    /// that share the bare access number cannot be told apart, so that what is sent to it belongs to none of them (PII-1).
    fn owner_of(&self, connection: ConnectionId, to: &str) -> Option<AccountId> {
        let link = self.links.get(&connection)?;
        let snapshot = link.last_catalog.as_ref().unwrap_or(&self.catalog).snapshot();
        let extension = to.strip_prefix(link.config.source_number.as_str())?;
        let fitting = || {
            snapshot
                .accounts
                .values()
                .filter(|account| account.connections.contains(&connection))
                .filter(|account| extension.starts_with(account.extension.as_str()))
        };
        let longest = fitting().map(|account| account.extension.len()).max()?;
        let mut owners = fitting().filter(|account| account.extension.len() == longest);
        let owner = owners.next()?;
        owners.next().is_none().then_some(owner.id)
    }
}

/// Whether a receipt says nothing that was not said before by one that counts (RCP-1).
fn is_repeat(state: SegmentState, outcome: ReceiptOutcome) -> bool {
    match state.next(SegmentEvent::Receipt(outcome)) {
        Ok(next) => next == state && outcome != ReceiptOutcome::Pending,
        Err(_) => true,
    }
}

fn last_intent(row: &Row, segment: u8) -> Option<UnixMs> {
    let stored = row.segments.get(usize::from(segment))?;
    stored
        .steps
        .iter()
        .rev()
        .find_map(|step| matches!(step.what, StepKind::Intent { .. }).then_some(step.at))
}

/// The carrier's code of the segment that decided.
pub(super) fn cause_of(row: &Row) -> Option<StatusCode> {
    let decided = |wanted: &[SegmentState]| {
        row.segments
            .iter()
            .find(|s| wanted.contains(&s.state))
            .and_then(|segment| segment.code.clone())
    };
    decided(&[SegmentState::Failed, SegmentState::Rejected]).or_else(|| decided(&[SegmentState::Expired]))
}
