use super::fact_place::FactPlace;
use carillon_domain::catalog::{CapPeriods, Carrier, Priority};
use carillon_domain::fact::{CarrierId, SegmentKey, StatusCode};
use carillon_domain::ids::{
    AccountId, BusinessTypeId, CampaignId, ConnectionId, MessageId, RouteGroupId, TenantId,
};
use carillon_domain::journey::{Step, StepKind};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::ChannelKind;
use carillon_domain::province::Province;
use carillon_domain::state::SegmentState;
use carillon_domain::time::UnixMs;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use thin_vec::ThinVec;

/// Where a row is. The generation tells a later tenant of the same place apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowRef {
    pub index: u32,
    pub generation: u16,
}

/// One segment of the row's attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SegmentRef {
    pub row: RowRef,
    pub segment: u8,
}

/// One write of a segment. An answer that belongs to an earlier write is known by the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WriteRef {
    pub at: SegmentRef,
    pub try_number: u8,
}

impl WriteRef {
    /// Packed for a carrier session, which gives it back with the answer.
    pub fn token(self) -> u64 {
        u64::from(self.at.row.index)
            | u64::from(self.at.row.generation) << 32
            | u64::from(self.at.segment) << 48
            | u64::from(self.try_number) << 56
    }

    pub fn from_token(token: u64) -> Self {
        WriteRef {
            at: SegmentRef {
                row: RowRef {
                    index: token as u32,
                    generation: (token >> 32) as u16,
                },
                segment: (token >> 48) as u8,
            },
            try_number: (token >> 56) as u8,
        }
    }
}

/// One attempt of an open message; most messages have one. What is needed only at the write or by a reader is packed in a
/// [`super::Body`], what concerns the message as a whole in that of its first attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub id: MessageId,
    /// `None` when only mail is sent.
    pub to: Option<PhoneNumber>,
    pub valid_until: UnixMs,
    pub tenant: TenantId,
    pub account: AccountId,
    pub business_type: BusinessTypeId,
    pub group: RouteGroupId,
    /// Set by the first INTENT; the segments of a message stay on one connection once one of them was written.
    pub connection: Option<ConnectionId>,
    pub concatenation: u16,
    pub priority: Priority,
    pub kind: ChannelKind,
    /// Index in the plan.
    pub attempt: u8,
    pub segment_count: u8,
    /// An INTENT was recorded at some time; the quota taken is not given back then.
    pub intended: bool,
    pub campaign: Option<CampaignId>,
    /// There is a [`super::Plan`] of its message.
    pub in_plan: bool,
    /// The message has a moment before which it does not go, or its person has a window.
    pub timed: bool,
    /// The periods in which the message counts for its person (SEND-5).
    pub counted: CapPeriods,
    /// Where the number belonged when the message was accepted; it is counted by them.
    pub carrier: Carrier,
    pub province: Province,
    /// Empty until the first INTENT, then `segment_count` long.
    pub segments: ThinVec<Segment>,
    /// The fact in which the message stands, for its body.
    pub place: FactPlace,
    /// The packed body; empty when it is not in memory. Read it by [`super::Columns::body`].
    #[serde(skip)]
    pub(super) body: Box<[u8]>,
}

/// What is known of one segment after its first INTENT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    pub state: SegmentState,
    pub try_number: u8,
    pub session: u8,
    pub epoch: u32,
    pub carrier_id: Option<CarrierId>,
    pub code: Option<StatusCode>,
    pub steps: Vec<Step>,
}

impl Default for Segment {
    fn default() -> Self {
        Segment {
            state: SegmentState::Waiting,
            try_number: 0,
            session: 0,
            epoch: 0,
            carrier_id: None,
            code: None,
            steps: Vec::new(),
        }
    }
}

/// Receipts that move nothing, one after the other, that are kept in a segment's steps.
const PENDING_STEPS_MAX: usize = 8;

impl Segment {
    /// Takes back the newest step when there are enough like it: a carrier may send receipts that move nothing without end.
    pub(super) fn bound_pending_steps(&mut self) {
        let receipts = self
            .steps
            .iter()
            .rev()
            .take_while(|step| matches!(step.what, StepKind::Receipt { .. }));
        if receipts.count() > PENDING_STEPS_MAX {
            self.steps.pop();
        }
    }
}

impl Row {
    pub fn key(&self, segment: u8) -> SegmentKey {
        SegmentKey {
            message: self.id,
            attempt: self.attempt,
            segment,
        }
    }

    /// The states of all its segments, in order.
    pub fn states(&self) -> SmallVec<[SegmentState; 8]> {
        (0..self.segment_count)
            .map(|segment| self.state_of(segment))
            .collect()
    }

    pub fn state_of(&self, segment: u8) -> SegmentState {
        self.segments
            .get(usize::from(segment))
            .map_or(SegmentState::Waiting, |s| s.state)
    }

    /// No segment of it is, or may be, with a carrier: it may leave by any connection.
    pub fn is_unwritten(&self) -> bool {
        self.segments
            .iter()
            .all(|segment| segment.state == SegmentState::Waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_whole() {
        for (index, generation, segment, try_number) in
            [(0, 0, 0, 0), (u32::MAX, u16::MAX, 255, 255), (7, 65_000, 19, 2)]
        {
            let write = WriteRef {
                at: SegmentRef {
                    row: RowRef { index, generation },
                    segment,
                },
                try_number,
            };
            assert_eq!(WriteRef::from_token(write.token()), write);
        }
    }
}
