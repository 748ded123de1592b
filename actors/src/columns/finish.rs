//! The end of a message: its rows leave, and what is still owed for them is remembered.

use super::apply::{Applied, Ended};
use super::body::Body;
use super::journey::journey_of;
use super::quota::quota_segments;
use super::recent::{Amendable, NamedSegment};
use super::row::{Row, RowRef, SegmentRef};
use super::{Columns, Plan};
use carillon_domain::fact::{FinalState, Finished};
use carillon_domain::journey::MessageState;
use carillon_domain::quota::day_utc8;
use carillon_domain::state::SegmentEvent;
use carillon_domain::tally::Measure;
use carillon_domain::time::UnixMs;
use smallvec::SmallVec;

impl Columns {
    pub(super) fn finish(&mut self, finished: &Finished) -> Applied {
        let Some(index) = self.unindex_message(finished.message) else {
            return Applied::Idle;
        };
        self.open_seconds.leave(finished.message);
        let head = self.rows.reference(index);
        let in_plan = self.rows.at(index).in_plan;
        let plan = if in_plan {
            self.plans.remove(&finished.message)
        } else {
            None
        };
        let mut owed = Vec::new();
        let mut rows: SmallVec<[Row; 1]> = SmallVec::new();
        rows.push(self.close(head, finished.state, &mut owed));
        for at in plan.iter().flat_map(Plan::rows).skip(1) {
            rows.push(self.close(at, finished.state, &mut owed));
        }
        for row in rows.iter().filter(|row| !row.intended) {
            self.quotas.give_back(
                row.account,
                day_utc8(started_at(row, plan.as_ref())),
                quota_segments(row.kind, row.segment_count),
            );
        }
        // Of a message that failed as well: what is still owed for it must not be taken for another one's (UNC-1).
        if !owed.is_empty() {
            let entry = Amendable {
                message: finished.message,
                dimensions: rows[0].dimensions(),
                to: rows[0].to,
                reference: finished.reference.clone(),
                state: finished.state,
                attempts: rows.iter().map(|row| row.states().to_vec()).collect(),
                campaign: rows[0].campaign,
            };
            self.amendable.insert(entry, owed, self.limits.amendable_max);
        }
        let was_written = rows.iter().any(|row| row.intended);
        if !was_written {
            self.give_cap_back(&rows[0]);
        }
        self.leave_times(&rows[0]);
        self.standing(rows[0].tenant).open -= 1;
        let ended = Measure::ended(finished.state);
        self.tally.count(finished.at, rows[0].dimensions(), ended, 1);
        self.campaigns
            .ended(rows[0].campaign, finished.state, was_written);
        if self.journeys_stored {
            return Applied::Done;
        }
        let body = self.body(&rows[0]);
        let rows: SmallVec<[&Row; 1]> = rows.iter().collect();
        let mut journey = journey_of(&rows, plan.as_ref(), Body::unpack(&body));
        journey.state = MessageState::Final(finished.state);
        journey.cause = finished.cause.clone();
        journey.final_at = Some(finished.at);
        Applied::Ended(Box::new(Ended { journey }))
    }

    /// Takes the row of one attempt out. What receipts are still owed for is added to `owed`.
    fn close(&mut self, at: RowRef, end: FinalState, owed: &mut Vec<NamedSegment>) -> Row {
        self.deadlines.disarm(at.index);
        let mut row = self.rows.remove(at).expect("an indexed row is in the slab");
        if !row.intended {
            self.body_waits_no_more(row.body.len());
        }
        if end == FinalState::Expired {
            for index in 0..row.segments.len() {
                if let Ok(expired) = row.segments[index].state.next(SegmentEvent::Deadline) {
                    row.segments[index].state = expired;
                    self.tally.decided(&row, &row.segments[index], None);
                }
            }
        }
        for (number, segment) in (0u8..).zip(&row.segments) {
            let place = SegmentRef {
                row: at,
                segment: number,
            };
            self.leave_indexes(&row, place, segment.state);
            let (Some(connection), Some(id)) = (row.connection, segment.carrier_id.clone()) else {
                continue;
            };
            if !segment.state.is_final() {
                owed.push((connection, id.clone(), row.key(number)));
                self.by_carrier.remove(&(connection, id));
            }
        }
        row
    }
}

/// When the row's segments were charged.
fn started_at(row: &Row, plan: Option<&Plan>) -> UnixMs {
    plan.and_then(|plan| plan.started.get(usize::from(row.attempt)))
        .and_then(|attempt| attempt.fallback.as_ref())
        .map_or(UnixMs(row.id.unix_ms()), |(_, at)| *at)
}
