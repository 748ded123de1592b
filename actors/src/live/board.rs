use super::ghost::Ghost;
use super::running::RunningCampaign;
use super::sample::Sample;
use super::scope_board::ScopeBoard;
use super::start::{LiveStart, dimensions_of};
use super::throttling::Throttling;
use super::totals::Totals;
use crate::columns::{Standing, Tally};
use crate::lane::ClockStatus;
use crate::status::{ConnectionState, ConnectionStatus};
use carillon_domain::ids::{ConnectionId, TenantId};
use carillon_domain::quota::day_utc8;
use carillon_domain::tally::{Counts, Dimensions};
use carillon_domain::time::{Now, UnixMs};
use std::collections::BTreeMap;
use std::time::Duration;

/// By how much ids may run ahead of the clock.
const AHEAD_MAX: Duration = Duration::from_secs(600);

/// How a connection does, in the words of screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Ok,
    /// Somebody wants it so.
    Off,
    Degraded,
    Failed,
}

/// A connection as it is now.
#[derive(Clone, Debug)]
pub struct LinkBoard {
    pub status: ConnectionStatus,
    pub condition: Condition,
    /// Since when it is in that condition, as far as is known.
    pub since: UnixMs,
    /// It was bound, or could not be, since it was last switched on: what connects now is down.
    tried: bool,
    throttling: Throttling,
}

/// Everything that screens show of a lane, as of the last look.
#[derive(Debug, Default)]
pub struct Board {
    all: ScopeBoard,
    tenants: BTreeMap<TenantId, ScopeBoard>,
    links: BTreeMap<ConnectionId, LinkBoard>,
    running: Vec<RunningCampaign>,
    totals: Totals,
    ghost: Ghost,
    clock: Option<ClockStatus>,
    /// In UTC+8.
    day: u32,
    looked_at: Option<Now>,
}

impl Board {
    /// Figures of an organisation, or of all. `None` for one of which nothing is known.
    pub fn scope(&self, tenant: Option<TenantId>) -> Option<&ScopeBoard> {
        match tenant {
            None => Some(&self.all),
            Some(tenant) => self.tenants.get(&tenant),
        }
    }

    pub fn links(&self) -> impl Iterator<Item = &LinkBoard> {
        self.links.values()
    }

    pub fn link(&self, id: ConnectionId) -> Option<&LinkBoard> {
        self.links.get(&id)
    }

    /// Campaigns that run or are paused, newest first.
    pub fn running(&self) -> &[RunningCampaign] {
        &self.running
    }

    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Whether the wall clock is relied on; `None` before the first look.
    pub fn clock(&self) -> Option<ClockStatus> {
        self.clock
    }

    /// The speed of the minute one day before `at`, where it is known.
    pub fn yesterday(&self, scope: Option<TenantId>, at: UnixMs) -> Option<super::Rate> {
        self.ghost.rate(scope, at)
    }

    /// When the lane was last looked at; `None` before the first time.
    pub fn looked_at(&self) -> Option<UnixMs> {
        self.looked_at.map(|now| now.unix)
    }

    pub(crate) fn begin(start: LiveStart) -> Self {
        let mut board = Board::default();
        let today = (start.day(), start.stored);
        for (day, stored) in start.left.into_iter().chain([today]) {
            board.show(day);
            for row in &stored {
                if let Some(dimensions) = dimensions_of(row) {
                    board.add_today(&dimensions, &row.counts);
                }
            }
            for (dimensions, counts) in start.rest.of_day(day) {
                board.add_today(dimensions, counts);
            }
        }
        board.ghost = start.ghost;
        board
    }

    pub(super) fn set_ghost(&mut self, ghost: Ghost) {
        self.ghost = ghost;
    }

    pub(crate) fn fold(&mut self, sample: Sample, statuses: Vec<ConnectionStatus>) {
        let Sample {
            now,
            tally,
            standings,
            waiting,
            running,
            clock,
            organisations,
        } = sample;
        if self.turn_day(&tally, now.unix) {
            self.tenants
                .retain(|id, scope| organisations.contains(id) || !scope.is_forgotten());
        }
        self.scopes().for_each(|(_, scope)| scope.begin_look(now.unix));
        self.take_tally(&tally, now.unix);
        self.totals.fold(&tally);
        self.stand(&standings);
        self.running = running;
        self.clock = Some(clock);
        self.look_at_links(statuses, now.unix);
        let waiting: BTreeMap<_, _> = waiting.into_iter().collect();
        let time = self
            .looked_at
            .map_or(Duration::ZERO, |before| now.monotonic - before.monotonic);
        let ghost = std::mem::take(&mut self.ghost);
        for (tenant, scope) in self.scopes() {
            let waiting = match tenant {
                Some(tenant) => waiting.get(&tenant).copied().unwrap_or(0),
                None => waiting.values().sum(),
            };
            scope.end_look(waiting, time, now, tenant, &ghost);
        }
        self.ghost = ghost;
        self.looked_at = Some(now);
    }

    fn scopes(&mut self) -> impl Iterator<Item = (Option<TenantId>, &mut ScopeBoard)> {
        let tenants = self.tenants.iter_mut().map(|(id, scope)| (Some(*id), scope));
        std::iter::once((None, &mut self.all)).chain(tenants)
    }

