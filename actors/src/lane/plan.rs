//! Messages with several attempts: when the next one starts, and when the message ends (SEND-2, MSG-1).

use super::core::LaneCore;
use super::due::Standing;
use super::install::NO_ROUTE;
use crate::columns::{Applied, Body, Plan, Row, RowRef, quota_segments};
use carillon_domain::fact::{Fact, Fallback, FallbackReason, FinalState, PlannedAttempt, StatusCode};
use carillon_domain::ids::MessageId;
use carillon_domain::plan::{AttemptFacts, Condition, Due, due, starting_together};
use carillon_domain::quota::day_utc8;
use carillon_domain::state::{Further, RollUp, SegmentState, roll_up, whole};
use carillon_domain::time::{Now, UnixMs};
use smallvec::SmallVec;

/// What is to be done about a message.
enum Decision {
    Start(FallbackReason),
    End(FinalState, Option<StatusCode>),
    /// Something is expected; what time decides is decided then at the earliest.
    Wait(Option<UnixMs>),
}

/// An attempt that has started, as it stands.
struct Attempt<'a> {
    row: &'a Row,
    standing: Standing,
}

impl LaneCore {
    /// Starts what is to start and ends what is to end of one message.
    pub(super) fn settle_plan(&mut self, message: MessageId, now: Now) {
        self.observe_clock(now);
        // Every turn starts an attempt, gives the rest up, or is the last.
        while let Some((head, _)) = self.columns.find(message) {
            match self.decide(message, now) {
                Some(Decision::Start(reason)) => {
                    if !self.start_next(message, reason, now) {
                        return;
                    }
                }
                Some(Decision::End(state, cause)) => return self.finish(head, state, cause, now),
                Some(Decision::Wait(until)) => return self.arm_attempts(message, until, now),
                None => return,
            }
        }
    }

    /// Whether more of an attempt is to be written.
    pub(super) fn is_wanted(&self, row: &Row) -> bool {
        let Some(plan) = self.columns.plan(row) else {
            return true;
        };
        if plan.read_at.is_some() || plan.is_superseded(row.attempt) {
            return false;
        }
        let rolled = |row: &Row| roll_up(&row.states(), self.receipts_due(row));
        if rolled(row) != RollUp::Open {
            return false;
        }
        // It ends as delivered as soon as nothing of it is in flight.
        let ends = !matches!(plan.next, Some(Condition::NotReadWithin { .. }))
            && self
                .columns
                .attempts_from(row.id, plan.since)
                .filter_map(|at| self.columns.row(at))
                .any(|row| rolled(row) == RollUp::Final(FinalState::Delivered));
        !ends
    }

