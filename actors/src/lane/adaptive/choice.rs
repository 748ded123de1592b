//! What the lane does with what it measures.

use super::quality::Outcome;
use super::ranking::{Candidate, Place};
use crate::columns::SegmentRef;
use crate::lane::LaneCore;
use crate::lane::link::Link;
use carillon_domain::catalog::{RouteGroup, Strategy};
use carillon_domain::ids::{AccountId, ConnectionId};
use carillon_domain::journey::StepKind;
use carillon_domain::time::Now;
use std::time::Duration;

impl LaneCore {
    /// Takes in what became of a segment, where somebody wants to know.
    pub(in crate::lane) fn note_outcome(&mut self, connection: ConnectionId, outcome: Outcome, now: Now) {
        let link = self.links.get_mut(&connection);
        if let Some(quality) = link.and_then(|link| link.quality.as_mut()) {
            quality.note(outcome, now.monotonic);
        }
    }

    /// How long ago the segment was last to be written; looked up only where somebody wants to know.
    pub(in crate::lane) fn since_intent(
        &self,
        id: ConnectionId,
        at: SegmentRef,
        now: Now,
    ) -> Option<Duration> {
        self.since(id, at, now, |step| matches!(step, StepKind::Intent { .. }))
    }

    /// How long ago the carrier took the segment; looked up only where somebody wants to know.
    pub(in crate::lane) fn since_submitted(
        &self,
        id: ConnectionId,
        at: SegmentRef,
        now: Now,
    ) -> Option<Duration> {
        self.since(id, at, now, |step| matches!(step, StepKind::Submitted { .. }))
    }

    fn since(
        &self,
        id: ConnectionId,
        at: SegmentRef,
        now: Now,
        is_it: impl Fn(&StepKind) -> bool,
    ) -> Option<Duration> {
        self.links.get(&id)?.quality?;
        let steps = &self
            .columns
            .row(at.row)?
            .segments
            .get(usize::from(at.segment))?
            .steps;
        let started = steps.iter().rev().find(|step| is_it(&step.what))?.at;
        Some(now.unix.saturating_since(started))
    }

    /// Looks at how the members of the adaptive groups of a connection do.
    pub(in crate::lane) fn review_rankings(&mut self, connection: ConnectionId, now: Now) {
        let Some(link) = self.links.get(&connection).filter(|link| link.quality.is_some()) else {
            return;
        };
        let catalog = self.catalog.clone();
        for id in link.groups.clone() {
            let Some(group) = catalog
                .snapshot()
                .route_groups
                .get(&id)
                .filter(|group| is_adaptive(group))
            else {
                continue;
            };
            let candidate = |connection: ConnectionId| {
                let link = self.links.get(&connection).filter(|link| link.able)?;
                let figures = link.quality.as_ref()?.figures(now.monotonic);
                Some(Candidate {
                    connection,
                    score: figures.score,
                    evidence: figures.evidence,
                })
            };
            let members = group.members.iter().map(|member| member.connection);
            let candidates: Vec<Candidate> = members.filter_map(candidate).collect();
            let ranking = self.rankings.entry(id).or_default();
            for (connection, preferred) in ranking.review(&candidates, now.monotonic) {
                self.counters.route_switches.add(1);
                tracing::info!(group = %group.name, %connection, preferred, "a member of an adaptive group changed its place");
            }
        }
    }

    /// A connection with room found nothing to take.
    pub(in crate::lane) fn ran_out(&mut self, connection: ConnectionId) {
        let Some(link) = self.links.get(&connection).filter(|link| link.quality.is_some()) else {
            return;
        };
        for group in &link.groups {
            if let Some(ranking) = self.rankings.get_mut(group) {
                ranking.ran_out(connection);
            }
        }
    }

    /// The member of an adaptive group that takes before this one: a better one, also while it has no room; one that is tried;
    /// among equals the less busy.
    pub(in crate::lane) fn goes_first_by_quality(
        &self,
        connection: ConnectionId,
        group: &RouteGroup,
        account: AccountId,
    ) -> Option<ConnectionId> {
        let others = || {
            let others = group.members.iter().map(|member| member.connection);
            others.filter(|id| *id != connection && self.is_granted(account, *id))
        };
        let has = |id: ConnectionId, what: fn(&Link) -> bool| self.links.get(&id).is_some_and(what);
        let first = others().find(|id| has(*id, Link::has_credit) && self.precedes(group, *id, connection));
        let waits = self.place_in(group, connection) == Place::Reserve && !self.reserve_helps(group);
        first.or_else(|| {
            let preferred = |id: &ConnectionId| self.place_in(group, *id) == Place::Preferred;
            others().find(|id| waits && has(*id, |link| link.able) && preferred(id))
        })
    }

    /// Whether one member of an adaptive group, when it has room, takes before another.
    pub(in crate::lane) fn precedes(
        &self,
        group: &RouteGroup,
        one: ConnectionId,
        other: ConnectionId,
    ) -> bool {
        match (self.place_in(group, one), self.place_in(group, other)) {
            (Place::Tried, Place::Tried) => false,
            (Place::Tried, _) => true,
            (_, Place::Tried) | (Place::Reserve, Place::Preferred) => false,
            (Place::Preferred, Place::Reserve) => true,
            (Place::Preferred, Place::Preferred) | (Place::Reserve, Place::Reserve) => {
                self.is_busier(other, one)
            }
        }
    }

    pub(in crate::lane) fn place_in(&self, group: &RouteGroup, connection: ConnectionId) -> Place {
        self.rankings
            .get(&group.id)
            .map_or(Place::Preferred, |ranking| ranking.place(connection))
    }

    fn reserve_helps(&self, group: &RouteGroup) -> bool {
        self.rankings
            .get(&group.id)
            .is_some_and(|ranking| ranking.reserve_helps())
    }
}

pub(in crate::lane) fn is_adaptive(group: &RouteGroup) -> bool {
    group.strategy == Strategy::Adaptive
}
