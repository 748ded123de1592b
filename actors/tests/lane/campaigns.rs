//! Campaigns on a whole lane: every line becomes exactly one message, whatever happens in between (SEND-5, SEND-8, MSG-1).

use crate::world::{ACCOUNT, HOLD, World, catalog, connection};
use carillon_actors::campaign::recipients::{Check, CheckProgress, RefusedReader};
use carillon_actors::campaign::{CampaignCore, CampaignEffect, CampaignEvent, Expansion};
use carillon_actors::lane::{ChangeRefused, DraftRefused, GOING_ON_PER_ACCOUNT_MAX};
use carillon_domain::campaign::{
    Campaign, CampaignChange, CampaignDraft, CampaignMessage, CampaignPlan, CampaignState, CampaignStep,
    CampaignWords, Duplicates, LineColumns, Resend, Schedule, Tally,
};
use carillon_domain::catalog::{Protocol, Snapshot, Strategy};
use carillon_domain::content::FileHash;
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, CampaignId, ConnectionId, TenantId};
use carillon_domain::journey::{AttemptStart, MessageState, SegmentWord};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::plan::{ChannelKind, Condition};
use carillon_domain::time::Monotonic;
use carillon_embedded::blobs::EmbeddedFiles;
use carillon_embedded::files::{RealFiles, SimulatedFiles};
use carillon_storage::files::Files;
use rand::RngExt;
use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const FIRST: ConnectionId = ConnectionId(1);
const STEP: Duration = Duration::from_millis(5);

/// A campaign as its actor runs it, with everything done at once.
struct Runner {
    files: EmbeddedFiles,
    _folder: tempfile::TempDir,
    id: CampaignId,
    core: CampaignCore,
    expansion: Option<Expansion>,
    look_at: Monotonic,
}

impl Runner {
    /// A campaign whose recipients are being checked.
    fn new(world: &mut World, rate: Option<u32>, csv: &str) -> Self {
        Self::of(world, draft(rate), csv)
    }

    fn of(world: &mut World, draft: CampaignDraft, csv: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = EmbeddedFiles::open(folder.path(), Arc::new(RealFiles)).unwrap();
        let mut writer = files.begin(1 << 30).unwrap();
        writer.write_all(csv.as_bytes()).unwrap();
        let source = writer.finish().unwrap();
        let (id, repeated) = world.lane.draft_campaign(draft, world.now).unwrap();
        assert!(!repeated);
        let runner = Runner {
            files,
            _folder: folder,
            id,
            core: CampaignCore::default(),
            expansion: None,
            look_at: Monotonic::default(),
        };
        let bytes = csv.len() as u64;
        runner.change(world, CampaignChange::Uploaded { source, bytes });
        runner
    }

    fn change(&self, world: &mut World, change: CampaignChange) {
        world.lane.change_campaign(self.id, change, world.now).unwrap();
        world.settle();
    }

    /// What a restart of the process leaves of the actor.
    fn restart(&mut self) {
        self.core = CampaignCore::default();
        self.expansion = None;
        self.look_at = Monotonic::default();
    }

