//! The catalog changes while traffic runs.

use super::adaptive::is_adaptive;
use super::core::LaneCore;
use super::link::{Link, Wanted};
use crate::columns::{Body, BodyContent, Row, RowRef};
use carillon_domain::catalog::{Account, Carrier, Compiled, Connection};
use carillon_domain::fact::{Fact, FinalState, PlannedAttempt};
use carillon_domain::ids::{AccountId, ConnectionId, RouteGroupId, TenantId};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::plan::ChannelKind;
use carillon_domain::segment;
use carillon_domain::time::Now;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection that goes may finish what was begun on it and wait for receipts.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(60);

/// Messages whose way is looked for in one go.
const REROUTES_MAX: usize = 2_000;

/// Why messages end whose route group went and to which no rule leads any more.
pub(super) const NO_ROUTE: &str = "no_route";

/// Who has to be started or let go after a new catalog was taken over.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Installed {
    pub tenants_added: Vec<TenantId>,
    pub tenants_removed: Vec<TenantId>,
    pub connections_added: Vec<ConnectionId>,
}

impl LaneCore {
    /// Works by `catalog` from now on. Connections that it no longer names, or disables, are drained; what waits for them is
    /// free for others at once. Messages of route groups that went are taken where the rules lead now, or end.
    pub fn install(&mut self, catalog: Arc<Compiled>, now: Now) -> Installed {
        let before = mem::replace(&mut self.catalog, catalog.clone());
        let (old, new) = (before.snapshot(), catalog.snapshot());
        self.keep_removed_accounts(&before);
        let installed = Installed {
            tenants_added: added(&old.organisations, &new.organisations),
            tenants_removed: added(&new.organisations, &old.organisations),
            connections_added: self.follow_connections(&before, now),
        };
        self.served
            .retain(|(group, connection), _| is_member(&catalog, *group, *connection));
        self.rankings
            .retain(|id, _| new.route_groups.get(id).is_some_and(is_adaptive));
        let tenants = &mut self.tenants;
        for queues in tenants.values_mut() {
            queues.set_weights(|account| new.accounts.get(&account).map(|account| account.weight));
            let gone = queues.take_groups(|group| !new.route_groups.contains_key(&group));
            self.orphans.extend(gone);
        }
        self.orphans.extend(mem::take(&mut self.stranded));
        self.reroute_orphans(now);
        self.put_aside.follow(&catalog);
        self.announce_all();
        installed
    }

    /// Numbers' origins, by which messages are routed anew.
    pub fn set_number_ranges(&mut self, ranges: Arc<NumberRanges>) {
        self.ranges = ranges;
    }

    /// An account of the catalog, or one that was removed since the start and may still have messages open.
    pub(super) fn account(&self, id: AccountId) -> Option<&Account> {
        self.catalog
            .account(id)
            .or_else(|| self.removed_accounts.get(&id))
    }

    /// Whether the account's messages may leave by the connection (SEND-10); also after the account was removed.
    pub(super) fn is_granted(&self, account: AccountId, connection: ConnectionId) -> bool {
        self.account(account)
            .is_some_and(|account| account.connections.contains(&connection))
    }

    /// The next connections of a message whose route group is gone: where the rules lead now, or its end. `true` when more
    /// wait for it.
    pub(super) fn reroute_orphans(&mut self, now: Now) -> bool {
        let some = self.orphans.len().min(REROUTES_MAX);
        let orphans: Vec<RowRef> = self.orphans.drain(..some).collect();
        for at in orphans {
            self.reroute(at, now);
            self.commit_when_large();
        }
        !self.orphans.is_empty()
    }

    fn reroute(&mut self, at: RowRef, now: Now) {
        let Some(row) = self.columns.row(at) else { return };
        // What a carrier may have stays where it is: it ends by its receipt, or by the wait for it.
        if !row.is_unwritten() {
            return;
        }
        let (message, attempt) = (row.id, row.attempt);
        if !self.is_gone(row.group) {
            return self.enqueue(at, false);
        }
        let leaving = Leaving::waiting(row, &self.columns.body(row));
        let Some(group) = leaving.way(&self.catalog, &self.ranges) else {
            if !row.in_plan {
                return self.finish(at, FinalState::Failed, Some(NO_ROUTE.into()), now);
            }
            self.settle_plan(message, now);
            // While another attempt goes on there may be a way again.
            return self.stranded.push(at);
        };
        self.record(Fact::Rerouted {
            message,
            attempt,
            group,
            at: now.unix,
        });
        self.counters.messages_rerouted.add(1);
        self.enqueue(at, false);
    }

