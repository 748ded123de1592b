use super::Columns;
use super::body::Body;
use super::fact_place::FactPlace;
use super::idempotency::{KnownAnswer, KnownKey};
use super::quota::quota_segments;
use super::row::{Row, RowRef};
use carillon_domain::campaign::CampaignChange;
use carillon_domain::fact::{
    Accepted, Batch, CarrierId, Fact, Intent, Receipt, RejectAction, SegmentKey, SessionChange,
};
use carillon_domain::ids::{CampaignId, MessageId};
use carillon_domain::journey::{Amendment, Journey, StepKind};
use carillon_domain::quota::day_utc8;
use carillon_domain::state::SegmentEvent;
use carillon_domain::tally::{Dimensions, Measure};
use carillon_domain::time::UnixMs;
use smallvec::SmallVec;
use thin_vec::ThinVec;

/// What a fact did, as far as somebody outside the columns must act on it.
#[derive(Debug)]
pub enum Applied {
    /// The columns changed.
    Done,
    /// Rows were added, of a message or of attempts of it that start now; this is the first of them.
    Opened(RowRef),
    /// A message ended and left the columns; [`Applied::Done`] when its journey is stored.
    Ended(Box<Ended>),
    /// A finished message was corrected.
    Amended(Amendment),
    /// The fact fits nothing that is open: it came twice, or too late. Counted by whoever recorded it.
    Idle,
}

#[derive(Debug)]
pub struct Ended {
    pub journey: Journey,
}

impl Columns {
    /// Applies one fact, which stands at `place`. Total over all facts: a replay may feed anything that was ever recorded.
    pub fn apply(&mut self, place: FactPlace, fact: &Fact) -> Applied {
        self.last_at = fact.at().unwrap_or(self.last_at);
        match fact {
            Fact::Accepted(accepted) => self.accepted(place, accepted),
            Fact::Carried(accepted) => self.carried(place, accepted),
            Fact::Batch(batch) => self.batch(place, batch),
            Fact::Session(session) => {
                if session.change == SessionChange::Bound {
                    let last = self.epochs.entry(session.connection).or_default();
                    *last = (*last).max(session.epoch);
                }
                self.bound.session(session);
                Applied::Done
            }
            Fact::Intent(intent) => self.intent(intent),
            Fact::Returned { segment, at } => self.returned(*segment, *at),
            Fact::Submitted {
                segment,
                carrier_id,
                at,
            } => self.submitted(*segment, carrier_id, *at),
            Fact::Rejected {
                segment,
                code,
                action,
                at,
            } => {
                let step = StepKind::Rejected {
                    code: code.clone(),
                    retried: *action == RejectAction::RetryLater,
                };
                let Some(at_segment) = self.step(*segment, SegmentEvent::Rejected(*action), *at, step) else {
                    return Applied::Idle;
                };
                self.segment_mut(at_segment).code = Some(code.clone());
                self.release_when_unwritten(at_segment.row);
                Applied::Done
            }
            Fact::Uncertain { segment, cause, at } => {
                match self.step(
                    *segment,
                    SegmentEvent::Uncertain,
                    *at,
                    StepKind::Uncertain { cause: *cause },
                ) {
                    Some(segment) => {
                        self.note_submitted(segment.row, *at);
                        Applied::Done
                    }
                    None => Applied::Idle,
                }
            }
            Fact::Receipt(receipt) => self.receipt(receipt),
            Fact::ReceiptMatched {
                connection,
                carrier_id,
                segment,
                ..
            } => match self.parked.take(*connection, carrier_id) {
                Some(receipt) => self.receipt_on(*segment, &receipt),
                None => Applied::Idle,
            },
            Fact::Reply(reply) => {
                self.last_id = self.last_id.max(Some(reply.id));
                Applied::Done
            }
            Fact::Fallback(fallback) => self.fallback(fallback),
            Fact::Read { message, at } => self.read(*message, *at),
            Fact::PlanEnded { message, cause, .. } => self.end_plan(*message, cause),
            Fact::ClockSet { by_ms, .. } => {
                self.bound.clock_set(*by_ms);
                Applied::Done
            }
            Fact::Campaign { campaign, change, at } => self.campaign(*campaign, change, *at),
            Fact::Cursor(cursor) => {
                self.cursors.set_place(*cursor);
                Applied::Done
            }
            Fact::Rerouted {
                message,
                attempt,
                group,
                ..
            } => self.rerouted(*message, *attempt, *group),
            Fact::Webhook(standing) => {
                self.cursors.set_standing(*standing);
                Applied::Done
            }
            Fact::Final(finished) => self.finish(finished),
            Fact::Amended(finished) => {
                let amendment = Amendment {
                    message: finished.message,
                    state: finished.state,
                    cause: finished.cause.clone(),
                    at: finished.at,
                };
                if let Some((dimensions, before)) = self.amendable.ended_as(finished.message) {
                    self.tally.correct(dimensions, before, &amendment);
                }
                if let Some((campaign, before)) = self.amendable.amend(finished.message, finished.state) {
                    self.campaigns.amended(campaign, before, finished.state);
                }
                Applied::Amended(amendment)
            }
        }
    }