    fn campaign<'w>(&self, world: &'w World) -> &'w Campaign {
        world.lane.columns().campaigns().get(self.id).unwrap()
    }

    fn tally(&self, world: &World) -> Tally {
        self.campaign(world).tally
    }

    fn state(&self, world: &World) -> CampaignState {
        self.campaign(world).state
    }

    fn run(&mut self, world: &mut World, time: Duration) {
        let end = world.now.monotonic + time;
        while world.now.monotonic < end {
            if self.look_at <= world.now.monotonic {
                self.apply(world, CampaignEvent::Look);
            }
            world.run(STEP);
        }
    }

    fn run_until(&mut self, world: &mut World, state: CampaignState, limit: Duration) {
        let end = world.now.monotonic + limit;
        while self.state(world) != state {
            assert!(
                world.now.monotonic < end,
                "still {:?}: {:?}",
                self.state(world),
                self.tally(world)
            );
            self.run(world, Duration::from_millis(20));
        }
    }

    fn apply(&mut self, world: &mut World, event: CampaignEvent) {
        let has_room = world.lane.check_room().is_ok();
        let campaign = self.campaign(world).clone();
        let effects = self.core.apply(event, &campaign, has_room, world.now);
        for effect in effects {
            self.perform(world, &campaign, effect);
            world.settle();
        }
    }

    fn perform(&mut self, world: &mut World, campaign: &Campaign, effect: CampaignEffect) {
        let (catalog, ranges) = (world.lane.catalog().clone(), NumberRanges::default());
        match effect {
            CampaignEffect::Check => {
                let check = Check {
                    draft: &campaign.draft,
                    catalog: &catalog,
                    ranges: &ranges,
                    files: &self.files,
                    progress: &CheckProgress::default(),
                };
                let (source, _) = campaign.upload.unwrap();
                let checked = check.run(source).map_err(|error| error.to_string());
                self.apply(world, CampaignEvent::Checked(checked));
            }
            CampaignEffect::Read { from, count } => {
                let kept = self.expansion.take().filter(|expansion| expansion.at() <= from);
                let mut expansion = kept.unwrap_or_else(|| Expansion::open(&self.files, campaign).unwrap());
                let lines = expansion.read(from, count, &catalog, &ranges).unwrap();
                self.expansion = Some(expansion);
                self.apply(world, CampaignEvent::Lines(Ok(lines)));
            }
            CampaignEffect::Expand { first, lines } => {
                world.lane.expand(self.id, first, lines, world.now);
            }
            CampaignEffect::Change(change) => {
                world.lane.change_campaign(self.id, change, world.now).unwrap();
            }
            CampaignEffect::Cancel { from } => {
                let next = world.lane.cancel_unwritten(self.id, from, world.now);
                self.apply(world, CampaignEvent::Cancelled(next));
            }
            CampaignEffect::Wait(time) => self.look_at = world.now.monotonic + time,
            CampaignEffect::Rest => self.look_at = world.now.monotonic + Duration::from_secs(3_600),
        }
    }
}

fn draft(rate: Option<u32>) -> CampaignDraft {
    CampaignDraft {
        tenant: TenantId(1),
        account: ACCOUNT,
        name: "复诊提醒".into(),
        message: CampaignMessage {
            words: CampaignWords {
                text: Some("#{编号}#{姓名}您好".into()),
                ..CampaignWords::default()
            },
            columns: LineColumns {
                to: Some("手机号".into()),
                ..LineColumns::default()
            },
            ..CampaignMessage::default()
        },
        duplicates: Duplicates::Refuse,
        rate,
        schedule: None,
        resend: None,
        idempotency: None,
    }
}

fn csv(lines: u32) -> String {
    let line = |number: u32| format!("138{number:08},张三,{number}\n");
    let lines: String = (0..lines).map(line).collect();
    format!("手机号,姓名,编号\n{lines}")
}

fn world(rate: u32, seed: u64) -> World {
    let mut config = connection(1, Protocol::Cmpp20);
    config.rate_per_second = rate;
    World::new(snapshot(vec![config]), seed)
}

fn snapshot(connections: Vec<carillon_domain::catalog::Connection>) -> Snapshot {
    catalog(Strategy::PrimaryBackup, connections)
}

/// How often each line became a message, and how those ended.
fn lines_ended(world: &World) -> BTreeMap<u32, Vec<MessageState>> {
    let mut lines: BTreeMap<u32, Vec<MessageState>> = BTreeMap::new();
    for journey in world.finished.values() {
        if let Some(at) = journey.campaign {
            lines.entry(at.line).or_default().push(journey.state);
        }
    }
    lines
}

fn assert_each_line_once(world: &World, lines: u32) {
    let ended = lines_ended(world);
    assert!(
        ended.keys().copied().eq(0..lines),
        "{} of {lines} lines",
        ended.len()
    );
    assert!(ended.values().all(|states| states.len() == 1));
}

#[test]
fn every_line_becomes_one_message_and_the_campaign_finishes() {
    let mut world = world(2_000, 1);
    let broken = "1380000,李四,x\n13800000000,张三,y\n13900000001,,z\n13900000002,王五\n";
    let mut runner = Runner::new(&mut world, None, &(csv(2_500) + broken));
    runner.run_until(&mut world, CampaignState::Ready, Duration::from_secs(5));
    let counts = runner.campaign(&world).recipients.unwrap().counts;
    assert_eq!(
        (counts.total, counts.good, counts.refused, counts.doubles),
        (2_504, 2_500, 3, 1)
    );
    runner.run(&mut world, Duration::from_secs(2));
    assert_eq!(runner.tally(&world), Tally::default(), "nothing before its start");
    runner.change(&mut world, CampaignChange::Started);
    runner.restart();
    runner.run_until(&mut world, CampaignState::Finished, Duration::from_secs(60));
    assert_each_line_once(&world, 2_500);
    let tally = runner.tally(&world);
    assert_eq!((tally.delivered, tally.written, tally.waiting), (2_500, 2_500, 0));
    assert_eq!(world.ledger.entries.len(), 2_500);
}