    /// Whether the group of an attempt that nobody began to send is gone, and no rule leads it anywhere.
    pub(super) fn has_no_way(&self, row: &Row) -> bool {
        let way = || Leaving::waiting(row, &self.columns.body(row)).way(&self.catalog, &self.ranges);
        row.is_unwritten() && self.is_gone(row.group) && way().is_none()
    }

    /// The same of an attempt that starts later, of the message with this first row.
    pub(super) fn will_have_no_way(&self, head: &Row, planned: &PlannedAttempt) -> bool {
        let way = || Leaving::planned(head, planned).way(&self.catalog, &self.ranges);
        self.is_gone(planned.group) && way().is_none()
    }

    fn is_gone(&self, group: RouteGroupId) -> bool {
        !self.catalog.snapshot().route_groups.contains_key(&group)
    }

    /// Stops pulling by a connection without changing the catalog; `false` when it is not there or goes anyway.
    pub fn hold_back(&mut self, connection: ConnectionId) -> bool {
        self.set_wanted(connection, Wanted::Run, Wanted::Hold)
    }

    /// Ends [`LaneCore::hold_back`].
    pub fn resume(&mut self, connection: ConnectionId) -> bool {
        self.set_wanted(connection, Wanted::Hold, Wanted::Run)
    }

    fn set_wanted(&mut self, connection: ConnectionId, from: Wanted, to: Wanted) -> bool {
        let Some(link) = self.links.get_mut(&connection) else {
            return false;
        };
        if link.wanted == from {
            link.wanted = to;
            self.free_outbox(connection);
            self.announce_all();
        }
        self.links.get(&connection).is_some_and(|link| link.wanted == to)
    }

    /// A connection that was removed has let its last session go. Gives whether the catalog knows it again by now.
    pub fn forget_link(&mut self, connection: ConnectionId, now: Now) -> bool {
        let Some(link) = self.links.remove(&connection) else {
            return false;
        };
        link.mail
            .writes
            .into_iter()
            .for_each(|order| self.returned(order.write, now));
        let Some(config) = self.catalog.snapshot().connections.get(&connection).cloned() else {
            return false;
        };
        self.links.insert(connection, Link::new(config));
        self.join_groups();
        self.announce_all();
        true
    }

    fn keep_removed_accounts(&mut self, before: &Compiled) {
        let catalog = self.catalog.clone();
        self.removed_accounts
            .retain(|id, _| catalog.account(*id).is_none());
        let before = before.snapshot().accounts.values();
        let removed = before.filter(|account| catalog.account(account.id).is_none());
        self.removed_accounts
            .extend(removed.map(|account| (account.id, account.clone())));
    }

    fn follow_connections(&mut self, before: &Arc<Compiled>, now: Now) -> Vec<ConnectionId> {
        let catalog = self.catalog.clone();
        let connections = &catalog.snapshot().connections;
        let known: Vec<ConnectionId> = self.links.keys().copied().collect();
        for id in &known {
            let link = self.links.get_mut(id).expect("it is known");
            let wanted = link.wanted;
            match connections.get(id) {
                Some(config) if config.kind() == link.config.kind() => link.follow(config, now),
                // Another kind of channel is another actor, which comes when this one has left.
                _ => link.leave(before, now),
            }
            if !link.wanted.pulls() && link.wanted != wanted {
                self.free_outbox(*id);
            }
        }
        let new = connections.values().filter(|config| !known.contains(&config.id));
        let added: Vec<ConnectionId> = new
            .map(|config| {
                self.links.insert(config.id, Link::new(config.clone()));
                config.id
            })
            .collect();
        self.join_groups();
        added
    }

    /// Tells every connection the groups it serves.
    pub(super) fn join_groups(&mut self) {
        let catalog = self.catalog.clone();
        for (id, link) in &mut self.links {
            link.groups.clear();
            if !matches!(link.wanted, Wanted::Leave { .. }) {
                let groups = catalog.snapshot().route_groups.values();
                let serving = groups.filter(|group| is_member(&catalog, group.id, *id));
                link.groups.extend(serving.map(|group| group.id));
            }
            let mut groups = link.groups.iter().map(|id| &catalog.snapshot().route_groups[id]);
            if groups.any(is_adaptive) {
                link.quality.get_or_insert_default();
            } else {
                link.quality = None;
            }
        }
    }

