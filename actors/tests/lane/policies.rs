//! When a person may be written to, and how often (SEND-5): schedules, windows, quiet hours, frequency caps.

use crate::world::{ACCOUNT, HOLD, RESEND, World, assert_no_doubles, assert_same_state, catalog, connection};
use carillon_actors::intake::IntakeError;
use carillon_domain::catalog::{Cap, CapPeriod, NumberList, NumberListKind, Protocol, Snapshot, Strategy};
use carillon_domain::content::Content;
use carillon_domain::fact::{FinalState, PlannedAttempt};
use carillon_domain::ids::{ConnectionId, MessageId, NumberListId, TenantId};
use carillon_domain::intake::Prepared;
use carillon_domain::journey::MessageState;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::{ChannelKind, Condition};
use carillon_domain::policy::{WaitReason, Waiting};
use carillon_domain::time::UnixMs;
use std::time::Duration;

const CARRIER: ConnectionId = ConnectionId(1);
const TENANT: TenantId = TenantId(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn snapshot() -> Snapshot {
    let mut snapshot = catalog(Strategy::PrimaryBackup, vec![connection(1, Protocol::Cmpp20)]);
    for kind in snapshot.business_types.values_mut() {
        kind.validity_s = 48 * 3_600;
    }
    snapshot
}

/// Worlds begin at midnight (UTC+8).
fn world(seed: u64, change: impl FnOnce(&mut Snapshot)) -> World {
    let mut snapshot = snapshot();
    change(&mut snapshot);
    let mut world = World::new(snapshot, seed);
    world.run(secs(2));
    world
}

fn set_quiet_hours(snapshot: &mut Snapshot, window: &str) {
    let organisation = snapshot.organisations.get_mut(&TENANT).unwrap();
    organisation.quiet_hours = (!window.is_empty()).then(|| window.parse().unwrap());
}

fn set_sending_window(snapshot: &mut Snapshot, window: &str) {
    let kind = snapshot.business_types.get_mut(&HOLD).unwrap();
    kind.sending_window = (!window.is_empty()).then(|| window.parse().unwrap());
}

fn send(world: &mut World, message: Prepared) -> MessageId {
    let answer = world.send_as(ACCOUNT, message, None);
    answer.expect("it is taken").expect("it is durable").id
}

fn waiting(world: &World, id: MessageId) -> Option<Waiting> {
    let (_, head) = world.lane.columns().find(id)?;
    world.lane.journey(head, world.now).waiting
}

fn waits(why: WaitReason, until: UnixMs) -> Option<Waiting> {
    Some(Waiting { why, until })
}

/// A time of the world's first day.
fn at(world: &World, minute: u64) -> UnixMs {
    const DAY_MS: u64 = 24 * 3_600_000;
    const UTC8_MS: u64 = 8 * 3_600_000;
    let midnight = world.now.unix.0 - (world.now.unix.0 + UTC8_MS) % DAY_MS;
    UnixMs(midnight + minute * 60_000)
}

/// Lets time go by in which nobody does anything.
fn skip(world: &mut World, time: Duration) {
    world.now.unix = world.now.unix + time;
    world.now.monotonic = world.now.monotonic + time;
    world.run(secs(5));
}

fn assert_replays(world: &mut World, seed: u64) {
    world.settle();
    let lived = world.lane.columns().state().expect("the state can be written");
    assert_same_state(&lived, &world.replayed(), seed);
}

#[test]
fn quiet_hours_hold_what_respects_them_and_nothing_else() {
    let mut world = world(1, |snapshot| {
        set_quiet_hours(snapshot, "22:00-07:00");
        let code = snapshot.business_types.get_mut(&RESEND).unwrap();
        code.ignore_quiet_hours = true;
    });
    let message = world.prepared(HOLD, 1);
    let held = send(&mut world, message);
    let message = world.prepared(RESEND, 1);
    let code = send(&mut world, message);
    world.run(secs(5));
    assert!(world.finished.contains_key(&code));
    assert_eq!(
        waiting(&world, held),
        waits(WaitReason::QuietHours, at(&world, 7 * 60))
    );
    assert_eq!(world.lane.waiting(), 1);
    world.crash(false);
    world.run(secs(5));
    assert_eq!(world.ledger.entries.len(), 1, "a restart changes nothing");
    assert_eq!(
        waiting(&world, held),
        waits(WaitReason::QuietHours, at(&world, 7 * 60))
    );
    skip(&mut world, 7 * HOUR);
    assert_eq!(
        world.finished[&held].state,
        MessageState::Final(FinalState::Delivered)
    );
    assert_eq!(world.finished[&held].waiting, None);
    assert_replays(&mut world, 1);
}

#[test]
fn a_window_that_closes_holds_what_stands_in_the_queues() {
    let mut world = world(2, |snapshot| {
        set_sending_window(snapshot, "08:00-00:01");
        snapshot.connections.get_mut(&CARRIER).unwrap().rate_per_second = 50;
    });
    // More than can leave in the minute that is left, and more than one pull puts aside.
    let lines = (0..6_000).map(|_| Ok(world.prepared(HOLD, 1))).collect();
    let taken = world.batch(None, lines).unwrap();
    assert_eq!(taken.accepted.len(), 6_000);
    world.run(secs(120));
    let written = world.ledger.entries.len();
    let start = world.now.monotonic.0 - secs(122);
    let last = world.ledger.entries.last().unwrap().at.0 - start;
    assert!(written > 2_000, "{written} written");
    assert!(last <= secs(60), "written {last:?} after midnight");
    let (_, held) = *taken.accepted.last().unwrap();
    assert_eq!(
        waiting(&world, held),
        waits(WaitReason::SendingWindow, at(&world, 8 * 60))
    );
    assert_eq!(world.lane.waiting(), 6_000 - written);
    // An operator opens it again.
    world.install(|snapshot| {
        set_sending_window(snapshot, "");
        snapshot.connections.get_mut(&CARRIER).unwrap().rate_per_second = 2_000;
    });
    world.run_until_empty(secs(60));
    assert_eq!(world.finished.len(), 6_000);
    assert_no_doubles(&world);
}

#[test]
fn the_rest_of_a_long_message_follows_what_was_written_of_it() {
    let mut world = world(3, |snapshot| {
        set_sending_window(snapshot, "08:00-00:01");
        snapshot.connections.get_mut(&CARRIER).unwrap().rate_per_second = 1;
    });
    world.run(secs(55));
    let message = world.prepared(HOLD, 5);
    let first = send(&mut world, message);
    let message = world.prepared(HOLD, 5);
    let second = send(&mut world, message);
    world.run(secs(60));
    assert_eq!(world.ledger.entries.len(), 5);
    assert_eq!(
        world.finished[&first].state,
        MessageState::Final(FinalState::Delivered)
    );
    assert!(waiting(&world, second).is_some());
}

/// What was written of it came back with the session; the other parts still stand where they were to leave next.
#[test]
fn a_long_message_that_came_back_waits_for_its_window_as_a_whole() {
    let mut world = world(15, |snapshot| set_sending_window(snapshot, "08:00-00:01"));
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.reachable = false;
    world.cut(CARRIER);
    let message = world.prepared(HOLD, 5);
    let id = send(&mut world, message);
    for segment in world.lane.pull(CARRIER, 2, world.now) {
        let write = world.lane.intend(segment, CARRIER, 0, 9, 1, world.now);
        world.lane.returned(write.unwrap(), world.now);
    }
    world.run(secs(60));
    assert_eq!(world.lane.pull(CARRIER, 10, world.now), []);
    assert!(waiting(&world, id).is_some());
    skip(&mut world, 8 * HOUR);
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.reachable = true;
    world.run_until_empty(secs(60));
    assert_eq!(world.ledger.entries.len(), 5);
    assert_no_doubles(&world);
}

#[test]
fn what_a_carrier_refused_for_now_is_not_written_after_the_window_either() {
    let mut world = world(13, |snapshot| set_sending_window(snapshot, "08:00-00:01"));
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.throttled = 1.0;
    world.run(secs(50));
    world.send_many(HOLD, 3);
    world.run(secs(10));
    let written = world.ledger.entries.len();
    assert!(written >= 3);
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.throttled = 0.0;
    world.run(secs(60));
    world.crash(true);
    world.run(secs(60));
    assert_eq!(world.ledger.entries.len(), written);
    assert_eq!(world.lane.columns().len(), 3);
    skip(&mut world, 8 * HOUR);
    assert_eq!(world.finished.len(), 3);
    assert_no_doubles(&world);
}

#[test]
fn a_scheduled_message_goes_at_its_time_and_waits_for_the_windows_then() {
    let mut world = world(4, |snapshot| set_quiet_hours(snapshot, "22:00-07:00"));
    let mut scheduled = |minute| {
        let mut message = world.prepared(HOLD, 1);
        message.not_before = Some(at(&world, minute));
        send(&mut world, message)
    };
    let (morning, evening) = (scheduled(9 * 60), scheduled(23 * 60));
    let (nine, next_seven) = (at(&world, 9 * 60), at(&world, 31 * 60));
    assert_eq!(waiting(&world, morning), waits(WaitReason::Scheduled, nine));
    assert_eq!(
        waiting(&world, evening),
        waits(WaitReason::QuietHours, next_seven)
    );
    world.crash(true);
    skip(&mut world, 8 * HOUR);
    assert_eq!(world.ledger.entries.len(), 0);
    skip(&mut world, HOUR);
    assert!(world.finished.contains_key(&morning));
    skip(&mut world, 20 * HOUR);
    assert!(!world.finished.contains_key(&evening));
    skip(&mut world, 2 * HOUR);
    assert_eq!(
        world.finished[&evening].state,
        MessageState::Final(FinalState::Delivered)
    );
}

#[test]
fn a_persons_own_window_holds_for_this_person() {
    let mut world = world(5, |_| {});
    let mut message = world.prepared(HOLD, 1);
    message.person_window = Some("18:00-20:00".parse().unwrap());
    let held = send(&mut world, message);
    world.send_many(HOLD, 1);
    world.run(secs(5));
    assert_eq!(world.finished.len(), 1);
    assert_eq!(
        waiting(&world, held),
        waits(WaitReason::PersonWindow, at(&world, 18 * 60))
    );
    world.crash(false);
    skip(&mut world, 18 * HOUR);
    assert!(world.finished.contains_key(&held));
}

#[test]
fn what_is_valid_until_before_its_window_opens_expires() {
    let mut world = world(6, |snapshot| {
        set_quiet_hours(snapshot, "22:00-07:00");
        snapshot.business_types.get_mut(&HOLD).unwrap().validity_s = 60;
    });
    let message = world.prepared(HOLD, 1);
    let id = send(&mut world, message);
    skip(&mut world, secs(90));
    let journey = &world.finished[&id];
    assert_eq!(journey.state, MessageState::Final(FinalState::Expired));
    assert_eq!(journey.cause.as_deref(), Some("validity"));
    assert_eq!(world.ledger.entries.len(), 0);
    // Its reference is forgotten when its time comes.
    skip(&mut world, 7 * HOUR);
    assert_eq!(world.lane.waiting(), 0);
}

#[test]
fn windows_that_a_later_catalog_never_opens_together_hold_until_the_end_of_validity() {
    let mut world = world(7, |snapshot| {
        set_quiet_hours(snapshot, "22:00-07:00");
        snapshot.business_types.get_mut(&HOLD).unwrap().validity_s = 3_600;
    });
    let message = world.prepared(HOLD, 1);
    let id = send(&mut world, message);
    world.install(|snapshot| set_sending_window(snapshot, "23:00-06:00"));
    world.run(secs(5));
    let (_, row) = world.lane.columns().find(id).unwrap();
    assert_eq!(waiting(&world, id).unwrap().until, row.valid_until);
    skip(&mut world, HOUR);
    assert_eq!(
        world.finished[&id].state,
        MessageState::Final(FinalState::Expired)
    );
    assert_eq!(world.ledger.entries.len(), 0);
}

#[test]
fn a_fallback_waits_for_the_windows_as_well() {
    let mut world = world(8, |snapshot| set_sending_window(snapshot, "08:00-00:01"));
    let carrier = world.carriers.get_mut(&CARRIER).unwrap();
    carrier.behaviour.undelivered = 1.0;
    carrier.behaviour.receipt_after = secs(30);
    world.run(secs(45));
    let mut message = world.prepared(HOLD, 1);
    let second = PlannedAttempt {
        when: Some(Condition::Failed { codes: Vec::new() }),
        content: Content::of_text("补发"),
        kind: ChannelKind::Sms,
        ..message.plan[0].clone()
    };
    message.plan.push(second);
    let id = send(&mut world, message);
    world.run(secs(60));
    assert_eq!(world.lane.counters().fallbacks_failed.get(), 1);
    assert_eq!(
        waiting(&world, id),
        waits(WaitReason::SendingWindow, at(&world, 8 * 60))
    );
    assert_eq!(world.ledger.entries.len(), 1);
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.undelivered = 0.0;
    world.crash(true);
    skip(&mut world, 8 * HOUR);
    world.run(secs(40));
    assert_eq!(
        world.finished[&id].state,
        MessageState::Final(FinalState::Delivered)
    );
}

const PERSON: u64 = 8_613_800_000_001;

fn caps(messages: u16, period: CapPeriod) -> Vec<Cap> {
    vec![Cap { messages, period }]
}

fn to(world: &mut World, number: u64) -> Prepared {
    let mut message = world.prepared(HOLD, 1);
    message.to = PhoneNumber::from_e164(number).ok();
    message
}

fn send_to(world: &mut World, number: u64) -> Option<IntakeError> {
    let message = to(world, number);
    world.send_prepared(message, None)
}

const CAPPED: Option<IntakeError> = Some(IntakeError::FrequencyCap {
    messages: 2,
    period: CapPeriod::Hour,
});

#[test]
fn a_person_gets_no_more_than_the_cap_also_over_a_crash() {
    let mut world = world(9, |snapshot| {
        snapshot.business_types.get_mut(&HOLD).unwrap().caps = caps(2, CapPeriod::Hour);
    });
    assert_eq!(send_to(&mut world, PERSON), None);
    world.checkpoint();
    assert_eq!(send_to(&mut world, PERSON), None);
    assert_eq!(send_to(&mut world, PERSON), CAPPED);
    world.crash(true);
    assert_eq!(send_to(&mut world, PERSON), CAPPED);
    assert_eq!(send_to(&mut world, PERSON + 1), None, "another person");
    let mut other_type = world.prepared(RESEND, 1);
    other_type.to = PhoneNumber::from_e164(PERSON).ok();
    assert_eq!(
        world.send_prepared(other_type, None),
        None,
        "another business type"
    );
    let lines = (0..3).map(|_| Ok(to(&mut world, PERSON + 1))).collect();
    let taken = world.batch(None, lines).unwrap();
    assert_eq!((taken.accepted.len(), taken.refused.len()), (1, 2));
    assert!(taken.refused.iter().all(|line| line.code == "frequency_cap"));
    // For a later hour it counts there.
    for expected in [None, None, CAPPED] {
        let mut message = to(&mut world, PERSON);
        message.not_before = Some(at(&world, 150));
        assert_eq!(world.send_prepared(message, None), expected);
    }
    assert_replays(&mut world, 9);
    skip(&mut world, HOUR);
    assert_eq!(send_to(&mut world, PERSON), None, "another hour");
    assert_eq!(
        world.lane.columns().caps_len(world.now.unix),
        2,
        "the hour that is over is forgotten"
    );
    assert_replays(&mut world, 9);
}

#[test]
fn a_cap_comes_back_with_what_was_never_sent() {
    let mut world = world(10, |snapshot| {
        let kind = snapshot.business_types.get_mut(&HOLD).unwrap();
        (kind.caps, kind.validity_s) = (caps(2, CapPeriod::Hour), 60);
    });
    assert_eq!(send_to(&mut world, PERSON), None);
    world.run(secs(5));
    world.carriers.get_mut(&CARRIER).unwrap().behaviour.reachable = false;
    world.cut(CARRIER);
    assert_eq!(send_to(&mut world, PERSON), None);
    assert_eq!(send_to(&mut world, PERSON), CAPPED);
    skip(&mut world, secs(90));
    assert_eq!(
        send_to(&mut world, PERSON),
        None,
        "the second one was never written"
    );
    assert_eq!(send_to(&mut world, PERSON), CAPPED, "the first one was");
    assert_replays(&mut world, 10);
}

#[test]
fn who_stands_in_a_white_list_is_not_counted() {
    let mut world = world(11, |snapshot| {
        snapshot.business_types.get_mut(&HOLD).unwrap().caps = caps(2, CapPeriod::Hour);
        let list = NumberList {
            id: NumberListId(1),
            name: "staff".into(),
            kind: NumberListKind::White,
            organisations: vec![],
            accounts: vec![],
            numbers: vec![PhoneNumber::from_e164(PERSON).unwrap()],
            mails: vec![],
        };
        snapshot.number_lists.insert(list.id, list);
    });
    for _ in 0..5 {
        assert_eq!(send_to(&mut world, PERSON), None);
    }
    assert_eq!(world.lane.columns().caps_len(world.now.unix), 0);
}

#[test]
fn no_more_people_are_counted_than_there_is_room_for() {
    let mut world = world(12, |snapshot| {
        snapshot.business_types.get_mut(&HOLD).unwrap().caps = caps(2, CapPeriod::Hour);
    });
    world.options.columns.caps_max = 3;
    world.crash(false);
    for number in PERSON..PERSON + 3 {
        assert_eq!(send_to(&mut world, number), None);
    }
    let full = Some(IntakeError::CapsFull { retry_after_s: 600 });
    assert_eq!(send_to(&mut world, PERSON + 3), full);
    assert_eq!(world.lane.counters().caps_full.get(), 1);
    assert_eq!(send_to(&mut world, PERSON), None, "who is known is counted on");
    let line = Ok(to(&mut world, PERSON + 3));
    let taken = world.batch(None, vec![line]).unwrap();
    let codes: Vec<_> = taken.refused.iter().map(|line| line.code.as_str()).collect();
    assert_eq!(codes, ["caps_full"], "a line is told the same");
    skip(&mut world, HOUR);
    assert_eq!(send_to(&mut world, PERSON + 3), None, "there is room again");
}

#[test]
fn a_clock_set_back_over_midnight_gives_no_second_quota() {
    let mut world = world(14, |snapshot| {
        snapshot.accounts.get_mut(&ACCOUNT).unwrap().quota_per_day = Some(5);
    });
    world.send_many(HOLD, 5);
    assert_eq!(world.send(HOLD, 1), Some(IntakeError::QuotaExceeded { quota: 5 }));
    world.now.unix = UnixMs(world.now.unix.0 - 60_000);
    world.run(secs(1));
    assert_eq!(world.send(HOLD, 1), Some(IntakeError::QuotaExceeded { quota: 5 }));
}
