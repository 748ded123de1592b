use crate::backoff::{Backoff, RestartBudget};
use crate::intake::{IntakeError, SingleAnswer, SingleIntake};
use crate::lane::{BatchJob, Reply, SharedLane};
use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, Supervised, WrapFuture,
};
use carillon_domain::ids::TenantId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

/// Intakes that may wait for one organisation.
const MAILBOX: usize = 4_096;
const RESTARTS_MAX: usize = 10;
const RESTARTS_WINDOW: Duration = Duration::from_secs(60);

/// New messages of one organisation.
#[derive(Message)]
#[rtype(result = "()")]
pub enum Intake {
    Singles(Vec<(SingleIntake, Reply<SingleAnswer>)>),
    Batch(Box<BatchJob>),
}

impl Intake {
    /// Answers everybody that nothing was taken.
    pub fn refuse(self, error: IntakeError) {
        match self {
            Intake::Singles(singles) => {
                for (_, reply) in singles {
                    let _caller_may_be_gone = reply.send(Err(error.clone()));
                }
            }
            Intake::Batch(job) => {
                let _caller_may_be_gone = job.reply.send(Err(error));
            }
        }
    }
}

/// Takes in the messages of one organisation. A panic restarts it with its queues rebuilt from the columns; what was recorded
/// before stands, and callers without an answer are told so.
pub struct TenantActor {
    id: TenantId,
    shared: Rc<SharedLane>,
    backoff: Backoff,
    budget: RestartBudget,
    restart_after: Option<Duration>,
    /// The restart budget is spent.
    failed: bool,
    #[cfg(test)]
    fault: bool,
}

impl TenantActor {
    pub fn new(id: TenantId, shared: Rc<SharedLane>) -> Self {
        TenantActor {
            id,
            shared,
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(5)),
            budget: RestartBudget::new(RESTARTS_MAX, RESTARTS_WINDOW),
            restart_after: None,
            failed: false,
            #[cfg(test)]
            fault: false,
        }
    }

    fn take(&mut self, intake: Intake) -> Option<BatchJob> {
        #[cfg(test)]
        assert!(!std::mem::take(&mut self.fault), "injected");
        self.shared.with(|core, now| match intake {
            Intake::Singles(singles) => {
                for (single, reply) in singles {
                    core.take_single(single, reply, now);
                    core.commit_when_large();
                }
                None
            }
            Intake::Batch(job) => core.take_batch_part(*job, now),
        })
    }
}

impl Actor for TenantActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
        if let Some(wait) = self.restart_after.take() {
            ctx.wait(actix::clock::sleep(wait).into_actor(self).map(|(), _, _| ()));
        }
    }
}

impl Supervised for TenantActor {
    fn restarting(&mut self, _: &mut Context<Self>) {
        let (id, now) = (self.id, self.shared.now());
        self.shared.with(|core, _| {
            core.counters().actor_restarts.add(1);
            core.restart_tenant(id, now);
        });
        self.restart_after = Some(self.backoff.next(rand::random()));
        if !self.budget.take(now.monotonic) {
            self.failed = true;
            tracing::error!(
                tenant = id.0,
                "the organisation's actor failed too often; its intake is off until a restart"
            );
        }
    }
}

impl Handler<Intake> for TenantActor {
    type Result = ();

    fn handle(&mut self, intake: Intake, ctx: &mut Context<Self>) {
        if self.failed {
            return intake.refuse(IntakeError::TenantUnavailable { retry_after_s: 60 });
        }
        match catch_unwind(AssertUnwindSafe(|| self.take(intake))) {
            Ok(Some(rest)) => ctx.notify(Intake::Batch(Box::new(rest))),
            Ok(None) => self.backoff.reset(),
            Err(_) => {
                tracing::error!(
                    tenant = self.id.0,
                    "the organisation's actor panicked and restarts"
                );
                ctx.stop();
            }
        }
    }
}

/// Makes the next event panic.
#[cfg(test)]
#[derive(Message)]
#[rtype(result = "()")]
pub struct Fault;

#[cfg(test)]
impl Handler<Fault> for TenantActor {
    type Result = ();

    fn handle(&mut self, _: Fault, _: &mut Context<Self>) {
        self.fault = true;
    }
}
