//! What the actors of connections have in common, whatever they speak: how one runs events, comes back after a panic, and goes.

use crate::backoff::{Backoff, RestartBudget};
use crate::lane::{LaneCore, SharedLane, Wanted};
use crate::roster;
use crate::status::{ConnectionState, ConnectionStatus};
use actix::{Actor, ActorContext, Context};
use carillon_domain::ids::ConnectionId;
use carillon_domain::time::Now;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

const RESTARTS_MAX: usize = 10;
const RESTARTS_WINDOW: Duration = Duration::from_secs(60);
/// The first and the longest wait before a restart.
const RESTART_FIRST: Duration = Duration::from_millis(50);
const RESTART_MAX: Duration = Duration::from_secs(1);

pub struct Life {
    pub id: ConnectionId,
    pub shared: Rc<SharedLane>,
    backoff: Backoff,
    budget: RestartBudget,
    restart_after: Option<Duration>,
    /// The restart budget is spent.
    failed: bool,
    /// The connection was removed, and nothing is left to do.
    left: bool,
    #[cfg(test)]
    fault: bool,
    #[cfg(test)]
    socket_fault: bool,
}

impl Life {
    pub fn new(id: ConnectionId, shared: Rc<SharedLane>) -> Self {
        Life {
            id,
            shared,
            backoff: Backoff::new(RESTART_FIRST, RESTART_MAX),
            budget: RestartBudget::new(RESTARTS_MAX, RESTARTS_WINDOW),
            restart_after: None,
            failed: false,
            left: false,
            #[cfg(test)]
            fault: false,
            #[cfg(test)]
            socket_fault: false,
        }
    }

    /// Runs one event; a panic in it ends this life of the actor. `None` when nothing came of it.
    pub fn run<A, R>(
        &mut self,
        ctx: &mut Context<A>,
        event: impl FnOnce(&mut LaneCore, Now) -> R,
    ) -> Option<R>
    where
        A: Actor<Context = Context<A>>,
    {
        if self.left {
            return None;
        }
        if self.failed {
            // One that is down for good has nothing to finish.
            let wanted = self
                .shared
                .read(|lane| lane.link(self.id).map(|link| link.wanted));
            if let Some(Wanted::Leave { .. }) = wanted {
                self.leave(ctx);
            }
            return None;
        }
        #[cfg(test)]
        let fault = std::mem::take(&mut self.fault);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.shared.with(|lane, now| {
                #[cfg(test)]
                assert!(!fault, "injected");
                event(lane, now)
            })
        }));
        if outcome.is_err() {
            self.panicked(ctx);
        }
        outcome.ok()
    }

    /// Something panicked, in an event or in what it asked of the sockets: this life of the actor is over.
    pub fn panicked<A: Actor<Context = Context<A>>>(&self, ctx: &mut Context<A>) {
        tracing::error!(
            connection = self.id.0,
            "the connection's actor panicked and restarts"
        );
        ctx.stop();
    }

    /// The connection was removed, and nothing is left to do: its actor ends. Told twice, it counts once.
    pub fn leave<A: Actor<Context = Context<A>>>(&mut self, ctx: &mut Context<A>) {
        if std::mem::replace(&mut self.left, true) {
            return;
        }
        roster::connection_left(&self.shared, self.id);
        ctx.stop();
    }

    /// After a panic, before the actor comes back: what was open is sorted out. `false` when it does not come back.
    pub fn restart(&mut self) -> bool {
        if self.left {
            return false;
        }
        let id = self.id;
        self.shared.with(|lane, now| {
            lane.counters().actor_restarts.add(1);
            lane.restart_link(id, now);
        });
        self.restart_after = Some(self.backoff.next(rand::random()));
        if !self.budget.take(self.shared.now().monotonic) {
            self.failed = true;
            tracing::error!(
                connection = id.0,
                "the connection's actor failed too often; it stays down until an operator acts"
            );
        }
        true
    }

    /// How long the actor that came back waits before it begins.
    pub fn take_wait(&mut self) -> Option<Duration> {
        self.restart_after.take()
    }

    /// An operator lets it try again.
    pub fn revive(&mut self) {
        self.failed = false;
        self.budget = RestartBudget::new(RESTARTS_MAX, RESTARTS_WINDOW);
    }

    /// Tells how the connection stands, while it is there.
    pub fn tell(&self, mut status: ConnectionStatus) {
        if self.left {
            return;
        }
        if self.failed {
            status.state = ConnectionState::Failed;
        }
        self.shared.statuses.lock().insert(self.id, status);
    }

    /// Lets the next event panic.
    #[cfg(test)]
    pub fn inject_fault(&mut self) {
        self.fault = true;
    }

    /// Lets what the next event asks of the sockets panic.
    #[cfg(test)]
    pub fn inject_socket_fault(&mut self) {
        self.socket_fault = true;
    }

    /// Panics where a fault was injected.
    #[cfg(test)]
    pub fn meet_socket_fault(&mut self) {
        assert!(!std::mem::take(&mut self.socket_fault), "injected");
    }
}
