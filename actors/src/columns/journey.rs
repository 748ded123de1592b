//! A row as a reader sees it.

use super::body::Body;
use super::row::{Row, Segment};
use carillon_domain::ids::ConnectionId;
use carillon_domain::journey::{
    AttemptJourney, AttemptStart, Journey, MessageState, SegmentJourney, SegmentWord,
};

impl Row {
    /// Everything that is known of an open message.
    pub fn journey(&self) -> Journey {
        let body = Body::unpack(&self.body);
        let waiting = || SegmentJourney {
            state: SegmentWord::Waiting,
            connection: None,
            carrier_id: None,
            code: None,
            steps: Vec::new(),
        };
        let segments = if self.segments.is_empty() {
            (0..self.segment_count).map(|_| waiting()).collect()
        } else {
            self.segments
                .iter()
                .map(|segment| segment.journey(self.connection))
                .collect()
        };
        let campaign = body.campaign;
        let mut attempts = vec![AttemptJourney {
            kind: self.kind,
            content: body.content.into_owned(),
            when: None,
            start: AttemptStart::AtOnce,
            segments,
        }];
        attempts.extend(body.later.into_iter().map(|later| AttemptJourney {
            kind: later.kind,
            content: later.content,
            when: later.when,
            start: AttemptStart::NotYet,
            segments: Vec::new(),
        }));
        Journey {
            message: self.id,
            tenant: self.tenant,
            account: self.account,
            business_type: self.business_type,
            to: self.to,
            reference: body.reference.map(Into::into),
            state: if self.intended {
                MessageState::Active
            } else {
                MessageState::Accepted
            },
            cause: None,
            final_at: None,
            campaign,
            read_at: None,
            attempts,
        }
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
