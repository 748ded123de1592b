use crate::campaign::progress;
use crate::lane::SharedLane;
use carillon_domain::campaign::{CampaignState, Tally};
use carillon_domain::ids::{CampaignId, TenantId};
use carillon_domain::time::UnixMs;
use compact_str::CompactString;

/// Campaigns told at most, the newest ones.
pub const RUNNING_MAX: usize = 100;

/// A campaign that runs or is paused.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningCampaign {
    pub id: CampaignId,
    pub name: CompactString,
    pub tenant: TenantId,
    pub state: CampaignState,
    /// Lines that are sent.
    pub lines: u32,
    pub tally: Tally,
    /// Messages that ended per second, over the last minute.
    pub ended_per_second: Option<f64>,
    pub expected_end: Option<UnixMs>,
}

/// Those that run or are paused, newest first.
pub(super) fn running(lane: &SharedLane) -> Vec<RunningCampaign> {
    lane.read(|core| {
        let campaigns = core.columns().campaigns();
        if campaigns.going_on() == 0 {
            return Vec::new();
        }
        campaigns
            .newest_first()
            .filter(|(_, campaign)| matches!(campaign.state, CampaignState::Running | CampaignState::Paused))
            .take(RUNNING_MAX)
            .map(|(id, campaign)| {
                let progress = progress(lane, id, campaign);
                RunningCampaign {
                    id,
                    name: campaign.draft.name.clone(),
                    tenant: campaign.draft.tenant,
                    state: campaign.state,
                    lines: campaign.lines(),
                    tally: campaign.tally,
                    ended_per_second: progress.ended_per_second,
                    expected_end: progress.expected_end,
                }
            })
            .collect()
    })
}
