//! Kills a world's server by a schedule, and keeps account of it.

use super::campaigns::Campaigns;
use super::report::{Kill, hits};
use super::schedule::{Moment, Plan, Schedule};
use super::traces::{Traces, kill_at};
use super::world::{CARRIERS, WINDOWS, World};
use crate::bench::outcome::RunError;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How long a moment is waited for.
const MOMENT_PATIENCE: Duration = Duration::from_secs(5);
/// A start that was asked for is recorded within this time, or not.
const CAMPAIGN_START: Duration = Duration::from_millis(8);
/// An answer that takes longer is none.
const PROBE: Duration = Duration::from_millis(2);
/// Kills beyond those wanted, for moments that were not hit yet.
const EXTRA_MAX: u64 = 20;
/// With so many kills each moment comes at least once.
pub const ROUND: u64 = Moment::ALL.len() as u64;

pub struct Killer {
    pub world: World,
    pub campaigns: Campaigns,
    schedule: Schedule,
    journal: PathBuf,
    start: Instant,
    pub events: Vec<Kill>,
    pub restarts: Vec<Duration>,
    pub uncertain_allowed: u64,
    pub starts_unanswered: u64,
}

impl Killer {
    pub fn new(world: World, seed: u64, alive_ms_max: u64, start: Instant) -> Self {
        Killer {
            campaigns: Campaigns::new(world.server.address()),
            schedule: Schedule::new(seed, alive_ms_max, CARRIERS),
            journal: world.server.data().join("journal"),
            world,
            start,
            events: Vec::new(),
            restarts: Vec::new(),
            uncertain_allowed: 0,
            starts_unanswered: 0,
        }
    }

    pub async fn kill_all(&mut self, times: u64) -> Result<(), RunError> {
        loop {
            let done = self.events.len() as u64;
            let extra = done < times + EXTRA_MAX && times >= ROUND && !self.every_moment_was_hit();
            if done >= times && !extra {
                return Ok(());
            }
            let plan = self.schedule.next_plan();
            // In the extra time only what is missing.
            if done < times || hits(&self.events)[&plan.moment].hit == 0 {
                self.kill(&plan).await?;
            }
        }
    }

    fn every_moment_was_hit(&self) -> bool {
        hits(&self.events).values().all(|hits| hits.hit > 0)
    }

    /// One entry of the schedule, from one readiness to the next. A recovery that is interrupted takes two kills.
    async fn kill(&mut self, plan: &Plan) -> Result<(), RunError> {
        let campaign = match plan.moment {
            Moment::CampaignStart | Moment::Expansion => Some(self.campaigns.prepare().await?),
            _ => None,
        };
        sleep(Duration::from_millis(plan.alive_ms - plan.lead_ms)).await;
        self.uncertain_allowed += self.world.begin(plan).await?;
        sleep(Duration::from_millis(plan.lead_ms)).await;
        match (plan.moment, campaign) {
            (Moment::CampaignStart, Some(campaign)) => self.kill_at_start(plan, campaign).await?,
            (Moment::Expansion, Some(campaign)) => self.kill_at_expansion(plan, campaign).await?,
            (Moment::Checkpoint | Moment::VolumeChange, _) if self.is_shown() => {
                self.kill_when_shown(plan, true).await?
            }
            _ => {
                self.world.server.kill()?;
                self.killed(Moment::Any, true, plan, true);
            }
        }
        sleep(Duration::from_millis(plan.down_ms)).await;
        if plan.moment.is_recovery() {
            self.interrupt_recovery(plan).await?;
        }
        self.restarts.push(self.world.server.start_again().await?);
        sleep(Duration::from_millis(plan.tail_ms)).await;
        self.world.end(plan).await
    }

    async fn interrupt_recovery(&mut self, plan: &Plan) -> Result<(), RunError> {
        self.world.server.spawn()?;
        if plan.moment == Moment::Rewriting && self.is_shown() {
            return self.kill_when_shown(plan, false).await;
        }
        let usual = self
            .restarts
            .last()
            .copied()
            .unwrap_or(Duration::from_millis(300));
        sleep(usual.mul_f64(plan.share)).await;
        let mut client = self.world.server.client();
        let answer = timeout(PROBE, client.get("/readyz")).await;
        let was_ready = matches!(answer, Ok(Ok(answer)) if answer.status == 200);
        self.world.server.kill()?;
        self.killed(plan.moment, !was_ready, plan, was_ready);
        Ok(())
    }

    /// A journal on Kafka has no folder that shows what it does: then any moment will do.
    fn is_shown(&self) -> bool {
        self.journal.exists()
    }

    /// Waits for what the journal's folder shows of the moment; the folder says afterwards whether it was hit.
    async fn kill_when_shown(&mut self, plan: &Plan, was_ready: bool) -> Result<(), RunError> {
        let Some(pid) = self.world.server.pid() else {
            return Ok(());
        };
        let (moment, journal) = (plan.moment, self.journal.clone());
        let killed = tokio::task::spawn_blocking(move || kill_at(moment, &journal, pid, MOMENT_PATIENCE));
        killed
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(RunError::File)?;
        self.world.server.kill()?;
        let traces = Traces::of(&self.journal).map_err(RunError::File)?;
        let hit = traces.show(moment) == Some(true);
        // A start that was not caught has come to its end.
        self.killed(moment, hit, plan, was_ready || !hit);
        Ok(())
    }

    /// The kill comes within milliseconds of the request, before its answer or after it.
    async fn kill_at_start(&mut self, plan: &Plan, campaign: usize) -> Result<(), RunError> {
        let World { server, .. } = &mut self.world;
        let killing = async {
            sleep(CAMPAIGN_START.mul_f64(plan.share)).await;
            server.kill().map_err(RunError::from)
        };
        let (started, killed) = tokio::join!(self.campaigns.start(campaign), killing);
        let answered = started?;
        killed?;
        self.starts_unanswered += u64::from(!answered);
        self.killed(plan.moment, true, plan, true);
        Ok(())
    }

    async fn kill_at_expansion(&mut self, plan: &Plan, campaign: usize) -> Result<(), RunError> {
        self.campaigns.start(campaign).await?;
        let hit = self.campaigns.is_half_way(campaign).await?;
        self.world.server.kill()?;
        self.killed(plan.moment, hit, plan, true);
        Ok(())
    }

    fn killed(&mut self, moment: Moment, hit: bool, plan: &Plan, was_ready: bool) {
        if was_ready {
            self.uncertain_allowed += WINDOWS * CARRIERS as u64;
        }
        self.events.push(Kill {
            at_s: self.start.elapsed().as_secs_f64(),
            moment,
            hit,
            storm: plan.storm,
            was_ready,
        });
    }
}
