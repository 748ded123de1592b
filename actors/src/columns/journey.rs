//! A message as a reader sees it.

use super::body::Body;
use super::row::{Row, Segment};
use super::{Columns, Plan};
use carillon_domain::content::Content;
use carillon_domain::ids::ConnectionId;
use carillon_domain::journey::{
    AttemptJourney, AttemptStart, Journey, MessageState, SegmentJourney, SegmentWord,
};
use carillon_domain::plan::{ChannelKind, Condition};
use smallvec::SmallVec;

impl Columns {
    /// Everything that is known of an open message, by the row of its first attempt.
    pub fn journey(&self, head: &Row) -> Journey {
        let plan = self.plan(head);
        let mut rows: SmallVec<[&Row; 1]> = SmallVec::new();
        rows.push(head);
        let later = plan.iter().flat_map(|plan| plan.rows()).skip(1);
        rows.extend(later.filter_map(|at| self.rows.get(at)));
        journey_of(&rows, plan, Body::unpack(&self.body(head)))
    }

    /// The state of an open message, by the row of its first attempt.
    pub fn state_of(&self, head: &Row) -> MessageState {
        let later = self.plan(head).into_iter().flat_map(Plan::rows).skip(1);
        let mut later = later.filter_map(|at| self.rows.get(at));
        state_of(head.intended || later.any(|row| row.intended))
    }
}

fn state_of(intended: bool) -> MessageState {
    if intended {
        MessageState::Active
    } else {
        MessageState::Accepted
    }
}

/// The journey of a message by the rows of its attempts that have started, in their order, and the body of the first.
pub(super) fn journey_of(rows: &[&Row], plan: Option<&Plan>, body: Body<'_>) -> Journey {
    let head = rows[0];
    let attempt = |index: usize, kind: ChannelKind, content: Content, when: Option<Condition>| {
        let row = rows.get(index);
        AttemptJourney {
            kind,
            content,
            when,
            start: row.map_or(AttemptStart::NotYet, |_| start_of(index, plan)),
            segments: row.map_or_else(Vec::new, |row| row.segment_journeys()),
        }
    };
    let mut attempts = Vec::with_capacity(1 + body.later.len());
    attempts.push(attempt(0, head.kind, body.content.into_owned(), None));
    let later = body.later.into_iter().enumerate();
    attempts.extend(later.map(|(index, later)| attempt(index + 1, later.kind, later.content, later.when)));
    Journey {
        message: head.id,
        tenant: head.tenant,
        account: head.account,
        business_type: head.business_type,
        to: head.to,
        reference: body.reference.map(Into::into),
        state: state_of(rows.iter().any(|row| row.intended)),
        cause: None,
        final_at: None,
        campaign: body.campaign,
        read_at: plan.and_then(|plan| plan.read_at),
        waiting: None,
        attempts,
    }
}

fn start_of(index: usize, plan: Option<&Plan>) -> AttemptStart {
    let started = plan.and_then(|plan| plan.started.get(index));
    match started.and_then(|started| started.fallback.clone()) {
        Some((reason, at)) => AttemptStart::Fallback { reason, at },
        None => AttemptStart::AtOnce,
    }
}

impl Row {
    fn segment_journeys(&self) -> Vec<SegmentJourney> {
        let waiting = || SegmentJourney {
            state: SegmentWord::Waiting,
            connection: None,
            carrier_id: None,
            code: None,
            steps: Vec::new(),
        };
        if self.segments.is_empty() {
            return (0..self.segment_count).map(|_| waiting()).collect();
        }
        self.segments
            .iter()
            .map(|segment| segment.journey(self.connection))
            .collect()
    }
}

impl Segment {
    fn journey(&self, connection: Option<ConnectionId>) -> SegmentJourney {
        SegmentJourney {
            state: self.state.into(),
            connection,
            carrier_id: self.carrier_id.clone(),
            code: self.code.clone(),
            steps: self.steps.clone(),
        }
    }
}