    fn accepted(&mut self, place: FactPlace, accepted: &Accepted) -> Applied {
        let first = &accepted.plan[0];
        let dimensions = Dimensions::of_message(
            accepted.tenant,
            accepted.account,
            first.kind,
            accepted.to,
            &self.ranges,
        );
        let row = self.rows.insert(Row {
            id: accepted.message,
            to: accepted.to,
            valid_until: accepted.valid_until,
            tenant: accepted.tenant,
            account: accepted.account,
            business_type: accepted.business_type,
            group: first.group,
            connection: None,
            concatenation: 0,
            priority: accepted.priority,
            kind: first.kind,
            attempt: 0,
            segment_count: first.segments,
            intended: false,
            campaign: accepted.campaign.map(|line| line.campaign),
            in_plan: accepted.plan.len() > 1,
            timed: accepted.not_before > UnixMs(0) || accepted.person_window.is_some(),
            counted: accepted.counted,
            carrier: dimensions.carrier,
            province: dimensions.province,
            segments: ThinVec::new(),
            place,
            body: Body::pack(accepted),
        });
        self.index_message(row.index);
        self.body_came(row);
        self.enter_times(accepted);
        self.open_seconds.enter(accepted.message);
        self.last_id = self.last_id.max(Some(accepted.message));
        self.deadlines.arm(row.index, accepted.valid_until);
        let accepted_at = UnixMs(accepted.message.unix_ms());
        self.standing(accepted.tenant).open += 1;
        self.tally.count(accepted_at, dimensions, Measure::Accepted, 1);
        self.quotas.take(
            accepted.account,
            day_utc8(accepted_at),
            quota_segments(first.kind, first.segments),
        );
        self.take_cap(accepted);
        if accepted.plan.len() > 1 {
            self.open_plan(accepted, row);
        }
        self.campaigns
            .accepted(accepted.campaign.map(|line| line.campaign));
        if let Some(key) = accepted.idempotency {
            let answer = KnownAnswer::Single(accepted.message);
            self.keys.insert(
                key.key,
                KnownKey {
                    fingerprint: key.fingerprint,
                    answer,
                },
                accepted_at,
            );
        }
        Applied::Opened(row)
    }

    /// What was accepted of an open message stands here from now on.
    fn carried(&mut self, place: FactPlace, accepted: &Accepted) -> Applied {
        let attempts: SmallVec<[RowRef; 4]> = self.attempts_from(accepted.message, 0).collect();
        for at in &attempts {
            self.body_moved(*at, place, accepted);
        }
        if attempts.is_empty() {
            Applied::Idle
        } else {
            Applied::Done
        }
    }

    fn campaign(&mut self, id: CampaignId, change: &CampaignChange, at: UnixMs) -> Applied {
        if let CampaignChange::Drafted(draft) = change
            && let Some(key) = draft.idempotency
        {
            let known = KnownKey {
                fingerprint: key.fingerprint,
                answer: KnownAnswer::Campaign(id),
            };
            self.keys.insert(key.key, known, at);
        }
        if self.campaigns.change(id, change, at) {
            Applied::Done
        } else {
            Applied::Idle
        }
    }

    /// Whether an INTENT was recorded for any attempt of a campaign's message; `None` for others.
    fn is_written(&self, message: MessageId) -> Option<bool> {
        let (_, row) = self.find(message)?;
        row.campaign?;
        let is_intended = |at| self.rows.get(at).is_some_and(|row| row.intended);
        Some(self.attempts_from(message, 0).any(is_intended))
    }

