use super::credit::credit;
use super::expansion::ExpandedLine;
use super::meter::Meter;
use super::pace::Pace;
use carillon_domain::campaign::{Campaign, CampaignChange, CampaignState, Recipients};
use carillon_domain::time::{Monotonic, Now, UnixMs};
use std::collections::VecDeque;
use std::time::Duration;

/// Lines read, and made into messages, in one go.
const LINES_PER_PART: u32 = 500;

/// Between two looks: while lines wait for the next part, while pace or credit say when, and while little can happen.
const SOON: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_millis(500);

/// A stopped campaign is looked through again: a carrier may have given back what it had.
const CANCEL_AGAIN: Duration = Duration::from_secs(30);

/// What a campaign is told.
#[derive(Debug)]
pub enum CampaignEvent {
    /// Time has passed, or somebody changed it.
    Look,
    /// The check of its recipients has ended; the error is for people.
    Checked(Result<Recipients, String>),
    /// Lines were read.
    Lines(Result<Vec<ExpandedLine>, String>),
    /// What was unwritten has ended up to this place of the rows; everything when `None`.
    Cancelled(Option<u32>),
}

/// What a campaign wants done.
#[derive(Debug)]
pub enum CampaignEffect {
    /// Check the recipients, off the lane's thread; one [`CampaignEvent::Checked`] is due.
    Check,
    /// Read so many lines, off the lane's thread; one [`CampaignEvent::Lines`] is due.
    Read {
        from: u32,
        count: u32,
    },
    /// Make messages.
    Expand {
        first: u32,
        lines: Vec<ExpandedLine>,
    },
    Change(CampaignChange),
    /// End what is unwritten among the rows from here on; one [`CampaignEvent::Cancelled`] is due.
    Cancel {
        from: u32,
    },
    /// Look again after this time.
    Wait(Duration),
    /// Nothing is to be done until somebody changes the campaign.
    Rest,
}

/// What one campaign does next. Everything that must outlive a crash is in [`Campaign`]; this is rebuilt from nothing.
#[derive(Debug, Default)]
pub struct CampaignCore {
    checking: bool,
    /// The first of the lines that are being read.
    reading: Option<u32>,
    /// Lines read ahead; the first is line `first`.
    ready: VecDeque<ExpandedLine>,
    first: u32,
    pace: Pace,
    /// Of messages that ended, and of such that were written.
    ended: Meter,
    written: Meter,
    cancelling: bool,
    /// Everything was looked through at this moment.
    cancelled_at: Option<Monotonic>,
}

impl CampaignCore {
    /// `has_room`: the lane takes new messages.
    pub fn apply(
        &mut self,
        event: CampaignEvent,
        campaign: &Campaign,
        has_room: bool,
        now: Now,
    ) -> Vec<CampaignEffect> {
        match event {
            CampaignEvent::Look => {}
            CampaignEvent::Checked(result) => {
                self.checking = false;
                if campaign.state == CampaignState::Checking {
                    let change = match result {
                        Ok(recipients) => CampaignChange::Created(Box::new(recipients)),
                        Err(problem) => CampaignChange::Unfit {
                            problem: problem.into(),
                        },
                    };
                    return vec![CampaignEffect::Change(change), CampaignEffect::Wait(SOON)];
                }
            }
            CampaignEvent::Lines(Ok(lines)) => {
                // A pause that came and went meanwhile has dropped the lines before them.
                if self.reading.take() == Some(self.next_to_read()) {
                    self.ready.extend(lines);
                }
            }
            CampaignEvent::Lines(Err(reason)) => {
                self.reading = None;
                // A paused one reads again when it goes on; failing now would let go what is held.
                if campaign.state == CampaignState::Running {
                    let failed = CampaignChange::Failed {
                        reason: reason.into(),
                    };
                    return vec![CampaignEffect::Change(failed), CampaignEffect::Wait(SOON)];
                }
            }
            CampaignEvent::Cancelled(Some(from)) => return vec![CampaignEffect::Cancel { from }],
            CampaignEvent::Cancelled(None) => {
                self.cancelling = false;
                self.cancelled_at = Some(now.monotonic);
            }
        }
        self.look(campaign, has_room, now)
    }

    /// Messages that end per second, over the last minute.
    pub fn ended_per_second(&self) -> Option<f64> {
        self.ended.per_second()
    }

