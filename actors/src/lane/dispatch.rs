use super::core::LaneCore;
use super::link::{Link, Load};
use crate::columns::{Row, RowRef, SegmentRef, WriteRef};
use crate::tenant::{Claim, Source, Taken, TenantQueues, Turns};
use carillon_domain::catalog::{RouteGroup, Strategy, UncertainPolicy};
use carillon_domain::fact::{Fact, FinalState, Intent, IntentReason};
use carillon_domain::ids::{AccountId, ConnectionId, RouteGroupId, TenantId};
use carillon_domain::journey::{Step, StepKind};
use carillon_domain::state::SegmentState;
use carillon_domain::time::Now;

/// How far, in messages per weight, a member of a weighted group may be ahead of the one furthest behind.
const AHEAD_MAX: f64 = 4.0;

/// How much fuller, as a part of its windows, a member of a least-busy group may be than the one with the most room. More
/// than nothing, so that members take some messages in one go instead of one in turn.
const BUSIER_MAX: f64 = 0.125;

/// Messages that one pull takes out of the queues although they may not be written: their window has closed, or they have
/// expired.
const ASIDE_MAX: usize = 1_000;

/// How often a segment is written again because its outcome is unknown (`ResendOnce`).
const RESENDS_MAX: usize = 1;

impl LaneCore {
    pub fn link(&self, connection: ConnectionId) -> Option<&Link> {
        self.links.get(&connection)
    }

    pub fn link_mut(&mut self, connection: ConnectionId) -> Option<&mut Link> {
        self.links.get_mut(&connection)
    }

    /// Tells what a connection could take now. Others that serve the same groups are woken when that changes who may pull.
    pub fn set_link(&mut self, connection: ConnectionId, able: bool, credit: u32) {
        let Some(link) = self.links.get_mut(&connection) else {
            return;
        };
        let changed = link.able != able || (link.credit == 0) != (credit == 0);
        let came_back = able && !link.able;
        (link.able, link.credit) = (able, credit);
        if came_back {
            self.catch_up(connection);
        }
        if changed {
            self.poke_partners(connection);
        }
    }

    /// Tells how full a connection's windows are; by that it gets its share in least-busy groups.
    pub fn set_load(&mut self, connection: ConnectionId, load: Load) {
        if let Some(link) = self.links.get_mut(&connection) {
            link.load = load;
        }
    }

    /// Segments that this connection should write next, at most `max`: first what must go by it, then messages from the
    /// queues it serves, organisations in weighted turn (FAIR-1).
    pub fn pull(&mut self, connection: ConnectionId, max: usize, now: Now) -> Vec<SegmentRef> {
        let mut pulled = Vec::with_capacity(max.min(64));
        if !self.disk_has_room_to_submit() {
            return pulled;
        }
        self.review_rankings(connection, now);
        while pulled.len() < max {
            if let Some(segment) = self
                .links
                .get_mut(&connection)
                .and_then(|link| link.outbox.pop_front())
            {
                if !self.may_write(segment, connection, now) {
                    continue;
                }
                if self.has_body(segment.row, connection) {
                    pulled.push(segment);
                    continue;
                }
                let link = self.links.get_mut(&connection).expect("it just pulled");
                link.outbox.push_front(segment);
                break;
            }
            let pulls = self
                .links
                .get(&connection)
                .is_some_and(|link| link.wanted.pulls());
            let Some(row) = pulls.then(|| self.take_message(connection, now)).flatten() else {
                break;
            };
            let segments = self.columns.row(row).map_or(0, |row| row.segment_count);
            let link = self.links.get_mut(&connection).expect("it just pulled");
            link.outbox
                .extend((0..segments).map(|segment| SegmentRef { row, segment }));
        }
        pulled
    }

    /// Records the INTENT of one pulled segment; `None` when it is no longer to be written.
    pub fn intend(
        &mut self,
        segment: SegmentRef,
        connection: ConnectionId,
        session: u8,
        epoch: u32,
        concatenation: u16,
        now: Now,
    ) -> Option<WriteRef> {
        let row = self.columns.row(segment.row)?;
        // The same segment may have been pulled twice: from an outbox and with its whole message.
        if !self.is_writable(row, segment.segment, connection) {
            return None;
        }
        let stored = row.segments.get(usize::from(segment.segment));
        let write = WriteRef {
            at: segment,
            try_number: stored.map_or(0, |s| s.try_number).saturating_add(1),
        };
        let intent = Intent {
            segment: row.key(segment.segment),
            try_number: write.try_number,
            connection,
            session,
            epoch,
            concatenation: if row.segment_count > 1 { concatenation } else { 0 },
            reason: self.reason(row, segment, connection),
            at: now.unix,
        };
        self.record(Fact::Intent(intent));
        self.counters.segments_intended.add(1);
        Some(write)
    }

