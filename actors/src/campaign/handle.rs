use super::file_keeper::FilesKept;
use super::seats;
use crate::handle::{LaneHandle, QueryError};
use crate::lane::{ChangeRefused, DraftRefused, SharedLane};
use carillon_domain::campaign::{Campaign, CampaignChange, CampaignDraft, CampaignState};
use carillon_domain::content::FileHash;
use carillon_domain::ids::{AccountId, CampaignId};
use carillon_domain::time::UnixMs;
use carillon_storage::files::Files;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Campaigns on one page at most.
pub const CAMPAIGNS_PAGE_MAX: usize = 200;

/// Why something asked of a campaign was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CampaignError {
    #[error(transparent)]
    Draft(#[from] DraftRefused),
    #[error(transparent)]
    Change(#[from] ChangeRefused),
    #[error("the service is stopping")]
    Stopping,
    #[error("the service ended before the change was durable")]
    Interrupted,
}

/// A campaign as readers see it.
#[derive(Clone, Debug)]
pub struct CampaignView {
    pub id: CampaignId,
    pub campaign: Campaign,
    pub progress: CampaignProgress,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CampaignProgress {
    /// Of the recipients file, while it is checked.
    pub checked_bytes: Option<u64>,
    /// Messages that ended per second, over the last minute.
    pub ended_per_second: Option<f64>,
    /// When the last message will have ended, by that speed and by the pace; `None` while nobody can say.
    pub expected_end: Option<UnixMs>,
}

/// Which campaigns to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct CampaignQuery {
    /// Only those of one account.
    pub account: Option<AccountId>,
    /// Only those in one of these states; all when empty.
    pub states: Vec<CampaignState>,
    /// In lower case: only those whose name holds this, in whatever case; all when empty.
    pub name: String,
    /// Only ids below.
    pub before: Option<CampaignId>,
    pub limit: usize,
}

impl CampaignQuery {
    fn fits(&self, campaign: &Campaign) -> bool {
        is_of(campaign, self.account)
            && (self.states.is_empty() || self.states.contains(&campaign.state))
            && (self.name.is_empty() || campaign.draft.name.to_lowercase().contains(&self.name))
    }
}

impl LaneHandle {
    /// The file store, when the node has one; without it there are no campaigns.
    pub fn files(&self) -> Option<&Arc<dyn Files>> {
        self.inner.files.as_ref()
    }

    /// Before a file is stored: see [`FilesKept`].
    pub async fn keep_files(&self) -> FilesKept {
        self.inner.file_keeper.keep().await
    }

    /// A file was stored for a campaign that did not take it.
    pub async fn leave_file(&self, file: FileHash) -> Result<(), QueryError> {
        self.ask(move |lane| lane.with(|core, _| core.leave_file(file)))
            .await
    }

    /// Begins a campaign; resolves when it is durable. `true` when its idempotency key was known: this is the first one's.
    pub async fn draft_campaign(&self, draft: CampaignDraft) -> Result<(CampaignId, bool), CampaignError> {
        let resends = draft.resend.is_some();
        self.durably(move |lane, told| {
            let (id, repeated) = lane.with(|core, now| {
                let drafted = core.draft_campaign(draft, now)?;
                core.tell_when_durable(told);
                Ok::<_, DraftRefused>(drafted)
            })?;
            if resends {
                seats::wake(lane, id);
            }
            Ok((id, repeated))
        })
        .await
    }

    /// Changes a campaign of `account`, or of any when `None`; resolves when it is durable.
    pub async fn change_campaign(
        &self,
        account: Option<AccountId>,
        id: CampaignId,
        change: CampaignChange,
    ) -> Result<(), CampaignError> {
        self.durably(move |lane, told| {
            lane.with(|core, now| {
                let campaign = core.columns().campaigns().get(id);
                if !campaign.is_some_and(|campaign| is_of(campaign, account)) {
                    return Err(ChangeRefused::Unknown);
                }
                core.change_campaign(id, change, now)?;
                core.tell_when_durable(told);
                Ok(())
            })?;
            seats::wake(lane, id);
            Ok(())
        })
        .await
    }

    /// A campaign of `account`, or of any when `None`.
    pub async fn campaign(
        &self,
        account: Option<AccountId>,
        id: CampaignId,
    ) -> Result<Option<CampaignView>, QueryError> {
        self.ask(move |lane| {
            lane.read(|core| {
                let campaign = core.columns().campaigns().get(id);
                let campaign = campaign.filter(|campaign| is_of(campaign, account))?;
                Some(view(lane, id, campaign))
            })
        })
        .await
    }

    pub async fn campaigns(&self, query: CampaignQuery) -> Result<Vec<CampaignView>, QueryError> {
        self.ask(move |lane| {
            lane.read(|core| {
                core.columns()
                    .campaigns()
                    .newest_first()
                    .filter(|(id, _)| query.before.is_none_or(|before| *id < before))
                    .filter(|(_, campaign)| query.fits(campaign))
                    .take(query.limit.clamp(1, CAMPAIGNS_PAGE_MAX))
                    .map(|(id, campaign)| view(lane, id, campaign))
                    .collect()
            })
        })
        .await
    }

    /// Runs a change on the lane's thread and waits until it is durable.
    async fn durably<R: Send + 'static>(
        &self,
        change: impl FnOnce(&Rc<SharedLane>, oneshot::Sender<()>) -> Result<R, CampaignError> + Send + 'static,
    ) -> Result<R, CampaignError> {
        let (told, durable) = oneshot::channel();
        let done = self
            .ask(move |lane| change(lane, told))
            .await
            .map_err(|_| CampaignError::Stopping)??;
        durable.await.map_err(|_| CampaignError::Interrupted)?;
        Ok(done)
    }
}

fn is_of(campaign: &Campaign, account: Option<AccountId>) -> bool {
    account.is_none_or(|account| campaign.draft.account == account)
}

fn view(lane: &SharedLane, id: CampaignId, campaign: &Campaign) -> CampaignView {
    CampaignView {
        id,
        campaign: campaign.clone(),
        progress: progress(lane, id, campaign),
    }
}

pub(crate) fn progress(lane: &SharedLane, id: CampaignId, campaign: &Campaign) -> CampaignProgress {
    let ended_per_second = lane.campaigns.ended_per_second(id);
    let checking = campaign.state == CampaignState::Checking;
    CampaignProgress {
        checked_bytes: checking.then(|| lane.campaigns.checked_bytes(id)).flatten(),
        ended_per_second,
        expected_end: expected_end(campaign, ended_per_second, lane.now().unix),
    }
}

/// By how fast messages end, and not before the pace has let the last line out.
fn expected_end(campaign: &Campaign, ended_per_second: Option<f64>, now: UnixMs) -> Option<UnixMs> {
    if campaign.state != CampaignState::Running {
        return None;
    }
    let left = campaign.lines().saturating_sub(campaign.tally.all_ended());
    let by_speed = ended_per_second
        .filter(|speed| *speed > 0.0)
        .map(|speed| f64::from(left) / speed);
    let by_pace = campaign
        .rate
        .map(|rate| f64::from(campaign.lines().saturating_sub(campaign.line)) / f64::from(rate.max(1)));
    let seconds = by_speed?.max(by_pace.unwrap_or(0.0));
    // Nobody plans further ahead.
    const SECONDS_MAX: f64 = 10.0 * 365.0 * 86_400.0;
    Some(now + Duration::from_secs_f64(seconds.min(SECONDS_MAX)))
}