    /// Ids run ahead of a clock that stepped back a little; by more nothing is believed. A day that is further ahead was the
    /// clock's mistake. Tells whether another day is shown now.
    fn turn_day(&mut self, tally: &Tally, now: UnixMs) -> bool {
        let soon = day_utc8(now + AHEAD_MAX);
        let ahead = tally.days().filter(|day| *day <= soon);
        let day = ahead.fold(day_utc8(now), u32::max);
        let turns = day > self.day || self.day > soon;
        if turns {
            self.show(day);
        }
        turns
    }

    fn show(&mut self, day: u32) {
        let left = std::mem::replace(&mut self.day, day);
        self.scopes().for_each(|(_, scope)| scope.turn_day(left, day));
    }

    fn take_tally(&mut self, tally: &Tally, now: UnixMs) {
        for day in tally.days() {
            for (dimensions, counts) in tally.of_day(day) {
                if day == self.day {
                    self.add_today(dimensions, counts);
                } else {
                    self.all.add_elsewhere(day, dimensions, counts);
                    self.tenant(dimensions.tenant)
                        .add_elsewhere(day, dimensions, counts);
                }
                self.all.note(dimensions, counts, now);
                self.tenant(dimensions.tenant).note(dimensions, counts, now);
            }
        }
        for (tenant, connection, histogram) in tally.latencies() {
            self.all.note_latency(connection, histogram, now);
            self.tenant(tenant).note_latency(connection, histogram, now);
        }
    }

    fn add_today(&mut self, dimensions: &Dimensions, counts: &Counts) {
        self.all.add_today(dimensions, counts);
        self.tenant(dimensions.tenant).add_today(dimensions, counts);
    }

    fn stand(&mut self, standings: &[(TenantId, Standing)]) {
        let mut all = Standing::default();
        for (tenant, standing) in standings {
            all.open += standing.open;
            all.uncertain += standing.uncertain;
            // One that has nothing open may be gone.
            if *standing != Standing::default() || self.tenants.contains_key(tenant) {
                self.tenant(*tenant).standing = *standing;
            }
        }
        self.all.standing = all;
    }

    fn tenant(&mut self, tenant: TenantId) -> &mut ScopeBoard {
        self.tenants.entry(tenant).or_default()
    }

    fn look_at_links(&mut self, statuses: Vec<ConnectionStatus>, now: UnixMs) {
        self.links
            .retain(|id, _| statuses.iter().any(|status| status.connection == *id));
        for status in statuses {
            let id = status.connection;
            let link = match self.links.remove(&id) {
                Some(before) => before.looks_now(status, now),
                None => LinkBoard::first_seen(status, now),
            };
            self.links.insert(id, link);
        }
    }
}

impl LinkBoard {
    /// The carrier keeps slowing it down.
    pub fn is_throttled(&self) -> bool {
        self.throttling.lasts()
    }

    fn first_seen(status: ConnectionStatus, now: UnixMs) -> Self {
        let tried = has_tried(&status, false);
        let throttling = throttling(&status, Throttling::default());
        LinkBoard {
            condition: condition(&status, tried, throttling),
            status,
            since: now,
            tried,
            throttling,
        }
    }

    fn looks_now(self, status: ConnectionStatus, now: UnixMs) -> Self {
        let tried = has_tried(&status, self.tried);
        let throttling = throttling(&status, self.throttling);
        let condition = condition(&status, tried, throttling);
        let since = if condition == self.condition {
            self.since
        } else {
            now
        };
        LinkBoard {
            status,
            condition,
            since,
            tried,
            throttling,
        }
    }
}

fn has_tried(status: &ConnectionStatus, before: bool) -> bool {
    match status.state {
        ConnectionState::Off => false,
        // An error while it connects is that of the try before: between two of them may lie less than one look.
        ConnectionState::Connecting => before || status.last_error.is_some(),
        _ => true,
    }
}

fn throttling(status: &ConnectionStatus, before: Throttling) -> Throttling {
    match status.state {
        ConnectionState::Throttled => before.seen(true),
        ConnectionState::Up | ConnectionState::Degraded => before.seen(false),
        _ => Throttling::default(),
    }
}

fn condition(status: &ConnectionStatus, tried: bool, throttling: Throttling) -> Condition {
    match status.state {
        ConnectionState::Off | ConnectionState::Draining => Condition::Off,
        // It was slowed down, and then the link was lost.
        ConnectionState::Throttled if status.sessions_bound == 0 => Condition::Failed,
        ConnectionState::Up | ConnectionState::Throttled if throttling.lasts() => Condition::Degraded,
        ConnectionState::Throttled if status.sessions_bound < status.sessions_wanted => Condition::Degraded,
        ConnectionState::Up | ConnectionState::Throttled => Condition::Ok,
        ConnectionState::Degraded => Condition::Degraded,
        // A word that changes with every try would tell nothing.
        ConnectionState::Connecting if !tried => Condition::Degraded,
        ConnectionState::Connecting
        | ConnectionState::BreakerOpen
        | ConnectionState::Down
        | ConnectionState::Failed => Condition::Failed,
    }
}
