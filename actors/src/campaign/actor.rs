use super::core::{CampaignCore, CampaignEffect, CampaignEvent};
use super::expansion::{ExpandedLine, Expansion, ExpansionError};
use super::recipients::{Check, CheckError};
use super::resend;
use super::seats::{CampaignTools, Told};
use crate::backoff::{Backoff, RestartBudget};
use crate::lane::SharedLane;
use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, Supervised,
    WrapFuture,
};
use carillon_domain::campaign::{Campaign, CampaignChange, Recipients};
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::CampaignId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const RESTARTS_MAX: usize = 10;
const RESTARTS_WINDOW: Duration = Duration::from_secs(60);

/// Somebody changed the campaign.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Look;

/// Runs one campaign. A panic restarts it from the columns, where it stands at its line.
pub struct CampaignActor {
    id: CampaignId,
    shared: Rc<SharedLane>,
    tools: CampaignTools,
    told: Rc<Told>,
    core: CampaignCore,
    /// Where the lines were read last, to read on without a search.
    expansion: Option<Expansion>,
    timer: Option<SpawnHandle>,
    backoff: Backoff,
    budget: RestartBudget,
    restart_after: Option<Duration>,
    leaves: bool,
    #[cfg(test)]
    fault: bool,
}

impl CampaignActor {
    pub fn new(id: CampaignId, shared: Rc<SharedLane>, tools: CampaignTools, told: Rc<Told>) -> Self {
        CampaignActor {
            id,
            shared,
            tools,
            told,
            core: CampaignCore::default(),
            expansion: None,
            timer: None,
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(5)),
            budget: RestartBudget::new(RESTARTS_MAX, RESTARTS_WINDOW),
            restart_after: None,
            leaves: false,
            #[cfg(test)]
            fault: false,
        }
    }

    fn apply(&mut self, event: CampaignEvent, ctx: &mut Context<Self>) {
        if self.leaves {
            return;
        }
        match catch_unwind(AssertUnwindSafe(|| self.try_apply(event, ctx))) {
            Ok(()) => {}
            Err(_) => {
                tracing::error!(campaign = self.id.0, "the campaign's actor panicked and restarts");
                ctx.stop();
            }
        }
    }

    fn try_apply(&mut self, event: CampaignEvent, ctx: &mut Context<Self>) {
        #[cfg(test)]
        assert!(!std::mem::take(&mut self.fault), "injected");
        let id = self.id;
        let core = &mut self.core;
        let effects = self.shared.read(|lane| {
            let campaign = lane.columns().campaigns().get(id)?;
            let has_room = lane.check_room().is_ok();
            Some(core.apply(event, campaign, has_room, self.shared.now()))
        });
        self.told.ended_per_second.set(self.core.ended_per_second());
        let Some(effects) = effects else {
            // It was dropped.
            return self.leave(ctx);
        };
        for effect in effects {
            self.perform(effect, ctx);
        }
    }

    fn perform(&mut self, effect: CampaignEffect, ctx: &mut Context<Self>) {
        let id = self.id;
        match effect {
            CampaignEffect::Check => self.check(ctx),
            CampaignEffect::Read { from, count } => self.read(from, count, ctx),
            CampaignEffect::Expand { first, lines } => {
                self.shared.with(|core, now| core.expand(id, first, lines, now));
            }
            CampaignEffect::Change(change) => self.change(change),
            CampaignEffect::Cancel { from } => {
                let next = self.shared.with(|core, now| core.cancel_unwritten(id, from, now));
                // Others get their turn between two parts.
                ctx.notify(CancelledUpto(next));
            }
            CampaignEffect::Wait(time) => self.wait(time, ctx),
            CampaignEffect::Rest => self.leave(ctx),
        }
    }

    fn change(&mut self, change: CampaignChange) {
        let id = self.id;
        let told = format!("{change:?}");
        if let Err(error) = self
            .shared
            .with(|core, now| core.change_campaign(id, change, now))
        {
            tracing::debug!(campaign = id.0, %error, change = told, "a change came too late");
        }
    }

    fn wait(&mut self, time: Duration, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.timer = Some(ctx.run_later(time, |actor, ctx| {
            actor.timer = None;
            actor.apply(CampaignEvent::Look, ctx);
        }));
    }

    /// Ends for good: without its seat nobody has its address, and the supervisor does not restart it.
    fn leave(&mut self, ctx: &mut Context<Self>) {
        self.leaves = true;
        self.shared.campaigns.leave(self.id);
        ctx.stop();
    }

    fn check(&mut self, ctx: &mut Context<Self>) {
        let Some((campaign, catalog)) = self.campaign() else {
            return;
        };
        let before = campaign.draft.resend.as_ref().and_then(|wanted| {
            self.shared
                .read(|core| core.columns().campaigns().get(wanted.of).cloned())
        });
        let (id, tools, progress) = (self.id, self.tools.clone(), self.told.check.clone());
        let (keeper, turns) = (tools.keeper.clone(), tools.checks.clone());
        progress.bytes_done.store(0, Ordering::Relaxed);
        let check = move || -> Result<Recipients, CheckError> {
            if let Some(wanted) = &campaign.draft.resend {
                let before = before.ok_or(CheckError::Missing)?;
                return resend::lines_of(wanted, &before, &tools, &progress);
            }
            let (source, _) = campaign.upload.ok_or(CheckError::Missing)?;
            let check = Check {
                draft: &campaign.draft,
                catalog: &catalog,
                ranges: &tools.ranges,
                files: &*tools.files,
                progress: &progress,
            };
            check.run(source)
        };
        let check = async move {
            // Never closed.
            let turn = turns.acquire_owned().await;
            let kept = keeper.keep().await;
            let checked = tokio::task::spawn_blocking(move || {
                let checked = check();
                drop(turn);
                checked
            });
            (checked.await, kept)
        };
        let checked = check.into_actor(self).map(move |(checked, kept), actor, ctx| {
            let checked = match checked {
                Ok(checked) => checked.map_err(|error| told_to_people(&error)),
                Err(error) => {
                    tracing::error!(campaign = id.0, %error, "the check of a recipients file failed");
                    Err("the check failed; see the log of the service".to_owned())
                }
            };
            actor.apply(CampaignEvent::Checked(checked), ctx);
            drop(kept);
        });
        ctx.spawn(checked);
    }

    fn read(&mut self, from: u32, count: u32, ctx: &mut Context<Self>) {
        let Some((campaign, catalog)) = self.campaign() else {
            return;
        };
        let tools = self.tools.clone();
        let expansion = self.expansion.take().filter(|expansion| expansion.at() <= from);
        let read = move || -> Result<(Expansion, Vec<ExpandedLine>), ExpansionError> {
            let mut expansion = match expansion {
                Some(expansion) => expansion,
                None => Expansion::open(&*tools.files, &campaign)?,
            };
            let lines = expansion.read(from, count, &catalog, &tools.ranges)?;
            Ok((expansion, lines))
        };
        let lines = tokio::task::spawn_blocking(read)
            .into_actor(self)
            .map(|read, actor, ctx| {
                let lines = match read {
                    Ok(Ok((expansion, lines))) => {
                        actor.expansion = Some(expansion);
                        actor.backoff.reset();
                        Ok(lines)
                    }
                    Ok(Err(error)) => Err(told_to_people(&error)),
                    Err(error) => Err(error.to_string()),
                };
                actor.apply(CampaignEvent::Lines(lines), ctx);
            });
        ctx.spawn(lines);
    }

    fn campaign(&self) -> Option<(Campaign, Arc<Compiled>)> {
        self.shared.read(|core| {
            let campaign = core.columns().campaigns().get(self.id)?.clone();
            Some((campaign, core.catalog().clone()))
        })
    }
}

