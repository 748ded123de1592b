//! Moves single segments and keeps the indexes true to them.

use super::Columns;
use super::row::{Row, RowRef, Segment, SegmentRef};
use carillon_domain::fact::{ReceiptOutcome, SegmentKey};
use carillon_domain::ids::{ConnectionId, TenantId};
use carillon_domain::journey::{Step, StepKind};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::state::{SegmentEvent, SegmentState};
use carillon_domain::tally::Measure;
use carillon_domain::time::UnixMs;

impl Columns {
    pub(super) fn step(
        &mut self,
        key: SegmentKey,
        event: SegmentEvent,
        at: UnixMs,
        what: StepKind,
    ) -> Option<SegmentRef> {
        self.step_from(key, event, at, what, |_| ())
    }

    /// Moves one segment on and keeps the indexes true; `None` when the event does not fit. `prepare` runs before the
    /// indexes are entered.
    pub(super) fn step_from(
        &mut self,
        key: SegmentKey,
        event: SegmentEvent,
        at: UnixMs,
        what: StepKind,
        prepare: impl FnOnce(&mut Row),
    ) -> Option<SegmentRef> {
        let place = self.attempt(key.message, key.attempt)?;
        let row = self.rows.get_mut(place)?;
        if key.segment >= row.segment_count {
            return None;
        }
        let before = row.state_of(key.segment);
        let after = before.next(event).ok()?;
        let left = row.connection.unwrap_or_default();
        let is_receipt = matches!(event, SegmentEvent::Receipt(_));
        let measure = match event {
            SegmentEvent::Submitted => Some(Measure::SegmentsSubmitted),
            SegmentEvent::Rejected(_) => Some(Measure::SegmentsRefused),
            SegmentEvent::Uncertain => Some(Measure::SegmentsUncertain),
            _ => None,
        };
        prepare(row);
        if row.segments.is_empty() {
            let none = std::iter::repeat_with(Segment::default);
            row.segments = none.take(usize::from(row.segment_count)).collect();
        }
        let segment = &mut row.segments[usize::from(key.segment)];
        let decided = if is_receipt {
            segment.decided_so_far(row.connection)
        } else {
            None
        };
        segment.state = after;
        segment.steps.push(Step { at, what });
        if event == SegmentEvent::Receipt(ReceiptOutcome::Pending) {
            segment.bound_pending_steps();
        }
        let segment = &row.segments[usize::from(key.segment)];
        if is_receipt {
            self.tally.decided(row, segment, decided);
        } else if let Some(measure) = measure {
            self.tally.step(row, segment, at, measure);
        }
        let (tenant, connection, to) = (row.tenant, row.connection.unwrap_or_default(), row.to);
        let reference = SegmentRef {
            row: place,
            segment: key.segment,
        };
        if before != after {
            self.leave_index(tenant, left, to, reference, before);
            self.enter_index(tenant, connection, to, reference, after);
        }
        Some(reference)
    }

    fn enter_index(
        &mut self,
        tenant: TenantId,
        connection: ConnectionId,
        to: Option<PhoneNumber>,
        segment: SegmentRef,
        state: SegmentState,
    ) {
        if state == SegmentState::Uncertain {
            self.standing(tenant).uncertain += 1;
        }
        // Only receipts of phone channels name a number instead of our own id.
        let Some(to) = to else { return };
        match state {
            SegmentState::Intent => *self.open_requests.entry((connection, to)).or_default() += 1,
            SegmentState::Uncertain => self.uncertain.entry((connection, to)).or_default().push(segment),
            _ => {}
        }
    }

    fn leave_index(
        &mut self,
        tenant: TenantId,
        connection: ConnectionId,
        to: Option<PhoneNumber>,
        segment: SegmentRef,
        state: SegmentState,
    ) {
        if state == SegmentState::Uncertain {
            let standing = self.standing(tenant);
            standing.uncertain = standing.uncertain.saturating_sub(1);
        }
        // Only receipts of phone channels name a number instead of our own id.
        let Some(to) = to else { return };
        match state {
            SegmentState::Intent => {
                if let Some(count) = self.open_requests.get_mut(&(connection, to)) {
                    *count -= 1;
                    if *count == 0 {
                        self.open_requests.remove(&(connection, to));
                    }
                }
            }
            SegmentState::Uncertain => {
                if let Some(list) = self.uncertain.get_mut(&(connection, to)) {
                    list.retain(|other| *other != segment);
                    if list.is_empty() {
                        self.uncertain.remove(&(connection, to));
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn leave_indexes(&mut self, row: &Row, segment: SegmentRef, state: SegmentState) {
        let connection = row.connection.unwrap_or_default();
        self.leave_index(row.tenant, connection, row.to, segment, state);
    }

    /// Puts a restored row back into every index it belongs to.
    pub(super) fn index_restored(&mut self, at: RowRef) {
        let Some(row) = self.rows.get(at) else { return };
        let (id, to, connection, valid_until) = (row.id, row.to, row.connection, row.valid_until);
        let (attempt, in_plan, tenant) = (row.attempt, row.in_plan, row.tenant);
        let segments: Vec<_> = row
            .segments
            .iter()
            .map(|s| (s.state, s.carrier_id.clone()))
            .collect();
        if attempt == 0 {
            self.standing(tenant).open += 1;
            self.index_message(at.index);
            self.open_seconds.enter(id);
        }
        let plan = self.plans.get_mut(&id).filter(|_| in_plan);
        if let Some(started) = plan.and_then(|plan| plan.started.get_mut(usize::from(attempt))) {
            started.row = Some(at);
        }
        self.deadlines.arm(at.index, valid_until);
        let Some(connection) = connection else { return };
        for (number, (state, carrier_id)) in segments.into_iter().enumerate() {
            let segment = SegmentRef {
                row: at,
                segment: number as u8,
            };
            self.enter_index(tenant, connection, to, segment, state);
            if let Some(carrier_id) = carrier_id.filter(|_| !state.is_final()) {
                self.by_carrier.insert((connection, carrier_id), segment);
            }
        }
    }

    pub(super) fn segment_mut(&mut self, at: SegmentRef) -> &mut Segment {
        let row = self
            .rows
            .get_mut(at.row)
            .expect("the row of a segment that was just moved");
        &mut row.segments[usize::from(at.segment)]
    }

    pub(super) fn connection_of(&self, at: RowRef) -> ConnectionId {
        self.rows
            .get(at)
            .and_then(|row| row.connection)
            .unwrap_or_default()
    }

    /// An attempt none of whose segments is with a carrier may leave by any connection.
    pub(super) fn release_when_unwritten(&mut self, at: RowRef) {
        if let Some(row) = self.rows.get_mut(at)
            && row.is_unwritten()
        {
            row.connection = None;
        }
    }
}