#[test]
fn after_crashes_it_goes_on_exactly_where_it_was() {
    for seed in 0..6 {
        let mut world = world(3_000, 100 + seed);
        let mut runner = Runner::new(&mut world, Some(2_000), &csv(3_000));
        let mut started = false;
        for crash in 0..12 {
            let time = Duration::from_millis(world.rng.random_range(5..300));
            runner.run(&mut world, time);
            if !started && runner.state(&world) == CampaignState::Ready {
                runner.change(&mut world, CampaignChange::Started);
                started = true;
            }
            if crash % 4 == 1 {
                world.checkpoint();
            }
            world.crash(seed % 2 == 0);
            runner.restart();
        }
        runner.run_until(&mut world, CampaignState::Finished, Duration::from_secs(300));
        assert_each_line_once(&world, 3_000);
        assert_eq!(runner.tally(&world).all_ended(), 3_000);
        let lived = world.lane.columns().state().unwrap();
        assert!(world.replayed() == lived, "seed {seed}: the replay differs");
    }
}

#[test]
fn it_is_never_further_ahead_than_its_credit() {
    let mut world = world(500, 3);
    world.carriers.get_mut(&FIRST).unwrap().behaviour.rejected = 0.0;
    let mut runner = Runner::new(&mut world, None, &csv(5_000));
    runner.run_until(&mut world, CampaignState::Ready, Duration::from_secs(5));
    runner.change(&mut world, CampaignChange::Started);
    runner.restart();
    for _ in 0..100 {
        runner.run(&mut world, Duration::from_millis(50));
        assert!(
            runner.tally(&world).waiting <= 1_500,
            "{:?}",
            runner.tally(&world)
        );
    }
    assert!(runner.tally(&world).written > 1_500);
}

#[test]
fn the_pace_holds_in_every_second_and_changes_while_running() {
    let mut world = world(5_000, 4);
    let mut runner = Runner::new(&mut world, Some(100), &csv(4_000));
    runner.run_until(&mut world, CampaignState::Ready, Duration::from_secs(5));
    runner.change(&mut world, CampaignChange::Started);
    runner.restart();
    let expanded = |runner: &mut Runner, world: &mut World, seconds: u64| {
        let before = runner.tally(world).expanded;
        runner.run(world, Duration::from_secs(seconds));
        runner.tally(world).expanded - before
    };
    let slow = expanded(&mut runner, &mut world, 5);
    assert!((480..=510).contains(&slow), "{slow}");
    runner.change(&mut world, CampaignChange::Rate(Some(600)));
    let fast = expanded(&mut runner, &mut world, 3);
    assert!((1_700..=1_860).contains(&fast), "{fast}");
    runner.change(&mut world, CampaignChange::Rate(None));
    runner.run_until(&mut world, CampaignState::Finished, Duration::from_secs(60));
    let times: Vec<_> = world.finished.keys().map(|id| id.unix_ms()).collect();
    let in_first_second = times.iter().filter(|at| **at < times[0] + 1_000).count();
    assert!(in_first_second <= 111, "{in_first_second}");
}

