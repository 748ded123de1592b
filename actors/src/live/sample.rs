use super::running::{RunningCampaign, running};
use crate::columns::{Standing, Tally};
use crate::lane::{ClockStatus, SharedLane};
use carillon_domain::ids::TenantId;
use carillon_domain::time::Now;

/// What is taken from the lane at one look: maps are swapped, nothing is worked out on its time.
#[derive(Debug)]
pub(crate) struct Sample {
    pub now: Now,
    /// What happened since the look before.
    pub tally: Tally,
    pub standings: Vec<(TenantId, Standing)>,
    /// Messages in queues.
    pub waiting: Vec<(TenantId, u64)>,
    pub running: Vec<RunningCampaign>,
    pub clock: ClockStatus,
    /// Those that are configured.
    pub organisations: Vec<TenantId>,
}

impl Sample {
    pub fn take(lane: &SharedLane) -> Sample {
        let running = running(lane);
        lane.with_quietly(|core, now| Sample {
            now,
            tally: core.take_tally(),
            standings: core
                .columns()
                .standings()
                .iter()
                .map(|(tenant, standing)| (*tenant, *standing))
                .collect(),
            waiting: core.waiting_by_tenant().collect(),
            running,
            clock: core.clock_status(now),
            organisations: core.catalog().snapshot().organisations.keys().copied().collect(),
        })
    }
}