    pub(super) fn make_links(&mut self) {
        let catalog = self.catalog.clone();
        for (id, connection) in &catalog.snapshot().connections {
            self.links.insert(*id, Link::new(connection.clone()));
        }
        self.join_groups();
    }

    /// Tells everybody who may send for a group that an organisation has something waiting for it.
    pub(super) fn announce(&mut self, group: RouteGroupId, tenant: TenantId) {
        let catalog = self.catalog.clone();
        let Some(group) = catalog.snapshot().route_groups.get(&group) else {
            return;
        };
        for member in &group.members {
            if let Some(link) = self.links.get_mut(&member.connection) {
                link.turns.join(tenant);
            }
            self.poke(member.connection);
        }
    }

    pub(super) fn poke(&mut self, connection: ConnectionId) {
        if self
            .links
            .get(&connection)
            .is_some_and(|link| link.able && !link.mail.poked)
        {
            self.post(connection, |mail| mail.poked = true);
        }
    }

    /// A segment goes back to where it can be sent from: any connection while nothing of its message is written, else the
    /// one that has the rest.
    pub(super) fn requeue(&mut self, segment: SegmentRef) {
        let Some(row) = self.columns.row(segment.row) else {
            return;
        };
        if !self.is_wanted(row) {
            return;
        }
        let resend = row.state_of(segment.segment) == SegmentState::Uncertain;
        if row.is_unwritten() || (resend && row.segment_count == 1) {
            // Its other segments may stand in an outbox as well; who comes second finds nothing left to write.
            self.enqueue(segment.row, true);
        } else if let Some(connection) = row.connection
            && let Some(link) = self.links.get_mut(&connection)
        {
            link.outbox.push_back(segment);
            self.post(connection, |mail| mail.poked = true);
        }
    }

    /// Whether the segment may be written now. What is past its validity ends here.
    fn may_write(&mut self, segment: SegmentRef, connection: ConnectionId, now: Now) -> bool {
        let Some(row) = self.columns.row(segment.row) else {
            return false;
        };
        if !self.is_writable(row, segment.segment, connection) {
            return false;
        }
        if now.unix >= row.valid_until {
            if row.is_unwritten() {
                self.expire(segment.row, now);
            }
            return false;
        }
        // Tried too early it would only be refused again.
        if let Some(retry_at) = self.retry_at(row).filter(|retry_at| now.unix < *retry_at) {
            let look_at = retry_at.min(row.valid_until);
            self.columns.arm(segment.row, look_at);
            return false;
        }
        // Left in the outbox when the rest of it came back unwritten.
        if let Some(waiting) = self.not_yet(row, now) {
            self.put_aside.push(segment.row, waiting.until);
            return false;
        }
        true
    }

    /// Ends an attempt of which nothing was written within the validity.
    fn expire(&mut self, at: RowRef, now: Now) {
        match self.columns.row(at) {
            Some(row) if row.in_plan => self.settle_plan(row.id, now),
            Some(_) => self.finish(at, FinalState::Expired, Some("validity".into()), now),
            None => {}
        }
    }

    fn is_writable(&self, row: &Row, segment: u8, connection: ConnectionId) -> bool {
        if !self.is_wanted(row) {
            return false;
        }
        let begun_elsewhere = row.connection.is_some_and(|begun_on| begun_on != connection);
        match row.state_of(segment) {
            SegmentState::Waiting => !begun_elsewhere,
            // The segments of a long message stay together; a single one may be re-sent by any connection.
            SegmentState::Uncertain => {
                (!begun_elsewhere || row.segment_count == 1) && self.may_resend(row, segment)
            }
            _ => false,
        }
    }

    /// Whether policy writes a segment of unknown outcome once more (UNC-1).
    pub(super) fn may_resend(&self, row: &Row, segment: u8) -> bool {
        let policy = self
            .catalog
            .business_type(row.business_type)
            .map(|kind| kind.uncertain);
        policy == Some(UncertainPolicy::ResendOnce)
            && row.segments.get(usize::from(segment)).is_some_and(|stored| {
                let unknown = |step: &&Step| matches!(step.what, StepKind::Uncertain { .. });
                // A receipt, even one that decides nothing, says that the carrier has it.
                stored.carrier_id.is_none() && stored.steps.iter().filter(unknown).count() <= RESENDS_MAX
            })
    }

