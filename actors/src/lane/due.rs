use super::answers::cause_of;
use super::campaigns::CAMPAIGN_STOPPED;
use super::core::LaneCore;
use crate::columns::{Row, RowRef};
use carillon_domain::fact::{FinalState, StatusCode};
use carillon_domain::journey::StepKind;
use carillon_domain::plan::ChannelKind;
use carillon_domain::state::{RollUp, SegmentState, give_up, roll_up};
use carillon_domain::time::{Now, UnixMs};
use std::time::Duration;

/// Rows looked at in one go.
const DUE_MAX: usize = 2_000;

/// How soon a row is looked at again whose request a carrier still has open.
const OPEN_REQUEST_WAIT: Duration = Duration::from_secs(15);

/// References to ended messages that may stand in the queues besides as many as there are open messages.
const QUEUED_ENDED_MAX: usize = 10_000;

/// How an attempt stands.
pub(super) struct Standing {
    pub roll_up: RollUp,
    /// Why it ended so: the carrier's code, or our own word.
    pub cause: Option<StatusCode>,
}

impl LaneCore {
    /// Ends what is past its time: validity for what is unwritten, the receipt wait for the rest. `true` when more is due.
    pub fn end_due(&mut self, now: Now) -> bool {
        self.observe_clock(now);
        let due = self.columns.due(now.unix, DUE_MAX);
        let opened = self.queue_opened(now);
        let more = due.len() == DUE_MAX || self.reroute_orphans(now) || opened;
        for at in due {
            self.look_at(at, now);
            self.commit_when_large();
        }
        self.forget_ended_in_queues();
        more
    }

    /// A queue nobody can take from keeps references to messages that have ended; now and then they are dropped.
    fn forget_ended_in_queues(&mut self) {
        if self.waiting() <= 2 * self.columns.rows_len() + QUEUED_ENDED_MAX {
            return;
        }
        let columns = &self.columns;
        for queues in self.tenants.values_mut() {
            queues.forget_ended(|row| columns.row(row).is_some());
        }
        self.put_aside.retain(|row| columns.row(row).is_some());
    }

    /// Forgets idempotency keys that are a day old (IDEM-1).
    pub fn forget_keys(&mut self, now: Now) {
        self.columns.expire_keys(now.unix);
    }

    /// Lets a row be looked at when its receipt wait is over, where that is before its validity.
    pub(super) fn arm_receipt_wait(&mut self, at: RowRef) {
        // The attempts of a plan were armed when it was settled.
        let Some(row) = self.columns.row(at).filter(|row| !row.in_plan) else {
            return;
        };
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
        if self.retry_at(row).is_some_and(|retry_at| retry_at <= now.unix) {
            self.enqueue(at, true);
        }
        let Some(row) = self.columns.row(at) else { return };
        if row.in_plan {
            return self.settle_plan(row.id, now);
        }
        let standing = self.standing(row, now);
        match standing.roll_up {
            RollUp::Final(state) => self.finish(at, state, standing.cause, now),
            RollUp::Open => {
                if let Some(look) = self.next_look(row, now) {
                    self.columns.arm(at, look);
                }
            }
        }
    }

    /// How an attempt stands by what is known of it and by the time.
    pub(super) fn standing(&self, row: &Row, now: Now) -> Standing {
        if row.is_unwritten() && self.columns.campaigns().is_stopped(row.campaign) {
            return Standing {
                roll_up: RollUp::Final(FinalState::Cancelled),
                cause: Some(CAMPAIGN_STOPPED.into()),
            };
        }
        let states = row.states();
        let rolled = roll_up(&states, self.receipts_due(row));
        if let RollUp::Final(state) = rolled {
            let cause = (state != FinalState::Delivered).then(|| cause_of(row)).flatten();
            return Standing {
                roll_up: rolled,
                cause,
            };
        }
        if now.unix < self.deadline(row) {
            return Standing {
                roll_up: RollUp::Open,
                cause: None,
            };
        }
        let roll_up = give_up(&states);
        let cause = match roll_up {
            RollUp::Final(FinalState::Expired) => Some("validity".into()),
            RollUp::Final(FinalState::Unknown | FinalState::Sent) => Some("no_receipt".into()),
            _ => None,
        };
        Standing { roll_up, cause }
    }

    /// When an attempt must be looked at next by itself; `None` when only an event changes it.
    pub(super) fn next_look(&self, row: &Row, now: Now) -> Option<UnixMs> {
        let states = row.states();
        if states.contains(&SegmentState::Intent) {
            return Some(now.unix + OPEN_REQUEST_WAIT);
        }
        if roll_up(&states, self.receipts_due(row)) != RollUp::Open {
            return None;
        }
        // Past its deadline it has ended, while its message may go on by another attempt.
        [self.retry_at(row), Some(self.deadline(row))]
            .into_iter()
            .flatten()
            .filter(|at| *at > now.unix)
            .min()
    }

    /// When an attempt is given up: at the end of its validity while something of it is unwritten, then after the receipt
    /// wait.
    fn deadline(&self, row: &Row) -> UnixMs {
        if row.states().contains(&SegmentState::Waiting) {
            row.valid_until
        } else {
            self.receipt_deadline(row)
        }
    }

    /// When a receipt is no longer waited for: the receipt wait of the business type after the last write.
    fn receipt_deadline(&self, row: &Row) -> UnixMs {
        let wait = if row.kind == ChannelKind::Mail {
            self.bounce_window(row)
        } else {
            let kind = self.catalog.business_type(row.business_type);
            Duration::from_secs(kind.map_or(48 * 3600, |kind| kind.receipt_wait_s).into())
        };
        let last = row
            .segments
            .iter()
            .filter_map(|segment| {
                let mut steps = segment.steps.iter().rev();
                steps.find(|step| !matches!(step.what, StepKind::Receipt { .. }))
            })
            .map(|step| step.at)
            .max();
        last.unwrap_or(row.valid_until) + wait
    }
}