#[test]
fn paused_nothing_is_written_and_stopped_the_rest_is_cancelled() {
    let mut world = world(300, 5);
    let mut runner = Runner::new(&mut world, None, &csv(3_000));
    runner.run_until(&mut world, CampaignState::Ready, Duration::from_secs(5));
    runner.change(&mut world, CampaignChange::Started);
    runner.restart();
    runner.run(&mut world, Duration::from_secs(2));
    runner.change(&mut world, CampaignChange::Paused);
    let written = world.ledger.entries.len();
    // Somebody else's messages go on beside it.
    world.send_many(HOLD, 50);
    runner.run(&mut world, Duration::from_secs(20));
    let in_flight = 2 * 16;
    let after = world.ledger.entries.len() - 50;
    assert!(after <= written + in_flight, "{written} then {after}");
    assert!(runner.tally(&world).waiting > 0);
    world.crash(true);
    runner.restart();
    runner.run(&mut world, Duration::from_secs(5));
    assert_eq!(world.ledger.entries.len() - 50, after, "paused over a restart");
    runner.change(&mut world, CampaignChange::Resumed);
    runner.run(&mut world, Duration::from_secs(2));
    assert!(world.ledger.entries.len() > after + 200);
    runner.change(&mut world, CampaignChange::Stopped);
    runner.run(&mut world, Duration::from_secs(60));
    let tally = runner.tally(&world);
    assert_eq!(tally.open(), 0, "{tally:?}");
    assert_eq!(tally.cancelled + tally.delivered, tally.expanded, "{tally:?}");
    assert!(tally.cancelled > 0 && tally.expanded < 3_000);
    let cancelled = world
        .finished
        .values()
        .find(|journey| journey.state == MessageState::Final(FinalState::Cancelled));
    assert_eq!(cancelled.unwrap().cause.as_deref(), Some("campaign_stopped"));
    assert!(lines_ended(&world).values().all(|states| states.len() == 1));
}

/// What was refused by a carrier and waits to go another way is unwritten as well.
#[test]
fn a_stopped_campaign_falls_back_no_more() {
    let mut world = world(100, 12);
    world.carriers.get_mut(&FIRST).unwrap().behaviour.rejected = 1.0;
    let mut draft = draft(None);
    let step = |when| CampaignStep {
        channel: ChannelKind::Sms,
        words: CampaignWords::default(),
        when,
    };
    draft.message.plan = CampaignPlan::Steps(vec![step(None), step(Some(Condition::NotSubmitted))]);
    let mut runner = Runner::of(&mut world, draft, &csv(1_000));
    runner.run_until(&mut world, CampaignState::Ready, Duration::from_secs(5));
    runner.change(&mut world, CampaignChange::Started);
    runner.restart();
    runner.run(&mut world, Duration::from_secs(3));
    runner.change(&mut world, CampaignChange::Stopped);
    runner.run(&mut world, Duration::from_secs(5));
    let tally = runner.tally(&world);
    assert_eq!(tally.open(), 0, "{tally:?}");
    assert!(tally.cancelled > 0 && tally.failed > 0, "{tally:?}");
    let waited = world.finished.values().filter(|journey| {
        let later = &journey.attempts[1];
        matches!(later.start, AttemptStart::Fallback { .. })
            && later.segments[0].state == SegmentWord::Waiting
            && journey.state == MessageState::Final(FinalState::Failed)
    });
    assert!(waited.count() > 0);
}

#[test]
fn a_schedule_starts_at_its_time_and_expires_when_it_was_missed() {
    for missed in [false, true] {
        let mut world = world(500, 6);
        let mut runner = Runner::new(&mut world, None, &csv(20));
        runner.run_until(&mut world, CampaignState::Ready, Duration::from_secs(5));
        let at = world.now.unix + Duration::from_secs(60);
        let expires_at = at + Duration::from_secs(30);
        runner.change(&mut world, CampaignChange::Scheduled(Schedule { at, expires_at }));
        runner.restart();
        runner.run(&mut world, Duration::from_secs(58));
        assert_eq!(runner.state(&world), CampaignState::Scheduled);
        if missed {
            world.now.unix = world.now.unix + Duration::from_secs(120);
            world.crash(false);
            runner.restart();
            runner.run(&mut world, Duration::from_secs(2));
            assert_eq!(runner.state(&world), CampaignState::Expired);
            assert_eq!(runner.tally(&world), Tally::default());
        } else {
            runner.run_until(&mut world, CampaignState::Finished, Duration::from_secs(20));
            assert_each_line_once(&world, 20);
        }
    }
}

#[test]
fn lines_over_the_quota_end_as_rejected_and_none_vanishes() {
    let mut config = connection(1, Protocol::Cmpp20);
    config.rate_per_second = 2_000;
    let mut snapshot = snapshot(vec![config]);
    snapshot.accounts.get_mut(&ACCOUNT).unwrap().quota_per_day = Some(150);
    let mut world = World::new(snapshot, 7);
    let mut runner = Runner::new(&mut world, None, &csv(200));
    runner.run_until(&mut world, CampaignState::Ready, Duration::from_secs(5));
    runner.change(&mut world, CampaignChange::Started);
    runner.restart();
    runner.run_until(&mut world, CampaignState::Finished, Duration::from_secs(20));
    assert_each_line_once(&world, 200);
    let tally = runner.tally(&world);
    assert_eq!((tally.delivered, tally.rejected, tally.written), (150, 50, 150));
    let rejected = MessageState::Final(FinalState::Rejected);
    let causes = world
        .finished
        .values()
        .filter(|journey| journey.state == rejected);
    assert!(
        causes.clone().count() == 50
            && causes
                .into_iter()
                .all(|j| j.cause.as_deref() == Some("quota_exceeded"))
    );
}