    fn batch(&mut self, place: FactPlace, batch: &Batch) -> Applied {
        let Some(key) = batch.idempotency else {
            return Applied::Done;
        };
        let first_frame = match self.keys.get(&key.key).map(|known| known.answer) {
            Some(KnownAnswer::Batch { first_frame, .. }) => first_frame,
            _ => place.frame().0,
        };
        let answer = KnownAnswer::Batch {
            first_frame,
            lines_done: batch.first_line + batch.lines,
            lines_total: batch.lines_total,
        };
        self.keys.insert(
            key.key,
            KnownKey {
                fingerprint: key.fingerprint,
                answer,
            },
            batch.at,
        );
        Applied::Done
    }

    fn intent(&mut self, intent: &Intent) -> Applied {
        let step = StepKind::Intent {
            connection: intent.connection,
            try_number: intent.try_number,
            reason: intent.reason,
        };
        let was_written = self.is_written(intent.segment.message);
        let mut waited_bytes = 0;
        let Some(at) = self.step_from(
            intent.segment,
            SegmentEvent::Intent(intent.reason),
            intent.at,
            step,
            |row| {
                row.connection = Some(intent.connection);
                row.concatenation = intent.concatenation;
                if !row.intended {
                    waited_bytes = row.body.len();
                }
                row.intended = true;
            },
        ) else {
            return Applied::Idle;
        };
        self.body_waits_no_more(waited_bytes);
        if was_written == Some(false) {
            let campaign = self.rows.get(at.row).and_then(|row| row.campaign);
            self.campaigns.written(campaign);
        }
        let segment = self.segment_mut(at);
        segment.try_number = intent.try_number;
        segment.session = intent.session;
        segment.epoch = intent.epoch;
        Applied::Done
    }

    fn returned(&mut self, segment: SegmentKey, at: UnixMs) -> Applied {
        let Some(at) = self.step(segment, SegmentEvent::Returned, at, StepKind::Returned) else {
            return Applied::Idle;
        };
        self.release_when_unwritten(at.row);
        Applied::Done
    }

    fn submitted(&mut self, key: SegmentKey, carrier_id: &CarrierId, at: UnixMs) -> Applied {
        let step = StepKind::Submitted {
            carrier_id: carrier_id.clone(),
        };
        let Some(segment) = self.step(key, SegmentEvent::Submitted, at, step) else {
            return Applied::Idle;
        };
        self.note_submitted(segment.row, at);
        let connection = self.connection_of(segment.row);
        let before = self.segment_mut(segment).carrier_id.replace(carrier_id.clone());
        if let Some(before) = before {
            self.by_carrier.remove(&(connection, before));
        }
        self.by_carrier.insert((connection, carrier_id.clone()), segment);
        Applied::Done
    }

    fn receipt(&mut self, receipt: &Receipt) -> Applied {
        if receipt.duplicate {
            return Applied::Idle;
        }
        if let Some(key) = receipt.segment {
            return self.receipt_on(key, receipt);
        }
        self.parked.park(receipt.clone(), self.limits.parked_receipts_max);
        Applied::Done
    }

    fn receipt_on(&mut self, key: SegmentKey, receipt: &Receipt) -> Applied {
        let step = StepKind::Receipt {
            status: receipt.status.clone(),
            error: receipt.error.clone(),
        };
        let name = (receipt.connection, receipt.carrier_id.clone());
        let Some(segment) = self.step(key, SegmentEvent::Receipt(receipt.outcome), receipt.at, step) else {
            if self.amendable.receipt(&name, receipt.outcome) {
                self.recent.insert(name.0, &name.1, self.limits.recent_ids_max);
            }
            return Applied::Idle;
        };
        let stored = self.segment_mut(segment);
        stored.code = Some(receipt.status.clone());
        let newly_named = stored.carrier_id.is_none();
        if newly_named {
            stored.carrier_id = Some(name.1.clone());
        }
        if stored.state.is_final() {
            self.recent.insert(name.0, &name.1, self.limits.recent_ids_max);
            self.by_carrier.remove(&name);
        } else if newly_named {
            self.by_carrier.insert(name, segment);
        }
        Applied::Done
    }
}