    fn look(&mut self, campaign: &Campaign, has_room: bool, now: Now) -> Vec<CampaignEffect> {
        if campaign.state != CampaignState::Running {
            // They may be other ones when it goes on: the catalog may change.
            self.ready.clear();
            self.ended.reset();
            self.written.reset();
        }
        let wait = |time| vec![CampaignEffect::Wait(time)];
        match campaign.state {
            CampaignState::Draft
            | CampaignState::Ready
            | CampaignState::Finished
            | CampaignState::Expired
            | CampaignState::Failed => vec![CampaignEffect::Rest],
            CampaignState::Checking if self.checking => wait(IDLE),
            CampaignState::Checking => {
                self.checking = true;
                vec![CampaignEffect::Check, CampaignEffect::Wait(IDLE)]
            }
            CampaignState::Scheduled => match due_change(campaign, now.unix) {
                Some(change) => vec![CampaignEffect::Change(change), CampaignEffect::Wait(SOON)],
                None => wait(IDLE),
            },
            CampaignState::Paused if is_complete(campaign) => finish(),
            CampaignState::Paused => wait(IDLE),
            CampaignState::Running if is_complete(campaign) => finish(),
            CampaignState::Running => self.run(campaign, has_room, now),
            CampaignState::Stopped => self.cancel(campaign, now),
        }
    }

    fn run(&mut self, campaign: &Campaign, has_room: bool, now: Now) -> Vec<CampaignEffect> {
        let tally = campaign.tally;
        self.ended.note(tally.all_ended(), now.monotonic);
        self.written.note(tally.written, now.monotonic);
        if self.first != campaign.line {
            self.ready.clear();
            self.first = campaign.line;
        }
        let due = self.pace.due(campaign.rate, now.monotonic);
        let mut effects = Vec::new();
        let mut wait = TICK;
        if has_room {
            let wanted = due.min(credit(campaign, self.written.per_second()));
            let count = wanted.min(self.ready.len() as u32).min(LINES_PER_PART);
            if count > 0 {
                let lines = self.ready.drain(..count as usize).collect();
                effects.push(CampaignEffect::Expand {
                    first: self.first,
                    lines,
                });
                self.first += count;
                self.pace.spend(count);
                if wanted > count {
                    wait = SOON;
                }
            }
        }
        let next = self.next_to_read();
        let left = campaign.lines().saturating_sub(next);
        if self.reading.is_none() && left > 0 && (self.ready.len() as u32) < LINES_PER_PART {
            self.reading = Some(next);
            effects.push(CampaignEffect::Read {
                from: next,
                count: left.min(LINES_PER_PART),
            });
        }
        effects.push(CampaignEffect::Wait(wait));
        effects
    }

    fn next_to_read(&self) -> u32 {
        self.first + self.ready.len() as u32
    }

    fn cancel(&mut self, campaign: &Campaign, now: Now) -> Vec<CampaignEffect> {
        if campaign.tally.open() == 0 {
            return vec![CampaignEffect::Rest];
        }
        let lately = |at: Monotonic| now.monotonic - at < CANCEL_AGAIN;
        if self.cancelling || self.cancelled_at.is_some_and(lately) {
            return vec![CampaignEffect::Wait(IDLE)];
        }
        self.cancelling = true;
        vec![CampaignEffect::Cancel { from: 0 }, CampaignEffect::Wait(IDLE)]
    }
}

fn is_complete(campaign: &Campaign) -> bool {
    campaign.line >= campaign.lines() && campaign.tally.open() == 0
}

fn finish() -> Vec<CampaignEffect> {
    vec![
        CampaignEffect::Change(CampaignChange::Finished),
        CampaignEffect::Wait(SOON),
    ]
}