#[test]
fn a_file_that_cannot_be_used_makes_it_a_draft_again() {
    for (content, words) in [
        ("", "empty"),
        ("\u{89}PNG", "column"),
        ("电话,姓名\n13800000001,张三\n", "no column `手机号`"),
        ("手机号,姓名,编号\n", "no line"),
    ] {
        let mut world = world(500, 8);
        let mut runner = Runner::new(&mut world, None, content);
        runner.run_until(&mut world, CampaignState::Draft, Duration::from_secs(5));
        let problem = runner.campaign(&world).problem.clone().unwrap();
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn one_account_leaves_room_for_the_campaigns_of_others() {
    let mut world = world(500, 10);
    for _ in 0..GOING_ON_PER_ACCOUNT_MAX {
        world.lane.draft_campaign(draft(None), world.now).unwrap();
    }
    let most = GOING_ON_PER_ACCOUNT_MAX;
    let refused = world.lane.draft_campaign(draft(None), world.now);
    assert_eq!(refused, Err(DraftRefused::TooMany { most }));
    let of_another = CampaignDraft {
        account: AccountId(2),
        ..draft(None)
    };
    assert!(world.lane.draft_campaign(of_another, world.now).is_ok());
}

#[test]
fn a_campaign_that_sends_again_takes_no_other_recipients() {
    let mut world = world(500, 11);
    let resend = Some(Resend {
        of: CampaignId(1),
        states: vec![FinalState::Failed],
    });
    let again = CampaignDraft {
        resend,
        ..draft(None)
    };
    let (id, _) = world.lane.draft_campaign(again, world.now).unwrap();
    let unfit = CampaignChange::Unfit {
        problem: "gone".into(),
    };
    world.lane.change_campaign(id, unfit, world.now).unwrap();
    let upload = CampaignChange::Uploaded {
        source: FileHash([1; 32]),
        bytes: 1,
    };
    let refused = world.lane.change_campaign(id, upload, world.now);
    assert_eq!(refused, Err(ChangeRefused::HasRecipients));
}

/// Whatever a file holds, its check ends, and every line with something in it is good, refused or double.
#[test]
fn any_file_is_checked_to_its_end() {
    let parts: [&[u8]; 14] = [
        b"13800000001",
        b",",
        b"\n",
        b"\r\n",
        b"\"",
        b"\"\"",
        b"\0",
        b"\xff\xfe",
        "张三".as_bytes(),
        b"\xd5\xc5\xc8\xfd",
        b";",
        b"{x}",
        "【】".as_bytes(),
        b" ",
    ];
    let mut world = world(500, 9);
    let files = EmbeddedFiles::open(Path::new("/files"), Arc::new(SimulatedFiles::new(9))).unwrap();
    let mut used = 0;
    for _ in 0..300 {
        let mut content = "手机号,姓名,编号\n".as_bytes().to_vec();
        for _ in 0..world.rng.random_range(0..60) {
            content.extend_from_slice(parts[world.rng.random_range(0..parts.len())]);
        }
        let mut writer = files.begin(1 << 20).unwrap();
        writer.write_all(&content).unwrap();
        let source = writer.finish().unwrap();
        let check = Check {
            draft: &draft(None),
            catalog: world.lane.catalog(),
            ranges: &NumberRanges::default(),
            files: &files,
            progress: &CheckProgress::default(),
        };
        let Ok(recipients) = check.run(source) else {
            continue;
        };
        used += 1;
        let counts = recipients.counts;
        assert_eq!(counts.total, counts.good + counts.refused + counts.doubles);
        let mut list =
            RefusedReader::new(BufReader::new(files.open(recipients.refused).unwrap().unwrap())).unwrap();
        let mut refused = 0;
        while list.next_entry().unwrap().is_some() {
            refused += 1;
        }
        assert_eq!(refused, counts.refused + counts.doubles);
    }
    assert!(used > 100, "{used}");
}
