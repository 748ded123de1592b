use super::temper::{Tempers, first_member};
use crate::sim::DecidedAnswer;
use carillon_domain::catalog::{Account, Compiled};
use carillon_domain::fact::{
    CarrierId, FallbackReason, FinalState, IntentReason, PlannedAttempt, ReceiptOutcome, StatusCode,
};
use carillon_domain::ids::{ConnectionId, MessageId};
use carillon_domain::intake::Prepared;
use carillon_domain::journey::{
    AttemptJourney, AttemptStart, Journey, MessageState, SegmentJourney, SegmentWord, Step, StepKind,
};
use carillon_domain::receipt_status;
use carillon_domain::time::UnixMs;
use rand::RngExt;
use rand::rngs::SmallRng;
use std::ops::RangeInclusive;
use std::time::Duration;

/// From acceptance to the first byte.
const WRITE_MS: RangeInclusive<u64> = 2..=9;
/// From writing a mail to the relay's answer, and from there to the report on it.
const RELAY_MS: RangeInclusive<u64> = 40..=180;
const REPORT_MS: RangeInclusive<u64> = 1_500..=4_000;
/// Addresses that the relay knows nobody at.
const NOBODY: &str = "gone";
const MAIL_DELIVERED: &str = "2.0.0";
const MAIL_FAILED: &str = "5.1.1";

/// Decides what became of messages, as the carriers would have.
pub struct Fates<'c> {
    pub catalog: &'c Compiled,
    pub tempers: &'c Tempers,
    pub random: SmallRng,
    pub next_carrier_id: u64,
}

/// What became of an attempt.
struct Ended {
    attempt: AttemptJourney,
    state: FinalState,
    code: Option<StatusCode>,
    at: UnixMs,
}

/// What became of a segment.
struct EndedSegment {
    segment: SegmentJourney,
    state: FinalState,
    at: UnixMs,
}

