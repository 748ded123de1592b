use super::hospital::{self, HOLD};
use super::trace::Event;
use super::world::World;
use carillon_actors::campaign::{CampaignCore, CampaignEffect, CampaignEvent, ExpandedLine};
use carillon_domain::campaign::{
    Campaign, CampaignChange, CampaignDraft, CampaignMessage, CampaignState, Duplicates, LineCounts,
    Recipients,
};
use carillon_domain::content::FileHash;
use carillon_domain::ids::{AccountId, CampaignId, TenantId};
use carillon_domain::refusal::{Refusal, RefusalCode};
use carillon_domain::time::Monotonic;
use std::collections::VecDeque;
use std::time::Duration;

/// How long its file takes to be checked, and lines to be read.
const FILE_TIME: Duration = Duration::from_millis(30);

/// A campaign as its actor runs it; its files are numbers.
pub struct Runner {
    pub id: CampaignId,
    account: AccountId,
    /// The number of its first line's message.
    first: u64,
    lines: u32,
    core: CampaignCore,
    next_look: Monotonic,
    /// What comes back from its files, and when.
    coming: VecDeque<(Monotonic, CampaignEvent)>,
}

impl Runner {
    /// Drafts a campaign and gives it its recipients; `None` when it is refused.
    pub fn begin(
        world: &mut World,
        account: AccountId,
        tenant: TenantId,
        lines: u32,
        rate: Option<u32>,
    ) -> Option<Runner> {
        let draft = CampaignDraft {
            tenant,
            account,
            name: "复诊提醒".into(),
            message: CampaignMessage::default(),
            duplicates: Duplicates::Refuse,
            rate,
            schedule: None,
            resend: None,
            idempotency: None,
        };
        let (id, _) = world.lane.draft_campaign(draft, world.now).ok()?;
        let uploaded = CampaignChange::Uploaded {
            source: FileHash([1; 32]),
            bytes: 1,
        };
        world.lane.change_campaign(id, uploaded, world.now).ok()?;
        let first = world.make_many(account, HOLD, lines);
        world.note(Event::Campaign { first, lines });
        Some(Runner {
            id,
            account,
            first,
            lines,
            core: CampaignCore::default(),
            next_look: world.now.monotonic,
            coming: VecDeque::new(),
        })
    }

    /// What a restart of the process leaves of it.
    pub fn restart(&mut self, now: Monotonic) {
        self.core = CampaignCore::default();
        self.coming.clear();
        self.next_look = now;
    }

    /// Somebody changed it.
    pub fn wake(&mut self, now: Monotonic) {
        self.next_look = now;
    }

    pub fn next_event(&self) -> Monotonic {
        let coming = self.coming.front().map(|(at, _)| *at);
        coming.map_or(self.next_look, |at| at.min(self.next_look))
    }

    /// Does what is due.
    pub fn work(&mut self, world: &mut World) {
        while self
            .coming
            .front()
            .is_some_and(|(at, _)| *at <= world.now.monotonic)
        {
            if let Some((_, event)) = self.coming.pop_front() {
                self.apply(world, event);
            }
        }
        if self.next_look <= world.now.monotonic {
            self.next_look = world.now.monotonic + Duration::from_secs(60);
            self.apply(world, CampaignEvent::Look);
        }
    }

    /// Its state; `None` when it was lost with an unsynced write.
    pub fn state(&self, world: &World) -> Option<CampaignState> {
        Some(self.campaign(world)?.state)
    }

    /// Whether every line became a message and ended, where the campaign says that it has finished.
    pub fn is_true(&self, world: &World) -> bool {
        let Some(campaign) = self.campaign(world) else {
            return true;
        };
        let (tally, lines) = (campaign.tally, self.lines);
        campaign.state != CampaignState::Finished
            || (campaign.line, tally.expanded, tally.all_ended()) == (lines, lines, lines)
    }

    fn campaign(&self, world: &World) -> Option<Campaign> {
        let campaign = world.lane.columns().campaigns().get(self.id)?;
        (campaign.draft.account == self.account).then(|| campaign.clone())
    }

    fn apply(&mut self, world: &mut World, event: CampaignEvent) {
        let Some(campaign) = self.campaign(world) else {
            return;
        };
        let has_room = world.lane.check_room().is_ok();
        for effect in self.core.apply(event, &campaign, has_room, world.now) {
            self.perform(world, effect);
        }
    }

    fn perform(&mut self, world: &mut World, effect: CampaignEffect) {
        let later = world.now.monotonic + FILE_TIME;
        match effect {
            CampaignEffect::Check => {
                let recipients = self.recipients();
                self.coming
                    .push_back((later, CampaignEvent::Checked(Ok(recipients))));
            }
            CampaignEffect::Read { from, count } => {
                let lines = (from..from + count).map(|line| self.line(world, line)).collect();
                self.coming.push_back((later, CampaignEvent::Lines(Ok(lines))));
            }
            CampaignEffect::Expand { first, lines } => world.lane.expand(self.id, first, lines, world.now),
            CampaignEffect::Change(change) => {
                // An operator may have been quicker.
                let _refused = world.lane.change_campaign(self.id, change, world.now);
            }
            CampaignEffect::Cancel { from } => {
                let next = world.lane.cancel_unwritten(self.id, from, world.now);
                self.apply(world, CampaignEvent::Cancelled(next));
            }
            CampaignEffect::Wait(time) => self.next_look = world.now.monotonic + time,
            CampaignEffect::Rest => {}
        }
    }

    fn recipients(&self) -> Recipients {
        Recipients {
            source: FileHash([1; 32]),
            lines: FileHash([2; 32]),
            refused: FileHash([3; 32]),
            counts: LineCounts {
                total: self.lines,
                good: self.lines,
                ..LineCounts::default()
            },
        }
    }

    fn line(&self, world: &World, line: u32) -> ExpandedLine {
        let number = self.first + u64::from(line);
        let message = hospital::message(&world.catalog, &world.ranges, self.account, HOLD, number, 1);
        ExpandedLine {
            to: message.as_ref().and_then(|message| message.to),
            message: message.ok_or_else(|| Refusal::new(RefusalCode::NoRoute, "", "")),
        }
    }
}