    fn take_message(&mut self, connection: ConnectionId, now: Now) -> Option<RowRef> {
        // Out of the link while the rest of the lane is looked at.
        let mut turns = std::mem::take(&mut self.links.get_mut(&connection)?.turns);
        let taken = self.take_in_turn(connection, &mut turns, now);
        self.links.get_mut(&connection)?.turns = turns;
        taken
    }

    fn take_in_turn(&mut self, connection: ConnectionId, turns: &mut Turns, now: Now) -> Option<RowRef> {
        let catalog = self.catalog.clone();
        let snapshot = catalog.snapshot();
        let groups = self.links.get(&connection)?.groups.clone();
        let mut aside = 0;
        loop {
            if aside == ASIDE_MAX {
                // Others get their turn before it goes on.
                self.poke(connection);
                return None;
            }
            let lane = &*self;
            let waiting = |queues: &TenantQueues| {
                groups
                    .iter()
                    .map(|group| &snapshot.route_groups[group])
                    .find(|group| queues.has(group.id, |source| lane.may_pull(connection, group, source)))
            };
            let claim = |tenant| {
                let Some(queues) = lane.tenants.get(&tenant) else {
                    return Claim::Nothing;
                };
                if waiting(queues).is_some() {
                    let organisation = snapshot.organisations.get(&tenant);
                    return Claim::Now {
                        weight: organisation.map_or(1, |organisation| organisation.weight),
                    };
                }
                if groups.iter().any(|group| queues.has(*group, |_| true)) {
                    Claim::Later
                } else {
                    Claim::Nothing
                }
            };
            let Some(tenant) = turns.next(claim) else {
                if turns.is_empty() {
                    self.ran_out(connection);
                } else {
                    self.poke_those_behind(connection);
                }
                return None;
            };
            let group = waiting(lane.tenants.get(&tenant)?)?;
            // Out of the lane while the lane is asked who may take.
            let mut queues = std::mem::take(self.tenants.get_mut(&tenant)?);
            let taken = queues.take(group.id, |source| self.may_pull(connection, group, source));
            *self.tenants.get_mut(&tenant)? = queues;
            let Some(Taken { row: at, ahead }) = taken else {
                continue;
            };
            if let Some(ahead) = ahead {
                self.read_ahead(ahead);
            }
            let Some(row) = self.columns.row(at) else { continue };
            let segments = u32::from(row.segment_count);
            if now.unix >= row.valid_until && row.is_unwritten() {
                self.expire(at, now);
                self.commit_when_large();
                aside += 1;
                continue;
            }
            if let Some(waiting) = self.not_yet(row, now) {
                self.put_aside.push(at, waiting.until);
                aside += 1;
                continue;
            }
            if !self.has_body(at, connection) {
                self.put_back(at);
                return None;
            }
            turns.charge(tenant, segments);
            self.count_served(connection, group, segments, now);
            return Some(at);
        }
    }

    /// Whether the group lets this member take a message of this account now. Members that the account is not granted
    /// do not count (SEND-10).
    fn may_pull(&self, connection: ConnectionId, group: &RouteGroup, source: Source) -> bool {
        if !self.columns.campaigns().may_write(source.campaign) {
            return false;
        }
        let account = source.account;
        self.is_granted(account, connection) && self.goes_first(connection, group, account).is_none()
    }

    /// The member that the group's strategy lets take before this one.
    pub(super) fn goes_first(
        &self,
        connection: ConnectionId,
        group: &RouteGroup,
        account: AccountId,
    ) -> Option<ConnectionId> {
        let granted_link = |id: ConnectionId| self.links.get(&id).filter(|_| self.is_granted(account, id));
        let mut members = group.members.iter().map(|member| member.connection);
        let has_credit =
            |id: &ConnectionId| *id != connection && granted_link(*id).is_some_and(Link::has_credit);
        match group.strategy {
            Strategy::PrimaryBackup => members
                .take_while(|id| *id != connection)
                .find(|id| granted_link(*id).is_some_and(|link| link.able)),
            Strategy::Weighted => {
                let reach = self.reach(group, connection);
                members.find(|id| has_credit(id) && reach > self.served_by(group, *id))
            }
            Strategy::LeastBusy => members.find(|id| has_credit(id) && self.is_busier(connection, *id)),
            Strategy::Adaptive => self.goes_first_by_quality(connection, group, account),
        }
    }

    pub(super) fn served_by(&self, group: &RouteGroup, connection: ConnectionId) -> f64 {
        self.served.get(&(group.id, connection)).copied().unwrap_or(0.0)
    }

