//! What the lane does for campaigns: their changes, the messages of their lines, and the end of what is unwritten.

use super::core::LaneCore;
use super::effect::Effect;
use crate::campaign::ExpandedLine;
use crate::columns::{Applied, KnownAnswer, RowRef};
use crate::intake::IntakeError;
use carillon_domain::campaign::{CampaignChange, CampaignDraft, CampaignLine, CampaignState};
use carillon_domain::catalog::Priority;
use carillon_domain::content::{Content, FileHash};
use carillon_domain::fact::{Fact, FinalState, PlannedAttempt};
use carillon_domain::frame::PAYLOAD_BYTES_MAX;
use carillon_domain::ids::{BusinessTypeId, CampaignId, RouteGroupId};
use carillon_domain::intake::Prepared;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::{ChannelKind, Condition};
use carillon_domain::refusal::{Refusal, RefusalCode};
use carillon_domain::time::Now;
use tokio::sync::oneshot;

/// Campaigns that are not over, drafts among them; more are refused.
pub const GOING_ON_MAX: usize = 1_000;
/// The same of one account: none of them leaves no room for others.
pub const GOING_ON_PER_ACCOUNT_MAX: usize = 200;

/// Rows looked at in one go for what a stopped campaign left.
const CANCEL_PLACES: u32 = 20_000;

/// Why what a stopped campaign left unwritten ends.
pub(super) const CAMPAIGN_STOPPED: &str = "campaign_stopped";

/// What a message, an attempt and an attachment take in a frame besides their texts, at most.
const MESSAGE_BYTES: usize = 320;
const ATTEMPT_BYTES: usize = 64;
const ATTACHMENT_BYTES: usize = 48;

/// Why a campaign was not begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftRefused {
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error("{most} campaigns are not over; end some of them first")]
    TooMany { most: usize },
}

/// Why a change of a campaign was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    #[error("there is no such campaign")]
    Unknown,
    #[error("the campaign is {}", .0.word())]
    NotIn(CampaignState),
    #[error("no line of its recipients is good")]
    NoLines,
    #[error("its recipients come from another campaign")]
    HasRecipients,
}

impl LaneCore {
    /// Begins a campaign. A known idempotency key gives the campaign it made, and `true` (IDEM-1).
    pub fn draft_campaign(
        &mut self,
        draft: CampaignDraft,
        now: Now,
    ) -> Result<(CampaignId, bool), DraftRefused> {
        if let Some(key) = draft.idempotency
            && let Some(known) = self.columns.keys().get(&key.key)
        {
            return match known.answer {
                KnownAnswer::Campaign(id) if known.fingerprint == key.fingerprint => Ok((id, true)),
                _ => Err(self.conflict().into()),
            };
        }
        self.check_room()?;
        self.check_key_room(draft.idempotency)?;
        let campaigns = self.columns.campaigns();
        for (going_on, most) in [
            (campaigns.going_on(), GOING_ON_MAX),
            (campaigns.going_on_of(draft.account), GOING_ON_PER_ACCOUNT_MAX),
        ] {
            if going_on >= most {
                return Err(DraftRefused::TooMany { most });
            }
        }
        let id = self.columns.campaigns().next_id(self.options.maker);
        self.record_change(id, CampaignChange::Drafted(Box::new(draft)), now);
        Ok((id, false))
    }

    /// Records a change where it fits the state. A schedule that the draft names stands from the first moment on.
    pub fn change_campaign(
        &mut self,
        id: CampaignId,
        change: CampaignChange,
        now: Now,
    ) -> Result<(), ChangeRefused> {
        let campaign = self.columns.campaigns().get(id).ok_or(ChangeRefused::Unknown)?;
        if campaign.state.after(&change).is_none() {
            return Err(ChangeRefused::NotIn(campaign.state));
        }
        if matches!(change, CampaignChange::Uploaded { .. }) && campaign.draft.resend.is_some() {
            return Err(ChangeRefused::HasRecipients);
        }
        let begins = matches!(change, CampaignChange::Started | CampaignChange::Scheduled(_));
        if begins && campaign.lines() == 0 {
            return Err(ChangeRefused::NoLines);
        }
        let schedule = match &change {
            CampaignChange::Created(recipients) if recipients.counts.good > 0 => campaign.draft.schedule,
            _ => None,
        };
        let resumed = matches!(change, CampaignChange::Resumed);
        self.record_change(id, change, now);
        if let Some(schedule) = schedule {
            self.record_change(id, CampaignChange::Scheduled(schedule), now);
        }
        if resumed {
            // Its messages stood in queues that nobody was told of since.
            let connections: Vec<_> = self.links.keys().copied().collect();
            connections
                .into_iter()
                .for_each(|connection| self.poke(connection));
        }
        Ok(())
    }

    /// Resolves `told` when everything recorded so far is durable (ACK-1).
    pub fn tell_when_durable(&mut self, told: oneshot::Sender<()>) {
        self.hold(Effect::Tell(told));
    }

    /// Makes messages of the lines from `first` on; they and the new place of the campaign stand in the same frames. Does
    /// nothing unless the campaign runs and stands exactly there.
    pub fn expand(&mut self, id: CampaignId, first: u32, lines: Vec<ExpandedLine>, now: Now) {
        let stands_there = |state, line| state == CampaignState::Running && line == first;
        let Some(campaign) = self.columns.campaigns().get(id) else {
            return;
        };
        if !stands_there(campaign.state, campaign.line) {
            return;
        }
        let (mut next, mut recorded) = (first, first);
        for line in lines {
            if line.bytes() > self.frame_room() {
                if recorded < next {
                    self.record_change(id, CampaignChange::AtLine { line: next }, now);
                    recorded = next;
                }
                self.commit();
            }
            self.expand_line(
                CampaignLine {
                    campaign: id,
                    line: next,
                },
                line,
                now,
            );
            next += 1;
        }
        if recorded < next {
            self.record_change(id, CampaignChange::AtLine { line: next }, now);
        }
        self.commit_when_large();
    }

