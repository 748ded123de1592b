use super::{Dimensions, LatencyBucket, Measure};
use crate::fact::{FinalState, StatusCode};
use crate::ids::ConnectionId;
use crate::journey::{Amendment, AttemptStart, Journey, MessageState, SegmentJourney, SegmentWord, StepKind};
use crate::number_range::NumberRanges;
use crate::time::UnixMs;

/// One thing that is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution<'j> {
    /// When it happened.
    pub at: UnixMs,
    pub dimensions: Dimensions,
    pub measure: Measure,
    pub by: i64,
    /// Of refusals and receipts: what the carrier said.
    pub code: Option<&'j StatusCode>,
    /// Of deliveries: from the carrier's response to its receipt. `None` when there was no response.
    pub latency: Option<LatencyBucket>,
}

/// Everything a message's journey counts for, open or ended, as it was before any correction.
///
/// What comes after the end is not in a journey: late receipts count by [`corrections`] only.
pub fn contributions<'j>(
    journey: &'j Journey,
    ranges: &NumberRanges,
    mut emit: impl FnMut(Contribution<'j>),
) {
    let Some(first) = journey.attempts.first() else {
        return;
    };
    let message = Dimensions::of_message(journey.tenant, journey.account, first.kind, journey.to, ranges);
    let mut count = |at, dimensions, measure, code, latency| {
        emit(Contribution {
            at,
            dimensions,
            measure,
            by: 1,
            code,
            latency,
        });
    };
    count(
        UnixMs(journey.message.unix_ms()),
        message,
        Measure::Accepted,
        None,
        None,
    );
    if let (MessageState::Final(state), Some(at)) = (journey.state, journey.final_at) {
        count(at, message, Measure::ended(state), None, None);
    }
    for attempt in &journey.attempts {
        if let AttemptStart::Fallback { at, .. } = attempt.start {
            let dimensions = message.of_segment(attempt.kind, None);
            count(at, dimensions, Measure::Fallbacks, None, None);
        }
        for segment in &attempt.segments {
            of_segment(segment, |at, connection, measure, code, latency| {
                let dimensions = message.of_segment(attempt.kind, connection);
                count(at, dimensions, measure, code, latency);
            });
        }
    }
}

/// What a late correction moves from one state to the other, at its own time. `before` is the state it corrects.
pub fn corrections(
    message: Dimensions,
    before: FinalState,
    amendment: &Amendment,
    mut emit: impl FnMut(Contribution<'static>),
) {
    for (state, by) in [(before, -1), (amendment.state, 1)] {
        emit(Contribution {
            at: amendment.at,
            dimensions: message,
            measure: Measure::ended(state),
            by,
            code: None,
            latency: None,
        });
    }
}

fn of_segment<'j>(
    segment: &'j SegmentJourney,
    mut count: impl FnMut(UnixMs, Option<ConnectionId>, Measure, Option<&'j StatusCode>, Option<LatencyBucket>),
) {
    let mut connection = segment.connection;
    let mut submitted_at = None;
    let mut receipt = None;
    for step in &segment.steps {
        match &step.what {
            StepKind::Intent { connection: to, .. } => connection = Some(*to),
            StepKind::Returned => {}
            StepKind::Submitted { .. } => {
                submitted_at = Some(step.at);
                count(step.at, connection, Measure::SegmentsSubmitted, None, None);
            }
            StepKind::Rejected { code, .. } => {
                count(step.at, connection, Measure::SegmentsRefused, Some(code), None);
            }
            StepKind::Uncertain { .. } => {
                count(step.at, connection, Measure::SegmentsUncertain, None, None);
            }
            StepKind::Receipt { status, .. } => receipt = Some((step.at, status)),
        }
    }
    // After a definite receipt no other one becomes a step (RCP-1): the last one is the one that decided. Without a receipt,
    // expired means that it was never written.
    let Some((at, status)) = receipt else {
        return;
    };
    match segment.state {
        SegmentWord::Delivered => {
            let latency = submitted_at.map(|since| LatencyBucket::of(at.saturating_since(since)));
            count(at, connection, Measure::SegmentsDelivered, Some(status), latency);
        }
        SegmentWord::Failed | SegmentWord::Expired => {
            count(at, connection, Measure::SegmentsFailed, Some(status), None);
        }
        _ => {}
    }
}