/// An error with its causes in one line.
fn told_to_people(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words = format!("{words}: {next}");
        cause = next.source();
    }
    words
}

/// A check or a read that still runs is of no use to anybody.
impl Drop for CampaignActor {
    fn drop(&mut self) {
        self.told.check.cancelled.store(true, Ordering::Relaxed);
    }
}

impl Actor for CampaignActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        if let Some(wait) = self.restart_after.take() {
            ctx.wait(actix::clock::sleep(wait).into_actor(self).map(|(), _, _| ()));
        }
        ctx.notify(Look);
    }
}

impl Supervised for CampaignActor {
    fn restarting(&mut self, _: &mut Context<Self>) {
        let now = self.shared.now();
        self.shared.read(|core| core.counters().actor_restarts.add(1));
        self.core = CampaignCore::default();
        self.expansion = None;
        self.timer = None;
        self.restart_after = Some(self.backoff.next(rand::random()));
        if !self.budget.take(now.monotonic) {
            tracing::error!(campaign = self.id.0, "the campaign's actor failed too often");
            let reason = "it failed too often; see the log of the service".into();
            self.change(CampaignChange::Failed { reason });
        }
    }
}

impl Handler<Look> for CampaignActor {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Context<Self>) {
        self.apply(CampaignEvent::Look, ctx);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct CancelledUpto(Option<u32>);

impl Handler<CancelledUpto> for CampaignActor {
    type Result = ();

    fn handle(&mut self, CancelledUpto(next): CancelledUpto, ctx: &mut Context<Self>) {
        self.apply(CampaignEvent::Cancelled(next), ctx);
    }
}

/// Makes the next event panic.
#[cfg(test)]
#[derive(Message)]
#[rtype(result = "()")]
pub struct Fault;

#[cfg(test)]
impl Handler<Fault> for CampaignActor {
    type Result = ();

    fn handle(&mut self, _: Fault, _: &mut Context<Self>) {
        self.fault = true;
    }
}