impl Fates<'_> {
    /// The journey of a message; `None` for one that would still be open, because a carrier owes something.
    pub fn journey(&mut self, message: MessageId, account: &Account, prepared: Prepared) -> Option<Journey> {
        let mut journey = Journey {
            message,
            tenant: account.tenant,
            account: account.id,
            business_type: prepared.business_type,
            to: prepared.to,
            reference: prepared.reference,
            state: MessageState::Accepted,
            cause: None,
            final_at: None,
            campaign: None,
            read_at: None,
            waiting: None,
            attempts: Vec::with_capacity(prepared.plan.len()),
        };
        let mut at = UnixMs(message.unix_ms());
        let mut start = Some(AttemptStart::AtOnce);
        for planned in prepared.plan {
            let Some(begun) = start.take() else {
                journey.attempts.push(not_started(planned));
                continue;
            };
            let ended = self.attempt(planned, begun, at)?;
            at = ended.at;
            journey.attempts.push(ended.attempt);
            journey.state = MessageState::Final(ended.state);
            journey.cause.clone_from(&ended.code);
            journey.final_at = Some(at);
            start = (ended.state == FinalState::Failed).then_some(AttemptStart::Fallback {
                reason: FallbackReason::Failed { code: ended.code },
                at,
            });
        }
        Some(journey)
    }

    fn attempt(&mut self, planned: PlannedAttempt, start: AttemptStart, at: UnixMs) -> Option<Ended> {
        let connection = first_member(self.catalog, planned.group)?;
        let mut ended = Ended {
            state: FinalState::Delivered,
            code: None,
            at,
            attempt: AttemptJourney {
                start,
                segments: Vec::with_capacity(planned.segments.into()),
                ..not_started(planned)
            },
        };
        let segments = ended.attempt.segments.capacity();
        for _ in 0..segments {
            let mail = ended
                .attempt
                .content
                .mail()
                .map(|mail| mail.address.starts_with(NOBODY));
            let segment = match mail {
                Some(is_nobody) => self.mail(connection, is_nobody, at),
                None => self.segment(connection, at)?,
            };
            ended.at = ended.at.max(segment.at);
            if segment.state != FinalState::Delivered {
                ended.state = FinalState::Failed;
                ended.code.clone_from(&segment.segment.code);
            }
            ended.attempt.segments.push(segment.segment);
        }
        Some(ended)
    }

    /// `None` when no receipt came yet.
    fn segment(&mut self, connection: ConnectionId, accepted: UnixMs) -> Option<EndedSegment> {
        let behaviour = self.tempers.get(connection)?;
        let decision = behaviour.decide(true, &mut self.random);
        let written = after(accepted, self.random.random_range(WRITE_MS));
        let answered = after(written, decision.response_ms);
        let mut steps = vec![intent(connection, written)];
        let (state, word, code, at, carrier_id) = match (decision.answer, decision.receipt) {
            (DecidedAnswer::Refuse(code), _) => {
                let code: StatusCode = code.to_string().into();
                let what = StepKind::Rejected {
                    code: code.clone(),
                    retried: false,
                };
                steps.push(Step { at: answered, what });
                (
                    FinalState::Failed,
                    SegmentWord::Rejected,
                    Some(code),
                    answered,
                    None,
                )
            }
            (DecidedAnswer::Accept, Some(receipt)) => {
                let carrier_id = self.carrier_id();
                steps.push(Step {
                    at: answered,
                    what: StepKind::Submitted {
                        carrier_id: carrier_id.clone(),
                    },
                });
                let given = &behaviour.receipts[usize::from(receipt.status)];
                let at = after(answered, receipt.after_ms);
                let (state, word) = match receipt_status::outcome(&given.status) {
                    ReceiptOutcome::Delivered => (FinalState::Delivered, SegmentWord::Delivered),
                    ReceiptOutcome::Failed => (FinalState::Failed, SegmentWord::Failed),
                    ReceiptOutcome::Expired => (FinalState::Failed, SegmentWord::Expired),
                    ReceiptOutcome::Pending => return None,
                };
                steps.push(Step {
                    at,
                    what: StepKind::Receipt {
                        status: given.status.clone(),
                        error: given.error.clone(),
                    },
                });
                (state, word, Some(given.status.clone()), at, Some(carrier_id))
            }
            (DecidedAnswer::Accept, None) | (DecidedAnswer::Silence, _) => return None,
        };
        Some(EndedSegment {
            segment: SegmentJourney {
                state: word,
                connection: Some(connection),
                carrier_id,
                code,
                steps,
            },
            state,
            at,
        })
    }

    fn mail(&mut self, connection: ConnectionId, is_nobody: bool, begun: UnixMs) -> EndedSegment {
        let written = after(begun, self.random.random_range(WRITE_MS));
        let taken = after(written, self.random.random_range(RELAY_MS));
        let at = after(taken, self.random.random_range(REPORT_MS));
        let carrier_id = self.carrier_id();
        let (state, word, status, error) = if is_nobody {
            (FinalState::Failed, SegmentWord::Failed, MAIL_FAILED, "550")
        } else {
            (FinalState::Delivered, SegmentWord::Delivered, MAIL_DELIVERED, "")
        };
        let submitted = StepKind::Submitted {
            carrier_id: carrier_id.clone(),
        };
        let receipt = StepKind::Receipt {
            status: status.into(),
            error: error.into(),
        };
        let steps = vec![
            intent(connection, written),
            Step {
                at: taken,
                what: submitted,
            },
            Step { at, what: receipt },
        ];
        EndedSegment {
            segment: SegmentJourney {
                state: word,
                connection: Some(connection),
                carrier_id: Some(carrier_id),
                code: Some(status.into()),
                steps,
            },
            state,
            at,
        }
    }

    fn carrier_id(&mut self) -> CarrierId {
        self.next_carrier_id += 1;
        CarrierId::Number(self.next_carrier_id)
    }
}

fn after(at: UnixMs, ms: u64) -> UnixMs {
    at + Duration::from_millis(ms)
}

fn intent(connection: ConnectionId, at: UnixMs) -> Step {
    let what = StepKind::Intent {
        connection,
        try_number: 1,
        reason: IntentReason::Rule,
    };
    Step { at, what }
}

fn not_started(planned: PlannedAttempt) -> AttemptJourney {
    AttemptJourney {
        kind: planned.kind,
        content: planned.content,
        when: planned.when,
        start: AttemptStart::NotYet,
        segments: Vec::new(),
    }
}
