use super::core::LaneCore;
use crate::columns::{Row, RowRef};
use carillon_domain::fact::FinalState;
use carillon_domain::journey::StepKind;
use carillon_domain::state::{RollUp, SegmentState, give_up};
use carillon_domain::time::{Now, UnixMs};
use std::time::Duration;

/// Rows looked at in one go.
const DUE_MAX: usize = 2_000;

/// How soon a row is looked at again whose request a carrier still has open.
const OPEN_REQUEST_WAIT: Duration = Duration::from_secs(15);

/// References to ended messages that may stand in the queues besides as many as there are open messages.
const QUEUED_ENDED_MAX: usize = 10_000;

impl LaneCore {
    /// Ends what is past its time: validity for what is unwritten, the receipt wait for the rest. `true` when more is due.
    pub fn end_due(&mut self, now: Now) -> bool {
        let due = self.columns.due(now.unix, DUE_MAX);
        let more = due.len() == DUE_MAX;
        for at in due {
            self.look_at(at, now);
            self.commit_when_large();
        }
        self.forget_ended_in_queues();
        more
    }

    /// A queue nobody can take from keeps references to messages that have ended; now and then they are dropped.
    fn forget_ended_in_queues(&mut self) {
        if self.waiting() <= 2 * self.columns.len() + QUEUED_ENDED_MAX {
            return;
        }
        let columns = &self.columns;
        for queues in self.tenants.values_mut() {
            queues.forget_ended(|row| columns.row(row).is_some());
        }
    }

    /// Forgets idempotency keys that are a day old (IDEM-1).
    pub fn forget_keys(&mut self, now: Now) {
        self.columns.expire_keys(now.unix);
    }

    /// Lets a row be looked at when its receipt wait is over, where that is before its validity.
    pub(super) fn arm_receipt_wait(&mut self, at: RowRef) {
        let Some(row) = self.columns.row(at) else { return };
        let is_out = |state| !matches!(state, SegmentState::Waiting | SegmentState::Intent);
        if !row.states().into_iter().all(is_out) {
            return;
        }
        let over = self.receipt_deadline(row);
        if over < row.valid_until {
            self.columns.arm(at, over);
        }
    }

    fn look_at(&mut self, at: RowRef, now: Now) {
        let Some(row) = self.columns.row(at) else { return };
        let states = row.states();
        if states.contains(&SegmentState::Intent) {
            return self.columns.arm(at, now.unix + OPEN_REQUEST_WAIT);
        }
        let unwritten = states.contains(&SegmentState::Waiting);
        let end = if unwritten {
            row.valid_until
        } else {
            self.receipt_deadline(row)
        };
        if now.unix < end {
            return self.columns.arm(at, end);
        }
        if let RollUp::Final(state) = give_up(&states) {
            let cause = match state {
                FinalState::Expired if unwritten => Some("validity".into()),
                FinalState::Unknown | FinalState::Sent => Some("no_receipt".into()),
                _ => None,
            };
            self.finish(at, state, cause, now);
        }
    }

    /// When a receipt is no longer waited for: the receipt wait of the business type after the last write.
    fn receipt_deadline(&self, row: &Row) -> UnixMs {
        let wait = self
            .catalog
            .business_type(row.business_type)
            .map_or(48 * 3600, |t| t.receipt_wait_s);
        let last = row
            .segments
            .iter()
            .filter_map(|segment| {
                let mut steps = segment.steps.iter().rev();
                steps.find(|step| !matches!(step.what, StepKind::Receipt { .. }))
            })
            .map(|step| step.at)
            .max();
        last.unwrap_or(row.valid_until) + Duration::from_secs(u64::from(wait))
    }
}
