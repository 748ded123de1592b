use super::actor::{CommitNow, LaneActor};
use super::body_reader::BodyReader;
use super::core::LaneCore;
use crate::campaign::CampaignSeats;
use crate::clock::Clock;
use crate::connection::{ConnectionAddr, ConnectionWake};
use crate::history::HistoryFeed;
use crate::mail::MailOptions;
use crate::status::ConnectionStatus;
use crate::tenant::{Intake, TenantActor};
use actix::Addr;
use actix::dev::SendError;
use carillon_domain::ids::{ConnectionId, TenantId};
use carillon_domain::time::Now;
use parking_lot::Mutex;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// States of all connections as their actors last told them; read from any thread.
pub type Statuses = Arc<Mutex<BTreeMap<ConnectionId, ConnectionStatus>>>;

/// What all actors of a lane share. They live on one arbiter, so a borrow never meets another one.
pub struct SharedLane {
    core: RefCell<LaneCore>,
    clock: Clock,
    pub(super) history: HistoryFeed,
    bodies: BodyReader,
    mail: MailOptions,
    pub statuses: Statuses,
    lane: RefCell<Option<Addr<LaneActor>>>,
    connections: RefCell<BTreeMap<ConnectionId, Endpoint>>,
    tenants: RefCell<BTreeMap<TenantId, Addr<TenantActor>>>,
    /// The running campaigns.
    pub campaigns: CampaignSeats,
    commit_due: Cell<bool>,
}

struct Endpoint {
    addr: ConnectionAddr,
    /// A wake is on its way.
    woken: bool,
}

impl SharedLane {
    pub fn new(
        core: LaneCore,
        clock: Clock,
        history: HistoryFeed,
        bodies: BodyReader,
        mail: MailOptions,
        statuses: Statuses,
    ) -> Self {
        SharedLane {
            core: RefCell::new(core),
            clock,
            history,
            bodies,
            mail,
            statuses,
            lane: RefCell::new(None),
            connections: RefCell::default(),
            tenants: RefCell::default(),
            campaigns: CampaignSeats::default(),
            commit_due: Cell::new(false),
        }
    }

    pub fn set_lane(&self, lane: Addr<LaneActor>) {
        *self.lane.borrow_mut() = Some(lane);
    }

    pub fn add_connection(&self, id: ConnectionId, addr: ConnectionAddr) {
        self.connections
            .borrow_mut()
            .insert(id, Endpoint { addr, woken: false });
    }

    pub fn add_tenant(&self, id: TenantId, addr: Addr<TenantActor>) {
        self.tenants.borrow_mut().insert(id, addr);
    }

    /// The actor ends when it has handled what it was sent: this was the one address there is.
    pub fn remove_connection(&self, id: ConnectionId) {
        self.connections.borrow_mut().remove(&id);
        self.statuses.lock().remove(&id);
    }

    /// The same of an organisation. What was accepted of it is sent all the same.
    pub fn remove_tenant(&self, id: TenantId) {
        self.tenants.borrow_mut().remove(&id);
    }

    /// By the one address there is: every copy of it would be one more place in the mailbox.
    pub fn send_to_tenant(&self, id: TenantId, intake: Intake) -> Result<(), SendError<Intake>> {
        match self.tenants.borrow().get(&id) {
            Some(tenant) => tenant.try_send(intake),
            None => Err(SendError::Closed(intake)),
        }
    }

    #[cfg(test)]
    pub fn tenant(&self, id: TenantId) -> Option<Addr<TenantActor>> {
        self.tenants.borrow().get(&id).cloned()
    }

    pub fn connections(&self) -> Vec<ConnectionAddr> {
        self.connections
            .borrow()
            .values()
            .map(|endpoint| endpoint.addr.clone())
            .collect()
    }

    pub fn connection(&self, id: ConnectionId) -> Option<ConnectionAddr> {
        self.connections
            .borrow()
            .get(&id)
            .map(|endpoint| endpoint.addr.clone())
    }

    pub fn mail_options(&self) -> &MailOptions {
        &self.mail
    }

    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Runs one event on the core. Whoever must act on it is woken first, and the commit comes after them, so that what they
    /// record shares the frame and its sync.
    pub fn with<R>(&self, event: impl FnOnce(&mut LaneCore, Now) -> R) -> R {
        let result = self.with_quietly(event);
        if !self.commit_due.replace(true)
            && let Some(lane) = &*self.lane.borrow()
        {
            lane.do_send(CommitNow);
        }
        result
    }

    /// Like [`SharedLane::with`] for what records nothing.
    pub(crate) fn with_quietly<R>(&self, event: impl FnOnce(&mut LaneCore, Now) -> R) -> R {
        let now = self.now();
        let (result, wakes, frames) = {
            let mut core = self.core.borrow_mut();
            core.begin_decision();
            match catch_unwind(AssertUnwindSafe(|| event(&mut core, now))) {
                Ok(result) => (result, core.take_wakes(), core.take_frames_wanted()),
                Err(panic) => {
                    core.interrupt_decision();
                    // Whoever watches the lane is told at once if that was its end.
                    if let Some(lane) = &*self.lane.borrow() {
                        lane.do_send(CommitNow);
                    }
                    resume_unwind(panic);
                }
            }
        };
        if !frames.is_empty()
            && let Some(lane) = &*self.lane.borrow()
        {
            self.bodies.read(frames, lane.clone());
        }
        let mut connections = self.connections.borrow_mut();
        for id in wakes {
            if let Some(endpoint) = connections.get_mut(&id).filter(|endpoint| !endpoint.woken) {
                endpoint.woken = true;
                endpoint.addr.do_send(ConnectionWake);
            }
        }
        result
    }

    /// The connection's actor has seen its wake; from now on a new one is needed.
    pub fn awake(&self, id: ConnectionId) {
        if let Some(endpoint) = self.connections.borrow_mut().get_mut(&id) {
            endpoint.woken = false;
        }
    }

    /// Closes the open frame; see [`SharedLane::with`].
    pub(super) fn commit(&self) {
        self.commit_due.set(false);
        let finished = {
            let mut core = self.core.borrow_mut();
            core.commit();
            core.take_finished()
        };
        self.history.finished(finished);
    }

    pub fn read<R>(&self, read: impl FnOnce(&LaneCore) -> R) -> R {
        read(&self.core.borrow())
    }
}