    /// Where the others of a weighted group must be for this member to take one more.
    fn reach(&self, group: &RouteGroup, connection: ConnectionId) -> f64 {
        self.served_by(group, connection) - AHEAD_MAX / f64::from(weight_in(group, connection))
    }

    /// Wakes those for whom this connection waits in weighted and least-busy groups: they slept since it was their turn to
    /// wait.
    fn poke_those_behind(&mut self, connection: ConnectionId) {
        let catalog = self.catalog.clone();
        let groups = self.links.get(&connection).map(|link| link.groups.clone());
        for group in groups.into_iter().flatten() {
            let group = &catalog.snapshot().route_groups[&group];
            let reach = self.reach(group, connection);
            for id in group.members.iter().map(|member| member.connection) {
                let ahead = self.links.get(&id).is_some_and(|link| match group.strategy {
                    Strategy::PrimaryBackup => false,
                    Strategy::Weighted => link.has_credit() && self.served_by(group, id) < reach,
                    Strategy::LeastBusy => link.has_credit() && self.is_busier(connection, id),
                    Strategy::Adaptive => link.has_credit() && self.precedes(group, id, connection),
                });
                if ahead {
                    self.poke(id);
                }
            }
        }
    }

    /// Whether a connection is so much fuller than another that the other should take.
    pub(super) fn is_busier(&self, connection: ConnectionId, than: ConnectionId) -> bool {
        self.load_with_one(connection) - BUSIER_MAX > self.load_with_one(than)
    }

    /// How full a connection's windows were, had it taken one segment more.
    fn load_with_one(&self, connection: ConnectionId) -> f64 {
        self.links
            .get(&connection)
            .map_or(f64::INFINITY, |link| link.load.with(1))
    }

    fn count_served(&mut self, connection: ConnectionId, group: &RouteGroup, segments: u32, now: Now) {
        if let Some(link) = self.links.get_mut(&connection) {
            link.load.in_flight += segments;
        }
        if group.strategy == Strategy::Adaptive {
            self.rankings
                .entry(group.id)
                .or_default()
                .took(connection, now.monotonic);
        }
        if group.strategy == Strategy::Weighted {
            let share = 1.0 / f64::from(weight_in(group, connection));
            *self.served.entry((group.id, connection)).or_default() += share;
        }
    }

    /// A member that was away does not get everything until it has caught up with the others.
    fn catch_up(&mut self, connection: ConnectionId) {
        let catalog = self.catalog.clone();
        let Some(link) = self.links.get(&connection) else {
            return;
        };
        for group in link.groups.clone() {
            let group = &catalog.snapshot().route_groups[&group];
            let others = group.members.iter().filter(|member| {
                member.connection != connection
                    && self.links.get(&member.connection).is_some_and(|link| link.able)
            });
            let least = others
                .map(|member| self.served_by(group, member.connection))
                .fold(f64::INFINITY, f64::min);
            if least.is_finite() {
                let own = self.served.entry((group.id, connection)).or_default();
                *own = own.max(least);
            }
        }
    }

    fn poke_partners(&mut self, connection: ConnectionId) {
        let catalog = self.catalog.clone();
        let Some(link) = self.links.get(&connection) else {
            return;
        };
        for group in link.groups.clone() {
            for member in &catalog.snapshot().route_groups[&group].members {
                if member.connection != connection {
                    self.poke(member.connection);
                }
            }
        }
    }

    fn reason(&self, row: &Row, segment: SegmentRef, connection: ConnectionId) -> IntentReason {
        if let Some(stored) = row.segments.get(usize::from(segment.segment)) {
            if stored.state == SegmentState::Uncertain {
                return IntentReason::Resend;
            }
            if let Some(StepKind::Rejected { retried: true, .. }) = stored.steps.last().map(|step| &step.what)
            {
                return IntentReason::Throttle;
            }
            if stored
                .steps
                .iter()
                .any(|step| matches!(step.what, StepKind::Intent { connection: c, .. } if c != connection))
            {
                return IntentReason::Failover;
            }
        }
        let preferred = self
            .catalog
            .snapshot()
            .route_groups
            .get(&row.group)
            .filter(|group| group.strategy == Strategy::PrimaryBackup)
            .and_then(|group| group.members.first());
        match preferred {
            Some(member) if member.connection != connection => IntentReason::Failover,
            _ => IntentReason::Rule,
        }
    }
}

fn weight_in(group: &RouteGroup, connection: ConnectionId) -> u16 {
    group
        .members
        .iter()
        .find(|member| member.connection == connection)
        .map_or(1, |member| member.weight.max(1))
}