    /// Puts back what was taken from the queues and not begun: others may have it.
    fn free_outbox(&mut self, connection: ConnectionId) {
        let Some(link) = self.links.get_mut(&connection) else {
            return;
        };
        (link.able, link.credit) = (false, 0);
        let outbox = mem::take(&mut link.outbox);
        let is_free = |at: RowRef| self.columns.row(at).is_none_or(Row::is_unwritten);
        let (free, begun): (Vec<_>, Vec<_>) = outbox.into_iter().partition(|segment| is_free(segment.row));
        if let Some(link) = self.links.get_mut(&connection) {
            link.outbox.extend(begun);
        }
        let mut rows: Vec<RowRef> = free.into_iter().map(|segment| segment.row).collect();
        rows.dedup();
        // The first one in the outbox is to be the first one in the queue.
        rows.into_iter().rev().for_each(|row| self.enqueue(row, true));
    }

    /// Lets everybody look around, and know of what waits for them.
    fn announce_all(&mut self) {
        let waiting: Vec<(TenantId, RouteGroupId)> = self
            .tenants
            .iter()
            .flat_map(|(tenant, queues)| queues.groups_waiting().map(|group| (*tenant, group)))
            .collect();
        waiting
            .into_iter()
            .for_each(|(tenant, group)| self.announce(group, tenant));
        let connections: Vec<ConnectionId> = self.links.keys().copied().collect();
        connections
            .into_iter()
            .for_each(|connection| self.post(connection, |mail| mail.poked = true));
    }
}

impl Link {
    /// The catalog says this of the connection now.
    fn follow(&mut self, config: &Connection, now: Now) {
        self.last_catalog = None;
        self.wanted = match (config.enabled, self.wanted) {
            (true, Wanted::Hold) => Wanted::Hold,
            (true, _) => Wanted::Run,
            (false, off @ Wanted::Off { .. }) => off,
            (false, _) => Wanted::Off {
                until: now.monotonic + DRAIN_TIMEOUT,
            },
        };
        if *self.config != *config {
            self.config = Arc::new(config.clone());
        }
    }

    /// The catalog does not name the connection any more; `before` did, or it was leaving already.
    fn leave(&mut self, before: &Arc<Compiled>, now: Now) {
        if matches!(self.wanted, Wanted::Leave { .. }) {
            return;
        }
        self.last_catalog = Some(before.clone());
        self.wanted = Wanted::Leave {
            until: now.monotonic + DRAIN_TIMEOUT,
        };
    }
}

/// What decides where an attempt leaves that nobody began to send.
struct Leaving<'r> {
    /// Of its message.
    row: &'r Row,
    kind: ChannelKind,
    segments: u8,
    /// `None` when it is no short message.
    text: Option<Cow<'r, str>>,
}

impl<'r> Leaving<'r> {
    fn waiting(row: &'r Row, body: &[u8]) -> Self {
        let text = match Body::unpack(body).content {
            BodyContent::Text { text, .. } => Some(text.to_owned().into()),
            BodyContent::Mail(_) => None,
        };
        Leaving {
            row,
            kind: row.kind,
            segments: row.segment_count,
            text,
        }
    }

    fn planned(head: &'r Row, planned: &'r PlannedAttempt) -> Self {
        Leaving {
            row: head,
            kind: planned.kind,
            segments: planned.segments,
            text: planned.content.text().map(Cow::Borrowed),
        }
    }

    /// Where the rules lead it now, if it can go there in the segments it was accepted with.
    fn way(&self, catalog: &Compiled, ranges: &NumberRanges) -> Option<RouteGroupId> {
        let Row {
            to,
            account,
            business_type,
            ..
        } = *self.row;
        let origin = to.map(|to| ranges.origin(to));
        let (carrier, province) = origin.map_or((Carrier::Unknown, ""), |o| (o.carrier, o.province));
        let group = catalog.route(account, business_type, self.kind, carrier, province)?;
        let fits = |text| segment::split(text, self.segments, &catalog.limits(group)).is_ok();
        self.text.as_deref().is_none_or(fits).then_some(group)
    }
}

fn is_member(catalog: &Compiled, group: RouteGroupId, connection: ConnectionId) -> bool {
    let group = catalog.snapshot().route_groups.get(&group);
    group.is_some_and(|group| group.members.iter().any(|member| member.connection == connection))
}

/// Keys of `after` that are not in `before`.
fn added<Id: Ord + Copy, Object>(before: &BTreeMap<Id, Object>, after: &BTreeMap<Id, Object>) -> Vec<Id> {
    after
        .keys()
        .filter(|id| !before.contains_key(id))
        .copied()
        .collect()
}