/// What the schedule says at this moment, also long after it, when the service was away.
fn due_change(campaign: &Campaign, now: UnixMs) -> Option<CampaignChange> {
    let schedule = campaign.schedule?;
    if now >= schedule.expires_at {
        return Some(CampaignChange::Expired);
    }
    (now >= schedule.at).then_some(CampaignChange::Started)
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::campaign::{CampaignDraft, CampaignMessage, Duplicates, LineCounts};
    use carillon_domain::content::FileHash;
    use carillon_domain::ids::{AccountId, TenantId};
    use carillon_domain::phone::PhoneNumber;
    use carillon_domain::refusal::{Refusal, RefusalCode};

    const LINES: u32 = 2_000;

    fn running() -> Campaign {
        let draft = CampaignDraft {
            tenant: TenantId(1),
            account: AccountId(1),
            name: "复诊提醒".into(),
            message: CampaignMessage::default(),
            duplicates: Duplicates::Refuse,
            rate: Some(100),
            schedule: None,
            resend: None,
            idempotency: None,
        };
        let file = FileHash([1; 32]);
        let recipients = Recipients {
            source: file,
            lines: file,
            refused: file,
            counts: LineCounts {
                total: LINES,
                good: LINES,
                ..LineCounts::default()
            },
        };
        let mut campaign = Campaign::new(draft, UnixMs(1));
        for change in [
            CampaignChange::Uploaded {
                source: file,
                bytes: 1,
            },
            CampaignChange::Created(Box::new(recipients)),
            CampaignChange::Started,
        ] {
            assert!(campaign.apply(&change, UnixMs(1)));
        }
        campaign
    }

    fn number(line: u32) -> PhoneNumber {
        PhoneNumber::parse(&format!("138{line:08}")).unwrap()
    }

    fn lines(from: u32, count: u32) -> CampaignEvent {
        let line = |line| ExpandedLine {
            message: Err(Refusal::new(RefusalCode::TextEmpty, "", "")),
            to: Some(number(line)),
        };
        CampaignEvent::Lines(Ok((from..from + count).map(line).collect()))
    }

    fn at(ms: u64) -> Now {
        Now {
            unix: UnixMs(ms),
            monotonic: Monotonic(Duration::from_millis(ms)),
        }
    }

    fn read_from(effects: &[CampaignEffect]) -> Option<u32> {
        effects.iter().find_map(|effect| match effect {
            CampaignEffect::Read { from, .. } => Some(*from),
            _ => None,
        })
    }

    /// Applies an event and what it expands; each line must be the one whose place it has.
    fn step(core: &mut CampaignCore, campaign: &mut Campaign, event: CampaignEvent, ms: u64) -> Option<u32> {
        let effects = core.apply(event, campaign, true, at(ms));
        for effect in &effects {
            let CampaignEffect::Expand { first, lines } = effect else {
                continue;
            };
            assert_eq!(*first, campaign.line);
            for (line, expanded) in (*first..).zip(lines) {
                assert_eq!(expanded.to, Some(number(line)));
            }
            let line = first + lines.len() as u32;
            assert!(campaign.apply(&CampaignChange::AtLine { line }, UnixMs(ms)));
        }
        read_from(&effects)
    }

    #[test]
    fn lines_read_before_a_pause_do_not_take_the_place_of_others_after_it() {
        let (mut core, mut campaign) = (CampaignCore::default(), running());
        assert_eq!(step(&mut core, &mut campaign, CampaignEvent::Look, 0), Some(0));
        step(&mut core, &mut campaign, lines(0, 500), 0);
        assert_eq!(
            step(&mut core, &mut campaign, CampaignEvent::Look, 100),
            Some(500)
        );
        assert_eq!(campaign.line, 10);
        for change in [CampaignChange::Paused, CampaignChange::Resumed] {
            assert!(campaign.apply(&change, UnixMs(100)));
            step(&mut core, &mut campaign, CampaignEvent::Look, 100);
        }
        assert_eq!(step(&mut core, &mut campaign, lines(500, 500), 200), Some(10));
        step(&mut core, &mut campaign, lines(10, 500), 300);
        assert!(campaign.line > 10);
    }

    #[test]
    fn a_paused_campaign_does_not_fail_by_what_it_read_before() {
        for (paused, fails) in [(false, true), (true, false)] {
            let (mut core, mut campaign) = (CampaignCore::default(), running());
            step(&mut core, &mut campaign, CampaignEvent::Look, 0);
            if paused {
                assert!(campaign.apply(&CampaignChange::Paused, UnixMs(1)));
            }
            let effects = core.apply(
                CampaignEvent::Lines(Err("the disk".into())),
                &campaign,
                true,
                at(1),
            );
            let failed = |effect: &CampaignEffect| {
                matches!(effect, CampaignEffect::Change(CampaignChange::Failed { .. }))
            };
            assert_eq!(effects.iter().any(failed), fails);
            assert!(campaign.apply(&CampaignChange::Paused, UnixMs(1)) != paused);
            assert!(campaign.apply(&CampaignChange::Resumed, UnixMs(1)));
            assert_eq!(step(&mut core, &mut campaign, CampaignEvent::Look, 2), Some(0));
        }
    }
}