    /// Ends what is unwritten of a stopped campaign among the rows from `from` on; where to go on, `None` at the end.
    pub fn cancel_unwritten(&mut self, id: CampaignId, from: u32, now: Now) -> Option<u32> {
        let (rows, next) = self.columns.unwritten_of(id, from, CANCEL_PLACES);
        for at in rows {
            self.cancel(at, now);
            self.commit_when_large();
        }
        next
    }

    fn cancel(&mut self, at: RowRef, now: Now) {
        match self.columns.row(at) {
            Some(row) if row.in_plan => self.settle_plan(row.id, now),
            Some(_) => self.finish(at, FinalState::Cancelled, Some(CAMPAIGN_STOPPED.into()), now),
            None => {}
        }
    }

    /// A file was stored that no campaign took.
    pub fn leave_file(&mut self, file: FileHash) {
        self.columns.leave_file(file);
    }

    /// Files that campaigns left behind and nobody refers to.
    pub fn take_left_files(&mut self) -> Vec<FileHash> {
        let left = self.columns.take_left_files();
        let campaigns = self.columns.campaigns();
        left.into_iter()
            .filter(|file| !campaigns.refer_to(*file))
            .collect()
    }

    fn expand_line(&mut self, at: CampaignLine, line: ExpandedLine, now: Now) {
        let too_large = line.bytes() > PAYLOAD_BYTES_MAX / 2;
        let message = match line.message {
            Ok(_) if too_large => Err(Refusal::new(RefusalCode::TextTooLong, "", "")),
            other => other,
        };
        let catalog = self.catalog.clone();
        let Some(campaign) = self.columns.campaigns().get(at.campaign) else {
            return;
        };
        let account = catalog.account(campaign.draft.account);
        match (message, account) {
            (Ok(message), Some(account)) => {
                if self.check_quota(account, &message, now).is_err() {
                    self.refuse_line(at, message, RefusalCode::QuotaExceeded, now);
                } else if let Err(error) = self.check_caps(account, &message, now) {
                    self.refuse_line(at, message, error.cap_code(), now);
                } else {
                    self.accept(account, message, None, Some(at), now);
                }
            }
            (Ok(message), None) => self.refuse_line(at, message, RefusalCode::AccountDisabled, now),
            (Err(refusal), _) => self.refuse_line(at, nothing_to(line.to), refusal.code, now),
        }
    }

    /// A line that cannot be sent any more ends at once, so that none vanishes (MSG-1).
    fn refuse_line(&mut self, at: CampaignLine, message: Prepared, code: RefusalCode, now: Now) {
        let Some(campaign) = self.columns.campaigns().get(at.campaign) else {
            return;
        };
        let (tenant, account) = (campaign.draft.tenant, campaign.draft.account);
        let accepted = self.accepted_of((tenant, account), message, None, Some(at), now);
        self.counters.messages_accepted.add(1);
        if let Applied::Opened(row) = self.record(Fact::Accepted(Box::new(accepted))) {
            self.finish(row, FinalState::Rejected, Some(code.word().into()), now);
        }
    }

    fn record_change(&mut self, campaign: CampaignId, change: CampaignChange, now: Now) {
        self.record(Fact::Campaign {
            campaign,
            change,
            at: now.unix,
        });
    }
}

impl ExpandedLine {
    /// About what its facts take; never less.
    fn bytes(&self) -> usize {
        let Ok(message) = &self.message else {
            return MESSAGE_BYTES;
        };
        let reference = message.reference.as_ref().map_or(0, |reference| reference.len());
        // It stands in ACCEPTED and, where the line is refused, in FINAL.
        MESSAGE_BYTES + 2 * reference + message.plan.iter().map(attempt_bytes).sum::<usize>()
    }
}

fn attempt_bytes(attempt: &PlannedAttempt) -> usize {
    let codes = match &attempt.when {
        Some(Condition::Failed { codes }) => codes.iter().map(|code| code.len() + 1).sum(),
        _ => 0,
    };
    let content = match &attempt.content {
        Content::Text(content) => content.text.len() + content.extension.len(),
        Content::Mail(mail) => {
            let files = mail.attachments.iter();
            let files = files.map(|file| ATTACHMENT_BYTES + file.name.len() + file.media_type.len());
            let html = mail.html.as_ref().map_or(0, |html| html.len());
            mail.address.len() + mail.subject.len() + mail.text.len() + html + files.sum::<usize>()
        }
    };
    ATTEMPT_BYTES + codes + content
}

/// The message of a line of which nothing can be made.
fn nothing_to(to: Option<PhoneNumber>) -> Prepared {
    Prepared {
        to,
        plan: vec![PlannedAttempt {
            kind: ChannelKind::Sms,
            group: RouteGroupId::default(),
            segments: 1,
            when: None,
            content: Content::of_text(""),
        }],
        business_type: BusinessTypeId::default(),
        priority: Priority::default(),
        not_before: None,
        validity_s: 0,
        person_window: None,
        reference: None,
        price_per_segment: 0,
    }
}
