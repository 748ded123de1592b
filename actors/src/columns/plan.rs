//! What is known of a message as a whole, beside the rows of its attempts; and the start of attempts.

use super::body::Body;
use super::quota::quota_segments;
use super::row::{Row, RowRef};
use super::{Applied, Columns};
use carillon_domain::fact::{Accepted, Fallback, FallbackReason, PlannedAttempt, StatusCode};
use carillon_domain::ids::MessageId;
use carillon_domain::plan::{Condition, starting_together};
use carillon_domain::quota::day_utc8;
use carillon_domain::tally::Measure;
use carillon_domain::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thin_vec::ThinVec;

/// Kept for messages with several attempts, and for those that were read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// When the person was first known to have read it.
    pub read_at: Option<UnixMs>,
    /// Why no further attempt starts, where one was refused.
    pub ended: Option<StatusCode>,
    /// On what condition the next attempt starts; `None` when all have.
    pub next: Option<Condition>,
    /// The first attempt whose delivery ends the message; see [`carillon_domain::state::whole`].
    pub since: u8,
    /// The attempts that have started, by their index in the plan.
    pub started: Vec<StartedAttempt>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartedAttempt {
    /// Found again when rows are restored.
    #[serde(skip)]
    pub row: Option<RowRef>,
    /// Why and when; `None` with the message itself.
    pub fallback: Option<(FallbackReason, UnixMs)>,
    /// It started in one step with the attempt before, not because of it.
    pub together: bool,
    /// Bound time of its connection, in ms, when its newest segment was submitted.
    pub submitted_ms: Option<u64>,
}

impl Plan {
    /// A message whose attempts have all started.
    pub fn of_one(row: RowRef) -> Self {
        Plan {
            read_at: None,
            ended: None,
            next: None,
            since: 0,
            started: vec![StartedAttempt::new(row, None, false)],
        }
    }

    /// The attempt's follower started because of what became of it: nothing of it is written any more.
    pub fn is_superseded(&self, attempt: u8) -> bool {
        self.started
            .get(usize::from(attempt) + 1)
            .is_some_and(|next| !next.together)
    }

    /// The rows of all its attempts, in order.
    pub fn rows(&self) -> impl Iterator<Item = RowRef> {
        self.started.iter().filter_map(|attempt| attempt.row)
    }
}

impl StartedAttempt {
    fn new(row: RowRef, fallback: Option<(FallbackReason, UnixMs)>, together: bool) -> Self {
        StartedAttempt {
            row: Some(row),
            fallback,
            together,
            submitted_ms: None,
        }
    }
}

impl Columns {
    /// What is known of the message of a row as a whole; `None` when the row is all there is.
    pub fn plan(&self, row: &Row) -> Option<&Plan> {
        if row.in_plan {
            self.plans.get(&row.id)
        } else {
            None
        }
    }

    /// The row of an attempt that has started.
    pub fn attempt(&self, message: MessageId, attempt: u8) -> Option<RowRef> {
        if attempt == 0 {
            return Some(self.rows.reference(self.index_of(message)?));
        }
        self.plans.get(&message)?.started.get(usize::from(attempt))?.row
    }

    /// Rows of the attempts of a message that have started, from this one on.
    pub fn attempts_from(&self, message: MessageId, attempt: u8) -> impl Iterator<Item = RowRef> {
        (attempt..=u8::MAX).map_while(move |attempt| self.attempt(message, attempt))
    }

    /// Bound time of its connection since the attempt's newest segment was submitted, and for how long from `now` on no
    /// absence counts. `None` while nothing is submitted.
    pub fn bound_since_submit(&self, row: &Row, now: UnixMs) -> Option<(Duration, Duration)> {
        let submitted_ms = self
            .plan(row)?
            .started
            .get(usize::from(row.attempt))?
            .submitted_ms?;
        let time = self.bound.of(row.connection?)?;
        let waited = time.accrued_ms(now).saturating_sub(submitted_ms);
        Some((Duration::from_millis(waited), time.quiet(now)))
    }

    /// Lets every message that is more than its one row be looked at.
    pub fn arm_plans(&mut self, at: UnixMs) {
        let Columns { plans, deadlines, .. } = self;
        let mut rows: Vec<u32> = plans.values().flat_map(Plan::rows).map(|row| row.index).collect();
        // In one order in every life, whatever the map's.
        rows.sort_unstable();
        rows.into_iter().for_each(|index| deadlines.arm(index, at));
    }

    /// Starts what starts with the first attempt, whose row is at `head`.
    pub(super) fn open_plan(&mut self, accepted: &Accepted, head: RowRef) {
        let mut plan = Plan::of_one(head);
        let at_once = starting_together(&accepted.plan);
        for (number, planned) in (0..).zip(at_once).skip(1) {
            let row = self.open_attempt(
                head,
                number,
                planned,
                accepted.price_per_segment,
                UnixMs(accepted.message.unix_ms()),
            );
            plan.started.push(StartedAttempt::new(row, None, true));
        }
        plan.next = next_condition(&accepted.plan[at_once.len()..]);
        self.plans.insert(accepted.message, plan);
    }