    fn decide(&self, message: MessageId, now: Now) -> Option<Decision> {
        let (_, head) = self.columns.find(message)?;
        let plan = self.columns.plan(head)?;
        let attempts: SmallVec<[Attempt<'_>; 4]> = self
            .columns
            .attempts_from(message, 0)
            .filter_map(|at| {
                let row = self.columns.row(at)?;
                let standing = if self.has_no_way(row) {
                    Standing {
                        roll_up: RollUp::Final(FinalState::Failed),
                        cause: Some(NO_ROUTE.into()),
                    }
                } else {
                    self.standing(row, now)
                };
                Some(Attempt { row, standing })
            })
            .collect();
        let in_flight = attempts
            .iter()
            .any(|attempt| attempt.row.states().contains(&SegmentState::Intent));
        if plan.read_at.is_some() {
            return Some(match attempts.iter().any(|attempt| was_submitted(attempt.row)) {
                _ if in_flight => Decision::Wait(None),
                true => Decision::End(FinalState::Delivered, None),
                false => Decision::End(FinalState::Cancelled, Some("read".into())),
            });
        }
        let next = self.next_due(plan, head, attempts.last()?, now);
        let further = match (&next, &plan.next) {
            (Due::Never, _) => Further::Nothing,
            (_, Some(Condition::NotReadWithin { .. })) => Further::UntilRead,
            _ => Further::Attempt,
        };
        let rolled: SmallVec<[RollUp; 4]> = attempts.iter().map(|attempt| attempt.standing.roll_up).collect();
        Some(match (whole(&rolled, usize::from(plan.since), further), next) {
            (RollUp::Final(_), _) if in_flight => Decision::Wait(None),
            (RollUp::Final(state), _) => Decision::End(state, cause_of_end(state, plan, &attempts)),
            (RollUp::Open, Due::Start(reason)) => Decision::Start(reason),
            (RollUp::Open, Due::NotBefore(left)) => Decision::Wait(Some(now.unix + left)),
            (RollUp::Open, Due::Wait | Due::Never) => Decision::Wait(None),
        })
    }

    /// Whether the next attempt of the plan starts after the last that has.
    fn next_due(&self, plan: &Plan, head: &Row, last: &Attempt<'_>, now: Now) -> Due {
        let Some(condition) = &plan.next else {
            return Due::Never;
        };
        // Nothing may be written after the validity, nor of a campaign that was stopped.
        let is_over = now.unix >= head.valid_until || self.columns.campaigns().is_stopped(head.campaign);
        if plan.ended.is_some() || is_over {
            return Due::Never;
        }
        let is_out = |state| !matches!(state, SegmentState::Waiting | SegmentState::Intent);
        let all_out = last.row.states().into_iter().all(is_out);
        let bound = self
            .columns
            .bound_since_submit(last.row, now.unix)
            .filter(|_| all_out);
        let (waited, quiet) = bound.unzip();
        let facts = AttemptFacts {
            ended: match last.standing.roll_up {
                RollUp::Open => None,
                RollUp::Final(state) => Some(state),
            },
            code: last.standing.cause.as_ref(),
            submitted: was_submitted(last.row),
            receipts: self.receipts_due(last.row),
            waited,
            quiet: quiet
                .unwrap_or_default()
                .max(self.clock_guard.hold_left(now.monotonic)),
            read: plan.read_at.is_some(),
        };
        due(condition, &facts)
    }

    /// Starts the next attempt, or gives the rest of the plan up where a check fails by now. `false` when neither could be
    /// recorded.
    fn start_next(&mut self, message: MessageId, reason: FallbackReason, now: Now) -> bool {
        let Some((_, head)) = self.columns.find(message) else {
            return false;
        };
        let Some(plan) = self.columns.plan(head) else {
            return false;
        };
        let attempt = plan.started.len() as u8;
        let later = Body::unpack(&self.columns.body(head)).later;
        let rest = later.get(usize::from(attempt) - 1..).unwrap_or_default();
        let fact = match self.why_not(head, starting_together(rest), now) {
            Some(cause) => Fact::PlanEnded {
                message,
                cause: cause.into(),
                at: now.unix,
            },
            None => Fact::Fallback(Fallback {
                message,
                attempt,
                reason: reason.clone(),
                at: now.unix,
            }),
        };
        match self.record(fact) {
            Applied::Opened(_) => {
                self.count_fallback(&reason);
                let started: SmallVec<[RowRef; 2]> = self.columns.attempts_from(message, attempt).collect();
                started.into_iter().for_each(|at| self.enqueue_when_open(at, now));
                true
            }
            Applied::Idle => false,
            _ => {
                self.counters.plans_ended.add(1);
                true
            }
        }
    }

    /// Why attempts that were planned at acceptance may not start now.
    fn why_not(&self, head: &Row, starting: &[PlannedAttempt], now: Now) -> Option<&'static str> {
        if starting
            .iter()
            .any(|planned| self.will_have_no_way(head, planned))
        {
            return Some(NO_ROUTE);
        }
        let quota = self.account(head.account)?.quota_per_day?;
        let segments: u64 = starting
            .iter()
            .map(|planned| quota_segments(planned.kind, planned.segments))
            .sum();
        let used = self.columns.quota_used(head.account, day_utc8(now.unix));
        (segments > 0 && used + segments > quota).then_some("quota")
    }

    /// Sets when each attempt is looked at next; the last one also for what comes after it.
    fn arm_attempts(&mut self, message: MessageId, until: Option<UnixMs>, now: Now) {
        let Some((_, head)) = self.columns.find(message) else {
            return;
        };
        let may_go_on = self.columns.plan(head).is_some_and(|plan| plan.next.is_some());
        // After its validity it is decided without another attempt.
        let validity = Some(head.valid_until).filter(|end| may_go_on && *end > now.unix);
        let mut looks: SmallVec<[(RowRef, Option<UnixMs>); 4]> = self
            .columns
            .attempts_from(message, 0)
            .filter_map(|at| Some((at, self.next_look(self.columns.row(at)?, now))))
            .collect();
        if let Some((_, look)) = looks.last_mut() {
            *look = [*look, until, validity].into_iter().flatten().min();
        }
        for (at, look) in looks {
            match look {
                // What it is to be looked at for before stands: its next try, when it was put off.
                Some(look) => self.columns.arm_at_latest(at, look),
                None => self.columns.disarm(at),
            }
        }
    }

    fn count_fallback(&self, reason: &FallbackReason) {
        let counters = &self.counters;
        match reason {
            FallbackReason::NotSubmitted { .. } => &counters.fallbacks_not_submitted,
            FallbackReason::Failed { .. } => &counters.fallbacks_failed,
            FallbackReason::NotDelivered { .. } => &counters.fallbacks_not_delivered,
            FallbackReason::NotRead { .. } => &counters.fallbacks_not_read,
        }
        .add(1);
    }
}

/// Whether some of it is with a carrier, or was, or may be. What a carrier refused is not.
fn was_submitted(row: &Row) -> bool {
    row.states().into_iter().any(|state| {
        matches!(
            state,
            SegmentState::Submitted
                | SegmentState::Delivered
                | SegmentState::Failed
                | SegmentState::Expired
                | SegmentState::Uncertain
        )
    })
}

/// Why the message ended as it did: what prevented another attempt, or what ended the last of those that ended in the same
/// way.
fn cause_of_end(state: FinalState, plan: &Plan, attempts: &[Attempt<'_>]) -> Option<StatusCode> {
    if state == FinalState::Delivered {
        return None;
    }
    let decided = attempts
        .iter()
        .rev()
        .find(|attempt| attempt.standing.roll_up == RollUp::Final(state));
    plan.ended
        .clone()
        .or_else(|| decided.and_then(|attempt| attempt.standing.cause.clone()))
}
