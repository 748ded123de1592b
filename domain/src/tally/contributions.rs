use super::{Dimensions, LatencyBucket, Measure};
use crate::fact::{FinalState, StatusCode};
use crate::ids::ConnectionId;
use crate::journey::{Amendment, AttemptStart, Journey, MessageState, SegmentWord, Step, StepKind};
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
            segment_contributions(&segment.steps, segment.state, segment.connection, |part| {
                let dimensions = message.of_segment(attempt.kind, part.connection);
                count(part.at, dimensions, part.measure, part.code, part.latency);
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

/// Where and when something of a segment happened that is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentContribution<'s> {
    pub at: UnixMs,
    pub connection: Option<ConnectionId>,
    pub measure: Measure,
    pub code: Option<&'s StatusCode>,
    pub latency: Option<LatencyBucket>,
}

/// What a segment's steps count for, in their order; `connection` holds where no INTENT names one.
pub fn segment_contributions<'s>(
    steps: &'s [Step],
    state: SegmentWord,
    connection: Option<ConnectionId>,
    mut emit: impl FnMut(SegmentContribution<'s>),
) {
    let mut connection = connection;
    for step in steps {
        let (measure, code) = match &step.what {
            StepKind::Intent { connection: to, .. } => {
                connection = Some(*to);
                continue;
            }
            StepKind::Submitted { .. } => (Measure::SegmentsSubmitted, None),
            StepKind::Rejected { code, .. } => (Measure::SegmentsRefused, Some(code)),
            StepKind::Uncertain { .. } => (Measure::SegmentsUncertain, None),
            StepKind::Returned | StepKind::Receipt { .. } => continue,
        };
        emit(SegmentContribution {
            at: step.at,
            connection,
            measure,
            code,
            latency: None,
        });
    }
    if let Some(decided) = decided_by_receipt(steps, state, connection) {
        emit(decided);
    }
}

/// What a segment's receipts count for together.
///
/// After a definite receipt no other one becomes a step (RCP-1): the last one is the one that decided. Without a receipt,
/// expired means that it was never written.
pub fn decided_by_receipt(
    steps: &[Step],
    state: SegmentWord,
    connection: Option<ConnectionId>,
) -> Option<SegmentContribution<'_>> {
    let measure = match state {
        SegmentWord::Delivered => Measure::SegmentsDelivered,
        SegmentWord::Failed | SegmentWord::Expired => Measure::SegmentsFailed,
        _ => return None,
    };
    let newest_first = || steps.iter().rev();
    let (at, status) = newest_first().find_map(|step| match &step.what {
        StepKind::Receipt { status, .. } => Some((step.at, status)),
        _ => None,
    })?;
    let submitted_at = newest_first()
        .find(|step| matches!(step.what, StepKind::Submitted { .. }))
        .map(|step| step.at)
        .filter(|_| measure == Measure::SegmentsDelivered);
    Some(SegmentContribution {
        at,
        connection: written_to(steps).or(connection),
        measure,
        code: Some(status),
        latency: submitted_at.map(|since| LatencyBucket::of(at.saturating_since(since))),
    })
}

/// The connection of the newest INTENT.
pub fn written_to(steps: &[Step]) -> Option<ConnectionId> {
    steps.iter().rev().find_map(|step| match step.what {
        StepKind::Intent { connection, .. } => Some(connection),
        _ => None,
    })
}
