//! Campaigns and what became of their messages.

use super::Columns;
use super::row::RowRef;
use carillon_domain::campaign::{Campaign, CampaignChange, CampaignState};
use carillon_domain::content::FileHash;
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, CampaignId};
use carillon_domain::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Campaigns that are over and are kept; above it the oldest without an open message goes.
pub const OVER_MAX: usize = 10_000;

/// All campaigns of a lane, as a fold of CAMPAIGN facts and of the facts of their messages.
#[derive(Debug, Default)]
pub struct Campaigns {
    campaigns: BTreeMap<CampaignId, Campaign>,
    /// The highest id ever given.
    last: CampaignId,
    over: BTreeSet<CampaignId>,
    /// Paused and stopped ones: what waits of them is not written.
    held: BTreeSet<CampaignId>,
    /// Files that campaigns no longer refer to, for whoever removes them. What a crash loses of it stays on the disk.
    left: Vec<FileHash>,
}

impl Columns {
    /// Attempts of a campaign's messages of which nothing is, or may be, with a carrier, among so many places of the rows from
    /// `from` on; and where the next begin, `None` at the end.
    pub fn unwritten_of(&self, id: CampaignId, from: u32, places: u32) -> (Vec<RowRef>, Option<u32>) {
        let (rows, next) = self.rows.part(from, places);
        let unwritten = rows
            .filter(|(_, row)| row.campaign == Some(id) && row.is_unwritten())
            .map(|(at, _)| at)
            .collect();
        (unwritten, next)
    }
}

/// As a checkpoint holds them.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredCampaigns<C> {
    pub last: CampaignId,
    pub campaigns: Vec<(CampaignId, C)>,
}

impl Campaigns {
    pub fn get(&self, id: CampaignId) -> Option<&Campaign> {
        self.campaigns.get(&id)
    }