    pub(super) fn fallback(&mut self, fallback: &Fallback) -> Applied {
        let Some((head, row)) = self.find(fallback.message) else {
            return Applied::Idle;
        };
        let is_next = |plan: &Plan| {
            plan.next.is_some() && plan.ended.is_none() && plan.started.len() == usize::from(fallback.attempt)
        };
        if !self.plan(row).is_some_and(is_next) {
            return Applied::Idle;
        }
        let body = self.body(row);
        let body = Body::unpack(&body);
        let (price, mut later) = (body.price_per_segment, body.later);
        // Those after the first stand in it from the second attempt on.
        let rest = later.split_off(usize::from(fallback.attempt - 1).min(later.len()));
        let starting = starting_together(&rest);
        let mut started = Vec::with_capacity(starting.len());
        for (number, planned) in (fallback.attempt..).zip(starting) {
            let row = self.open_attempt(head, number, planned, price, fallback.at);
            let reason = (fallback.reason.clone(), fallback.at);
            started.push(StartedAttempt::new(row, Some(reason), number != fallback.attempt));
            let dimensions = self.rows.get(row).map(Row::dimensions);
            if let Some(dimensions) = dimensions {
                self.tally.count(fallback.at, dimensions, Measure::Fallbacks, 1);
            }
        }
        let Some(first) = started.first().and_then(|attempt| attempt.row) else {
            return Applied::Idle;
        };
        let next = next_condition(&rest[starting.len()..]);
        let plan = self.plans.get_mut(&fallback.message).expect("looked at just now");
        if matches!(plan.next, Some(Condition::NotReadWithin { .. })) {
            plan.since = fallback.attempt;
        }
        plan.next = next;
        plan.started.extend(started);
        Applied::Opened(first)
    }

    pub(super) fn read(&mut self, message: MessageId, at: UnixMs) -> Applied {
        let Some(head) = self.attempt(message, 0) else {
            return Applied::Idle;
        };
        let Some(row) = self.rows.get_mut(head) else {
            return Applied::Idle;
        };
        row.in_plan = true;
        let plan = self.plans.entry(message).or_insert_with(|| Plan::of_one(head));
        if plan.read_at.is_some() {
            return Applied::Idle;
        }
        plan.read_at = Some(at);
        Applied::Done
    }

    pub(super) fn end_plan(&mut self, message: MessageId, cause: &StatusCode) -> Applied {
        match self.plans.get_mut(&message) {
            Some(plan) if plan.ended.is_none() => {
                plan.ended = Some(cause.clone());
                Applied::Done
            }
            _ => Applied::Idle,
        }
    }

    /// Notes the bound time at which a segment was submitted, or may have been.
    pub(super) fn note_submitted(&mut self, at: RowRef, when: UnixMs) {
        let Some(row) = self.rows.get(at).filter(|row| row.in_plan) else {
            return;
        };
        let bound = row.connection.and_then(|connection| self.bound.of(connection));
        let (bound_ms, attempt) = (
            bound.map_or(0, |time| time.accrued_ms(when)),
            usize::from(row.attempt),
        );
        let plan = self.plans.get_mut(&row.id);
        if let Some(started) = plan.and_then(|plan| plan.started.get_mut(attempt)) {
            started.submitted_ms = Some(bound_ms);
        }
    }

    /// The row of an attempt after the first, whose row is at `head`.
    fn open_attempt(
        &mut self,
        head: RowRef,
        number: u8,
        planned: &PlannedAttempt,
        price_per_segment: u32,
        at: UnixMs,
    ) -> RowRef {
        let head = self.rows.get(head).expect("the row of an open message");
        let row = Row {
            id: head.id,
            to: head.to,
            valid_until: head.valid_until,
            tenant: head.tenant,
            account: head.account,
            business_type: head.business_type,
            group: planned.group,
            connection: None,
            concatenation: 0,
            priority: head.priority,
            kind: planned.kind,
            attempt: number,
            segment_count: planned.segments,
            intended: false,
            campaign: head.campaign,
            in_plan: true,
            timed: head.timed,
            counted: head.counted,
            carrier: head.carrier,
            province: head.province,
            segments: ThinVec::new(),
            place: head.place,
            body: Body::pack_later(planned, price_per_segment),
        };
        let (account, valid_until) = (row.account, row.valid_until);
        let row = self.rows.insert(row);
        self.body_came(row);
        self.deadlines.arm(row.index, valid_until);
        self.quotas.take(
            account,
            day_utc8(at),
            quota_segments(planned.kind, planned.segments),
        );
        row
    }
}

fn next_condition(rest: &[PlannedAttempt]) -> Option<Condition> {
    rest.first().and_then(|attempt| attempt.when.clone())
}