    /// All of them, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = (CampaignId, &Campaign)> {
        self.campaigns.iter().rev().map(|(id, campaign)| (*id, campaign))
    }

    /// The id of the next one. Each lane has its own range, so that no two have the same.
    pub fn next_id(&self, lane: u16) -> CampaignId {
        CampaignId(self.last.0.max(CampaignId::before_those_of(lane).0) + 1)
    }

    /// Those that are not over.
    pub fn going_on(&self) -> usize {
        self.campaigns.len() - self.over.len()
    }

    /// Those of one account.
    pub fn going_on_of(&self, account: AccountId) -> usize {
        let campaigns = self.campaigns.values();
        let going_on =
            campaigns.filter(|campaign| campaign.draft.account == account && !campaign.state.is_over());
        going_on.count()
    }

    /// Whether messages of a campaign may be written now.
    pub fn may_write(&self, campaign: Option<CampaignId>) -> bool {
        campaign.is_none_or(|id| !self.held.contains(&id))
    }

    /// Whether nothing more of the campaign is to be written.
    pub fn is_stopped(&self, campaign: Option<CampaignId>) -> bool {
        let campaign = campaign.and_then(|id| self.campaigns.get(&id));
        campaign.is_some_and(|campaign| campaign.state == CampaignState::Stopped)
    }

    /// Whether a campaign refers to the file.
    pub fn refer_to(&self, file: FileHash) -> bool {
        self.campaigns
            .values()
            .any(|campaign| campaign.files().any(|other| other == file))
    }

    /// Files that campaigns have stopped to refer to since the last call.
    pub fn take_left(&mut self) -> Vec<FileHash> {
        std::mem::take(&mut self.left)
    }

    pub fn has_left(&self) -> bool {
        !self.left.is_empty()
    }

    pub(super) fn leave(&mut self, file: FileHash) {
        self.left.push(file);
    }

    /// `false` when the change does not fit.
    pub(super) fn change(&mut self, id: CampaignId, change: &CampaignChange, at: UnixMs) -> bool {
        if let CampaignChange::Drafted(draft) = change {
            if id <= self.last {
                return false;
            }
            self.last = id;
            self.campaigns.insert(id, Campaign::new((**draft).clone(), at));
            return true;
        }
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return false;
        };
        let before: Vec<_> = campaign.files().collect();
        if !campaign.apply(change, at) {
            return false;
        }
        let after: Vec<_> = campaign.files().collect();
        self.left
            .extend(before.into_iter().filter(|file| !after.contains(file)));
        match campaign.state {
            CampaignState::Paused | CampaignState::Stopped => self.held.insert(id),
            _ => self.held.remove(&id),
        };
        if *change == CampaignChange::Dropped {
            self.forget(id);
        } else if campaign.state.is_over() && self.over.insert(id) {
            self.forget_oldest();
        }
        true
    }

    pub(super) fn accepted(&mut self, campaign: Option<CampaignId>) {
        if let Some(campaign) = self.of(campaign) {
            campaign.tally.accepted();
        }
    }

    /// The first INTENT of a message.
    pub(super) fn written(&mut self, campaign: Option<CampaignId>) {
        if let Some(campaign) = self.of(campaign) {
            campaign.tally.written();
        }
    }

    pub(super) fn ended(&mut self, campaign: Option<CampaignId>, state: FinalState, was_written: bool) {
        if let Some(campaign) = self.of(campaign) {
            campaign.tally.ended(state, was_written);
        }
    }

    pub(super) fn amended(&mut self, campaign: Option<CampaignId>, before: FinalState, after: FinalState) {
        if let Some(campaign) = self.of(campaign) {
            campaign.tally.amended(before, after);
        }
    }

    pub(super) fn stored(&self) -> StoredCampaigns<&Campaign> {
        StoredCampaigns {
            last: self.last,
            campaigns: self
                .campaigns
                .iter()
                .map(|(id, campaign)| (*id, campaign))
                .collect(),
        }
    }

    pub(super) fn restore(stored: StoredCampaigns<Campaign>) -> Self {
        let campaigns: BTreeMap<_, _> = stored.campaigns.into_iter().collect();
        let those = |wanted: fn(&Campaign) -> bool| {
            let wanted = campaigns.iter().filter(|(_, campaign)| wanted(campaign));
            wanted.map(|(id, _)| *id).collect()
        };
        Campaigns {
            last: stored.last,
            over: those(|campaign| campaign.state.is_over()),
            held: those(|campaign| matches!(campaign.state, CampaignState::Paused | CampaignState::Stopped)),
            left: Vec::new(),
            campaigns,
        }
    }

    fn of(&mut self, campaign: Option<CampaignId>) -> Option<&mut Campaign> {
        self.campaigns.get_mut(&campaign?)
    }

    fn forget_oldest(&mut self) {
        if self.over.len() <= OVER_MAX {
            return;
        }
        let settled = |id: &&CampaignId| {
            let campaign = self.campaigns.get(*id);
            campaign.is_none_or(|campaign| campaign.tally.open() == 0)
        };
        if let Some(oldest) = self.over.iter().find(settled).copied() {
            self.forget(oldest);
        }
    }

    fn forget(&mut self, id: CampaignId) {
        self.over.remove(&id);
        self.held.remove(&id);
        if let Some(campaign) = self.campaigns.remove(&id) {
            self.left.extend(campaign.files());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::campaign::{CampaignDraft, CampaignMessage, Duplicates, LineCounts, Recipients};
    use carillon_domain::ids::TenantId;

    fn draft() -> CampaignChange {
        CampaignChange::Drafted(Box::new(CampaignDraft {
            tenant: TenantId(1),
            account: AccountId(1),
            name: "复诊提醒".into(),
            message: CampaignMessage::default(),
            duplicates: Duplicates::Refuse,
            rate: None,
            schedule: None,
            resend: None,
            idempotency: None,
        }))
    }

    fn created() -> CampaignChange {
        let file = FileHash([1; 32]);
        CampaignChange::Created(Box::new(Recipients {
            source: file,
            lines: file,
            refused: file,
            counts: LineCounts::default(),
        }))
    }

    fn upload() -> CampaignChange {
        CampaignChange::Uploaded {
            source: FileHash([2; 32]),
            bytes: 7,
        }
    }

    fn apply(campaigns: &mut Campaigns, id: u32, changes: &[CampaignChange]) {
        for change in changes {
            assert!(campaigns.change(CampaignId(id), change, UnixMs(1)), "{change:?}");
        }
    }

    #[test]
    fn what_is_paused_or_stopped_is_not_written() {
        let mut campaigns = Campaigns::default();
        apply(
            &mut campaigns,
            1,
            &[draft(), upload(), created(), CampaignChange::Started],
        );
        assert!(campaigns.may_write(Some(CampaignId(1))));
        apply(&mut campaigns, 1, &[CampaignChange::Paused]);
        let stored = postcard::to_stdvec(&campaigns.stored()).unwrap();
        let mut campaigns = Campaigns::restore(postcard::from_bytes(&stored).unwrap());
        assert!(!campaigns.may_write(Some(CampaignId(1))));
        assert!(campaigns.may_write(None) && campaigns.may_write(Some(CampaignId(9))));
        apply(&mut campaigns, 1, &[CampaignChange::Resumed]);
        assert!(campaigns.may_write(Some(CampaignId(1))));
        apply(&mut campaigns, 1, &[CampaignChange::Stopped]);
        assert!(!campaigns.may_write(Some(CampaignId(1))));
    }

    #[test]
    fn the_oldest_that_are_over_go_and_ids_are_never_used_again() {
        let mut campaigns = Campaigns::default();
        apply(&mut campaigns, 1, &[draft()]);
        for id in 2..=OVER_MAX as u32 + 3 {
            apply(
                &mut campaigns,
                id,
                &[draft(), upload(), created(), CampaignChange::Stopped],
            );
        }
        assert_eq!(campaigns.campaigns.len(), OVER_MAX + 1);
        assert!(campaigns.get(CampaignId(1)).is_some() && campaigns.get(CampaignId(2)).is_none());
        let left = campaigns.take_left();
        assert_eq!(left.iter().filter(|file| **file == FileHash([1; 32])).count(), 6);
        assert!(campaigns.refer_to(FileHash([1; 32])) && !campaigns.refer_to(FileHash([2; 32])));
        apply(&mut campaigns, 1, &[CampaignChange::Dropped]);
        assert!(!campaigns.change(CampaignId(1), &draft(), UnixMs(1)));
        assert_eq!(campaigns.next_id(0), CampaignId(OVER_MAX as u32 + 4));
        assert_eq!(campaigns.next_id(3), CampaignId((3 << 22) + 1));
    }
}
